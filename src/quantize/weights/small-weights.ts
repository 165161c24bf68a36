import { constFromBytes } from '../../core/bytes.ts'
import { type DiagnosticFields, joined } from '../../core/diagnostics.ts'
import { bytesOf } from '../../core/dtype.ts'
import { elementCount, sameShape } from '../../core/shape.ts'
import { GraphEditor } from '../../ir/graph.ts'
import { type Graph, mergeOrigins, type Node, type Value, type ValueId } from '../../ir/types.ts'
import { hasEffect } from '../../ops/bodies.ts'
import { OpBuilder } from '../../ops/build.ts'
import { findSpec, op } from '../../ops/index.ts'
import { type OpSpec, operandIndex, type WeightTrait } from '../../ops/spec.ts'
import { decide, type How } from '../decide.ts'
import { notFinite, notRecovered } from '../diagnostics.ts'
import type { Decision, KeepFloat } from '../types.ts'
import { rotatedConst, rotationSize } from './hadamard.ts'
import type { Hessians } from './hessian.ts'
import { lookupOf, replaceByLookup } from './lookups.ts'
import { type OscarConst, oscarConst } from './oscar-const.ts'
import { type QuantizedConst, quantizedConst, sampledConst, tensorflowConst } from './quantized-const.ts'
import { Rotations, rotationOp } from './rotation.ts'
import { isRotating, isSampled, type Placement, placeScales, type WeightScheme } from './scheme.ts'

const rule = 'small-weights'

/** How the weights of a node are stored, or why they stay float. */
export type SchemeOf = (node: Node) => SchemeOr
type SchemeOr = WeightScheme | { readonly reason: string }

/**
 * Weights become integers and activations stay float, each op by its own scheme: its kernel takes them as stored, or a DEQUANTIZE that all
 * readers share comes before it. Throws `quantize/not-finite`, `quantize/not-recovered` with every such weight, and what `hessians.of` throws.
 */
export function smallWeights(
  graph: Graph,
  schemeOf: SchemeOf,
  keep: KeepFloat,
  hessians: Hessians,
): { graph: Graph; decisions: Decision[] } {
  const pass = new SmallWeights(graph, keep, hessians)
  for (const node of graph.nodes) pass.visit(node, schemeOf(node))
  return pass.finish()
}

interface Stored {
  readonly value: Value
  /** What was stored: the weights, or these rotated. */
  readonly source: Value
  readonly how: How
  readonly columnFactors?: Float64Array
  /** What undoes these where it is multiplied with the input. */
  readonly multiplier?: Value
}

class SmallWeights {
  readonly #editor: GraphEditor
  readonly #keep: KeepFloat
  readonly #hessians: Hessians
  readonly #decisions: Decision[] = []
  readonly #problems: DiagnosticFields[] = []
  /** Constants by the value they are made from and how. */
  readonly #stored = new Map<string, Stored>()
  readonly #widened = new Map<Value, Value>()
  readonly #rotations: Rotations
  /** Inputs times the multiplier of a weight. */
  readonly #multiplied = new Map<string, Value>()

  constructor(graph: Graph, keep: KeepFloat, hessians: Hessians) {
    this.#editor = new GraphEditor(graph)
    this.#keep = keep
    this.#hessians = hessians
    this.#rotations = new Rotations(this.#editor)
  }

  finish(): { graph: Graph; decisions: Decision[] } {
    if (this.#problems.length > 0) throw joined(this.#problems)
    this.#editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
    return { graph: this.#editor.finish(), decisions: this.#decisions }
  }

  visit(before: Node, wanted: SchemeOr): void {
    const found = this.#withLookup(this.#editor.current(before.id)!, wanted)
    this.#visit(found.node, found.scheme)
  }

  /** A node that picks rows as a lookup, where that takes the table so; its reason where it does not. */
  #withLookup(node: Node, scheme: SchemeOr): { node: Node; scheme: SchemeOr } {
    const lookup = 'reason' in scheme || !scheme.usesLookups ? undefined : lookupOf(this.#editor, node)
    if (!lookup) return { node, scheme }
    const index = lookup.spec.operands.findIndex((o) => lookup.spec.quant?.weights?.some((w) => w.operand === o.name))
    const place = this.#placeOf(lookup.spec, node, index, lookup.table, scheme)
    return 'reason' in place ? { node, scheme: place } : { node: replaceByLookup(this.#editor, node, lookup), scheme }
  }

  #visit(node: Node, scheme: SchemeOr): void {
    const spec = findSpec(node.op)
    if (!spec) return
    const constants = node.inputs.flatMap((id, index) => {
      const value = id === null ? undefined : this.#editor.value(id)
      return value?.data && (value.type.dtype === 'f32' || value.fixed !== undefined) ? [{ index, value }] : []
    })
    const found = constants.map(({ index, value }) => this.#placeOf(spec, node, index, value, scheme))
    // A kernel that takes either all of its weights as integers or none.
    const kept = spec.quant?.dynamicRange?.together && found.find((f) => 'reason' in f && f.isWeight)
    const inputs = [...node.inputs]
    let isTaken = false
    let moved: Value | undefined
    for (const [i, { index, value }] of constants.entries()) {
      const place = found[i]!
      if ('reason' in place || (kept && place.scheme.compute === 'dynamic')) {
        const reason = 'reason' in place ? place.reason : `another weight of the op stays float: ${(kept as NoPlace).reason}`
        this.#decisions.push(decide(node, index, value, undefined, reason))
        continue
      }
      const { value: stored, how, source, columnFactors, multiplier } = this.#store(node, value, place.scheme, place.axis)
      const as = columnFactors ? { ...stored, columnFactors } : stored
      this.#decisions.push(decide(node, index, source, as, undefined, place.note === undefined ? how : { ...how, note: place.note }))
      isTaken ||= place.scheme.compute === 'dynamic'
      if (place.scheme.numbers === 'tensorflow' && !spec.quant?.dynamicRange) moved = stored
      inputs[index] = place.scheme.compute === 'dynamic' ? stored.id : this.#widen(node, value, stored).id
      if (multiplier) this.#multiply(spec, node, inputs, place.trait, multiplier)
      if (isRotating(place.scheme.algorithm)) this.#unrotate(spec, node, inputs, place.trait, value, place.scheme)
    }
    if (inputs.every((id, i) => id === node.inputs[i])) return
    const attrs = isTaken ? { ...node.attrs, ...spec.quant?.dynamicRange?.setAttrs } : node.attrs
    const changed = this.#editor.updateNode(node, { inputs, attrs, origin: isTaken ? mergeOrigins([node.origin], rule) : node.origin })
    if (moved) this.#widenResult(changed, moved)
  }

  #placeOf(spec: OpSpec, node: Node, index: number, value: Value, scheme: SchemeOr): Place | NoPlace {
    const trait = spec.quant?.weights?.find((t) => t.operand === spec.operands[index]?.name)
    if (value.fixed !== undefined) return { reason: value.fixed, isWeight: trait !== undefined }
    if (!trait) return { reason: `${spec.builtin} takes this operand as float`, isWeight: false }
    if ('reason' in scheme) return { ...scheme, isWeight: true }
    const place = this.#placeUnder(scheme, spec, node, value, trait)
    if (!('reason' in place)) {
      const { axis, blocks } = place
      return blocks ? { scheme: { ...scheme, granularity: blocks.size }, trait, axis, note: blocks.note } : { scheme, trait, axis }
    }
    const other = scheme.otherwise && this.#placeOf(spec, node, index, value, scheme.otherwise)
    if (!other || 'reason' in other) return other ?? { ...place, isWeight: true }
    return { ...other, note: `${other.scheme.algorithm}, not ${scheme.algorithm}: ${place.reason}` }
  }

  #placeUnder(scheme: WeightScheme, spec: OpSpec, node: Node, value: Value, trait: WeightTrait): Placement {
    const elements = elementCount(value.type.shape)!
    if (elements === 0) return { reason: 'it is empty' }
    const place = placeScales(spec, node.attrs, trait, value.type.shape as readonly number[], scheme)
    if ('reason' in place) return place
    if (elements < scheme.minElements) return { reason: `${elements} elements < ${scheme.minElements}` }
    if (this.#keep(node.origin, value.name)) return { reason: 'kept by --keep-float' }
    const isAcross = (operand: string | undefined): boolean => {
      const other = this.#editor.value(node.inputs[operandIndex(spec, operand)]!)
      return other.type.shape.at(-1) !== value.type.shape.at(-1)
    }
    if (scheme.algorithm === 'hadamard' && trait.rotates === 'input' && isAcross(trait.rotates))
      return { reason: `${rotationOp} rotates the last axis, and its input is read across axes` }
    if (scheme.algorithm === 'oscar' && isAcross(trait.product?.operand))
      return { reason: 'oscar has factors for the last axis, and its input is read across axes' }
    return place
  }

  #store(node: Node, value: Value, scheme: WeightScheme, axis: number | null): Stored {
    const { compute, bits, isSymmetric, granularity, algorithm, maxRotation, numbers } = scheme
    const key = [value.id, compute, bits, isSymmetric, granularity, algorithm, maxRotation, numbers, axis].join()
    const known = this.#stored.get(key)
    if (known) return known
    const source = isRotating(algorithm) ? { ...value, data: rotatedConst(value.data!, sizeOf(value, scheme)) } : value
    const isInRows = compute === 'weight-only' && typeof granularity === 'number'
    const made = isInRows
      ? this.#make(inRows(source, granularity), { ...scheme, granularity: 'per-axis' }, 0)
      : this.#make(source, scheme, axis)
    if (!made) throw notFinite(value.name, node.origin.source[0])
    if (made.unrecovered) this.#problems.push(notRecovered(value.name, node.origin.source[0], bits, made.unrecovered))
    const name = compute === 'dynamic' ? value.name : `${value.name}/quantized`
    const { columnFactors } = made
    const stored: Stored = {
      value: this.#editor.addConst(name, made.type, made.data),
      source,
      how: isInRows ? { ...made.how, granularity: 'blockwise', blockSize: granularity } : made.how,
      ...(columnFactors && { columnFactors, multiplier: this.#inverse(value, columnFactors) }),
    }
    this.#stored.set(key, stored)
    return stored
  }

  #make(
    source: Value,
    scheme: WeightScheme,
    axis: number | null,
  ): (QuantizedConst & Pick<Stored, 'how'> & Pick<OscarConst, 'columnFactors'>) | undefined {
    const { algorithm } = scheme
    if (scheme.numbers === 'tensorflow') {
      const made = tensorflowConst(source, axis)
      return made && { ...made, how: {} }
    }
    if (algorithm === 'oscar') return oscarConst(source, scheme, axis, this.#hessians)
    if (isSampled(algorithm)) return sampledConst(source, scheme, axis, { algorithm, hessians: this.#hessians })
    const made = quantizedConst(source, isRotating(algorithm) ? { ...scheme, algorithm: 'octav' } : scheme, axis)
    return made && { ...made, how: { algorithm } }
  }

  #inverse({ name }: Value, factors: Float64Array): Value {
    const type = { dtype: 'f32', shape: [factors.length] } as const
    return this.#editor.addConst(`${name}/multiplier`, type, constFromBytes(bytesOf(Float32Array.from(factors, (f) => 1 / f))))
  }

  /** What undoes the factors of a weight, before its op; shared by ops that read the same with it. */
  #multiply(spec: OpSpec, node: Node, inputs: (ValueId | null)[], { product }: WeightTrait, multiplier: Value): void {
    const index = operandIndex(spec, product?.operand)
    const input = this.#editor.value(inputs[index]!)
    const key = [input.id, multiplier.id].join()
    const origin = mergeOrigins([node.origin], rule)
    const b = new OpBuilder(this.#editor)
    const made =
      this.#multiplied.get(key) ??
      this.#editor.inPlaceOf(this.#editor.current(node.id)!, () =>
        b.at(origin, `${input.name}_scaled`, () => b.op(op.mul, [input, multiplier])),
      )
    this.#multiplied.set(key, made)
    inputs[index] = made.id
  }

  /** What undoes the rotation of a weight: before its op, or behind it. */
  #unrotate(spec: OpSpec, node: Node, inputs: (ValueId | null)[], { rotates }: WeightTrait, weights: Value, scheme: WeightScheme): void {
    const form = scheme.algorithm === 'hadamard' ? 'custom' : 'ops'
    const size = sizeOf(weights, scheme)
    if (rotates === 'result') this.#rotations.after(node, size, form)
    else {
      const index = operandIndex(spec, rotates)
      inputs[index] = this.#rotations.before(node, this.#editor.value(inputs[index]!), size, form).id
    }
  }

  /** An op that only moves elements gives them as they are stored; a DEQUANTIZE behind it makes them float. */
  #widenResult(node: Node, stored: Value): void {
    const out = this.#editor.value(node.outputs[0]!)
    const results = [{ name: out.name, type: out.type }]
    this.#editor.inPlaceOf(node, () => {
      const widened = this.#editor.addNode({ op: op.dequantize.name, attrs: {}, inputs: [out], results, origin: node.origin })
      this.#editor.replaceUses(out.id, widened.results[0]!.id)
      this.#editor.updateNode(widened.node, { inputs: [out.id] })
    })
    const { dtype, quant } = stored.type
    this.#editor.updateValue(out.id, { name: `${out.name}/quantized`, type: { dtype, shape: out.type.shape, quant } })
  }

  #widen(node: Node, value: Value, stored: Value): Value {
    const known = this.#widened.get(stored)
    if (known) return known
    const origin = mergeOrigins([node.origin], rule)
    const isInRows = !sameShape(stored.type.shape, value.type.shape)
    const results = [{ name: isInRows ? `${value.name}/blocks` : value.name, type: { dtype: 'f32', shape: stored.type.shape } as const }]
    const made = this.#editor.inPlaceOf(this.#editor.current(node.id)!, () => {
      const widened = this.#editor.addNode({ op: op.dequantize.name, attrs: {}, inputs: [stored], results, origin }).results[0]!
      const b = new OpBuilder(this.#editor)
      return isInRows ? b.at(origin, value.name, () => b.op(op.reshape, [widened, b.i32(value.type.shape as readonly number[])])) : widened
    })
    this.#widened.set(stored, made)
    return made
  }
}

interface Place {
  readonly scheme: WeightScheme
  readonly trait: WeightTrait
  readonly axis: number | null
  /** Why it is not the scheme that was asked for. */
  readonly note?: string
}

interface NoPlace {
  readonly reason: string
  readonly isWeight: boolean
}

/** Blocks of so many elements as the rows of a matrix: a DEQUANTIZE has scales for rows, and none for blocks. */
const inRows = (value: Value, block: number): Value => {
  const shape = [elementCount(value.type.shape)! / block, block]
  return { ...value, type: { ...value.type, shape } }
}

const sizeOf = (weights: Value, { maxRotation }: WeightScheme): number => rotationSize(weights.type.shape.at(-1) as number, maxRotation)
