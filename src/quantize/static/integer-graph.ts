import { lazyConst } from '../../core/bytes.ts'
import { type DiagnosticFields, joined } from '../../core/diagnostics.ts'
import { byteLengthOf, bytesOf } from '../../core/dtype.ts'
import { elementCount } from '../../core/shape.ts'
import { GraphEditor } from '../../ir/graph.ts'
import {
  type Graph,
  mergeOrigins,
  type Node,
  type NodeId,
  type QuantParams,
  type TensorType,
  type Value,
  type ValueId,
} from '../../ir/types.ts'
import { hasEffect } from '../../ops/bodies.ts'
import { findSpec, op } from '../../ops/index.ts'
import type { IntegerType, OpSpec } from '../../ops/spec.ts'
import { decide } from '../decide.ts'
import { notRecovered } from '../diagnostics.ts'
import type { Decision } from '../types.ts'
import { encoded, packedCodes } from '../weights/encode.ts'
import type { Groups } from '../weights/groups.ts'
import { type Parameters, weightParameters } from '../weights/parameters.ts'
import { type Rounding, roundedBySamples } from '../weights/rounded-layer.ts'
import type { StaticWeights } from '../weights/scheme.ts'
import { floatResults, type Grids } from './assign-grids.ts'
import { channelsOf, floatsOf, symmetricInt8, trainedScales, unsignedWeightGrid, weightScales } from './constants.ts'
import { type Grid, type GridType, grid, sameGrid } from './grid.ts'
import type { Numbers } from './numbers.ts'
import { indexOf, roleOf, stateKind } from './roles.ts'

export interface IntegerOptions {
  readonly type: IntegerType
  readonly biasType: 'i32' | 'i64'
  readonly numbers: Numbers
  /** Of each op: with the numbers of litert-quantizer where bits and algorithm are given, else 8 bits with those of TensorFlow. */
  readonly weights: (node: Node) => StaticWeights | Pick<StaticWeights, 'granularity'>
  /** How integers of an op's weights are chosen on their scales. Default: the nearest. */
  readonly rounding?: ((node: Node) => Rounding | undefined) | undefined
  /** For kernels on u8, as which all is stored in the end: weights on one grid of their own range, operands on different ones where those take it. */
  readonly isUnsigned?: boolean | undefined
}

export const rule = 'static-integer'

/**
 * The graph with the nodes of `quantized` computing in integers. Values go over where an integer op meets a float one: a QUANTIZE or
 * DEQUANTIZE that all readers share. Inputs and outputs stay float. Every float operand and result of these nodes has a grid.
 * Throws `quantize/not-recovered` with every weight for which no scales were found that were to be recovered.
 */
export function integerGraph(
  graph: Graph,
  grids: Grids,
  quantized: ReadonlySet<NodeId>,
  options: IntegerOptions,
): { graph: Graph; decisions: readonly Decision[] } {
  return new IntegerGraph(graph, grids, quantized, options).run()
}

type Rounded = ReturnType<typeof roundedBySamples>

/** Of weights with TensorFlow's numbers. */
const symmetric = { low: -127, high: 127, ties: 'away' } as const

class IntegerGraph {
  readonly #graph: Graph
  readonly #editor: GraphEditor
  readonly #grids: Grids
  readonly #quantized: ReadonlySet<NodeId>
  readonly #options: IntegerOptions
  /** Values that integer ops make. */
  readonly #made = new Set<ValueId>()
  readonly #forms = new Map<string, Value>()
  readonly #decisions: Decision[] = []
  readonly #problems: DiagnosticFields[] = []

  constructor(graph: Graph, grids: Grids, quantized: ReadonlySet<NodeId>, options: IntegerOptions) {
    this.#graph = graph
    this.#editor = new GraphEditor(graph)
    this.#grids = grids
    this.#quantized = quantized
    this.#options = options
  }

  run(): { graph: Graph; decisions: readonly Decision[] } {
    const editor = this.#editor
    for (const node of this.#graph.nodes) if (this.#quantized.has(node.id)) for (const id of floatResults(editor, node)) this.#made.add(id)
    for (const node of this.#graph.nodes) {
      const change = this.#quantized.has(node.id) ? this.#integerNode(node) : { inputs: this.#floatOperands(node) }
      editor.updateNode(editor.current(node.id)!, change)
    }
    editor.setOutputs(this.#graph.outputs.map((id) => this.#floatForm(id, undefined)))
    for (const id of this.#made) {
      const value = editor.value(id)
      editor.updateValue(id, {
        type: this.#typeOn(value, this.#madeGrid(id)),
        name: this.#hasFloatForm(id) ? `${value.name}/quantized` : value.name,
      })
    }
    if (this.#problems.length > 0) throw joined(this.#problems)
    editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
    return { graph: editor.finish(), decisions: this.#decisions }
  }

  get #gridType(): GridType {
    return this.#options.isUnsigned ? 'u8' : this.#options.type
  }

  #madeGrid(id: ValueId): Grid {
    return (this.#grids.made.get(id) ?? this.#grids.seen.get(id))!
  }

  #typeOn({ type: { shape } }: Value, quant: Grid): Value['type'] {
    return { dtype: this.#options.type, shape, quant }
  }

  #hasFloatForm(id: ValueId): boolean {
    return this.#forms.has(`${id}/float`)
  }

  /** A float value as an op that stays float reads it. */
  #floatForm(id: ValueId, reader: Node | undefined): ValueId {
    if (!this.#made.has(id)) return id
    return this.#form(`${id}/float`, reader, () => {
      const value = this.#graph.values.get(id)!
      return this.#convert(op.dequantize.name, {}, value, value.type, value.name)
    }).id
  }

  /** A float value on a grid. */
  #integerForm(id: ValueId, to: Grid, reader: Node): ValueId {
    const value = this.#editor.value(id)
    if (this.#made.has(id) && sameGrid(this.#madeGrid(id), to)) return id
    const seen = this.#grids.seen.get(id)!
    return this.#form(`${id}/${to.scale}/${to.zeroPoint}`, reader, () => {
      const from = !this.#made.has(id) || sameGrid(seen, to) ? value : this.#editor.value(this.#integerForm(id, seen, reader))
      return this.#convert(op.quantize.name, { to: this.#options.type }, from, this.#typeOn(value, to), `${value.name}/quantized`)
    }).id
  }

  #form(key: string, reader: Node | undefined, make: () => Value): Value {
    const known = this.#forms.get(key)
    if (known) return known
    const made = reader ? this.#editor.inPlaceOf(this.#editor.current(reader.id)!, make) : make()
    this.#forms.set(key, made)
    return made
  }

  #convert(name: string, attrs: Node['attrs'], from: Value, type: Value['type'], as: string): Value {
    const producer = this.#editor.producer(from.id)
    const origin = mergeOrigins(producer ? [producer.origin] : [], rule)
    return this.#editor.addNode({ op: name, attrs, inputs: [from], results: [{ name: as, type }], origin }).results[0]!
  }

  #floatOperands(node: Node): (ValueId | null)[] {
    if (findSpec(node.op)?.quant?.readsShape) return [...node.inputs]
    return node.inputs.map((id) => (id === null ? null : this.#floatForm(id, node)))
  }

  #integerNode(node: Node): Pick<Node, 'inputs' | 'attrs' | 'origin'> {
    const attrs = { ...node.attrs, ...this.#attrsOf(node) }
    return { inputs: this.#integerOperands(node), attrs, origin: mergeOrigins([node.origin], rule) }
  }

  #attrsOf(node: Node): Node['attrs'] {
    const { quant } = findSpec(node.op)!
    if (this.#options.type !== 'i16' || !quant) return {}
    return {
      ...quant.int16Attrs,
      ...Object.fromEntries((quant.biases ?? []).flatMap((b) => (b.typeAttr ? [[b.typeAttr, this.#options.biasType]] : []))),
    }
  }

  #integerOperands(node: Node): (ValueId | null)[] {
    const spec = findSpec(node.op)!
    const weights = this.#weightsOf(node, spec)
    return node.inputs.map((id, index) => {
      const value = id === null ? null : this.#graph.values.get(id)!
      if (!value) return null
      const done = weights.get(index)
      if (done !== undefined) return done
      const role = roleOf(spec, index, value)
      if (role === 'other') return value.id
      if (role === 'state') return this.#state(node, spec, index, value)
      if (!value.data) return this.#integerForm(value.id, this.#gridOf(node, index), node)
      const to = role === 'shared' ? this.#grids.shared.get(node.id)! : this.#options.numbers.content(value, this.#gridType)
      return this.#constant(node, index, value, `${to.scale}/${to.zeroPoint}`, to, this.#options.type, () =>
        bytesOf(this.#options.numbers.store(floatsOf(value), to, this.#gridType)),
      )
    })
  }

  /** The weights and the biases of a node, whose scales depend on each other. */
  #weightsOf(node: Node, spec: OpSpec): Map<number, ValueId> {
    const done = new Map<number, ValueId>()
    const at = (name: string): { index: number; value: Value } | undefined => {
      const index = indexOf(spec, node, name)
      const id = index < 0 ? null : node.inputs[index]!
      return id === null ? undefined : { index, value: this.#graph.values.get(id)! }
    }
    const biases = spec.quant?.biases ?? []
    const { biasType, numbers } = this.#options
    const weights = this.#options.weights(node)
    for (const trait of spec.quant?.weights ?? []) {
      const weight = at(trait.operand)
      if (weight?.value.type.dtype !== 'f32') continue
      const { index, value } = weight
      // On the scale of a weight also where the kernel takes it for an activation. @see litert-quantizer 0.11 common_utils.py, DRQ_OR_WEIGHT_ONLY_OPS
      const isAble = this.#options.type === 'i8' || trait.small?.dynamic.length !== 0
      const isFitted = value.data !== undefined && 'bits' in weights && trait.integerAs === 'activation' && isAble
      const isConst = isFitted || roleOf(spec, index, value) === 'weight'
      if (!isConst && value.data) continue
      const own = isConst && this.#options.isUnsigned ? unsignedWeightGrid(value) : undefined
      const trained = own ? Float32Array.of(own.scale) : isConst ? trainedScales(value, channelsOf(value, trait.axis)) : undefined
      const axis = weights.granularity === 'per-tensor' || !isConst || trained?.length === 1 ? null : trait.axis
      const channels = channelsOf(value, axis)
      const known = isConst ? trained : Float32Array.of(this.#gridOf(node, index).scale)
      const fits = known?.length === channels.count
      const parameters = !fits && 'bits' in weights ? weightParameters(value.data!, channels, { ...weights, isSymmetric: true }) : undefined
      if (parameters?.unrecovered && 'bits' in weights)
        this.#problems.push(notRecovered(value.name, node.origin.source[0], weights.bits, parameters.unrecovered))
      let scales = fits ? known : parameters ? Float32Array.from(parameters.scales) : weightScales(value, channels)
      const biasTrait = biases.find((b) => b.scaleFrom.includes(trait.operand))
      const bias = biasTrait && at(biasTrait.operand)
      if (bias) {
        const input = biasTrait.scaleFrom.find((name) => name !== trait.operand)!
        const of = numbers.biasScales(floatsOf(bias.value), this.#gridOf(node, at(input)!.index).scale, scales)
        if (biasType === 'i32' && isConst) scales = of.weights
        const quant = paramsOf(of.bias, axis === null ? null : 0)
        const compute = () => bytesOf(numbers.bias(floatsOf(bias.value), of.bias, biasType))
        done.set(bias.index, this.#constant(node, bias.index, bias.value, `bias/${of.bias.join()}`, quant, biasType, compute))
      }
      if (!isConst) continue
      const bits = parameters && 'bits' in weights ? weights.bits : 8
      const compute = () =>
        parameters
          ? encoded(value.data!, channels, { ...parameters, scales }, bits).bytes()
          : own
            ? bytesOf(this.#options.numbers.store(floatsOf(value), grid(scales[0]!, own.zeroPoint), 'u8'))
            : bytesOf(symmetricInt8(floatsOf(value), channels, scales))
      const key = `weight/${axis}/${scales.join()}`
      const rounded = trained ? undefined : this.#rounded(node, value, channels, { ...symmetric, ...parameters, scales })
      const packed = rounded?.codes && packedCodes(rounded.codes, bits)
      const stored = bits === 4 ? 'i4' : 'i8'
      const quant = own ? grid(scales[0]!, own.zeroPoint) : paramsOf(scales, axis)
      done.set(index, this.#constant(node, index, value, key, quant, stored, packed ? () => packed : compute, rounded?.how))
    }
    return done
  }

  #state(node: Node, spec: OpSpec, index: number, value: Value): ValueId {
    const isShared = stateKind(spec, index) === 'result'
    const to = isShared ? this.#madeGrid(node.outputs[0]!) : this.#grids.states.get(value.id)!
    this.#editor.updateValue(value.id, { type: { dtype: isShared ? this.#options.type : 'i16', shape: value.type.shape, quant: to } })
    return value.id
  }

  /** The grid of an activation as a node reads it. */
  #gridOf(node: Node, index: number): Grid {
    return (this.#grids.read.get(node.id)?.get(index) ?? this.#grids.seen.get(node.inputs[index]!))!
  }

  #constant(
    node: Node,
    index: number,
    value: Value,
    key: string,
    quant: QuantParams,
    dtype: Value['type']['dtype'],
    compute: () => Uint8Array,
    how?: Rounded['how'],
  ): ValueId {
    const name = `${value.id}/const/${key}`
    const type: TensorType = { dtype, shape: value.type.shape, quant }
    const form = () => lazyConst(byteLengthOf(dtype, elementCount(value.type.shape)!), compute)
    const made = this.#forms.get(name) ?? this.#editor.addConst(value.name, type, form())
    this.#forms.set(name, made)
    this.#decisions.push(decide(node, index, value, made, undefined, how))
    return made.id
  }

  /** Integers that samples choose. */
  #rounded(node: Node, value: Value, channels: Groups, parameters: Parameters): Rounded | undefined {
    const rounding = this.#options.rounding?.(node)
    return rounding && roundedBySamples(value.data!, channels, parameters, rounding)
  }
}

function paramsOf(scales: Float32Array, axis: number | null): QuantParams {
  if (axis === null) return { kind: 'per-tensor', scale: scales[0]!, zeroPoint: 0 }
  return { kind: 'per-axis', axis, scales, zeroPoints: new Int32Array(scales.length) }
}
