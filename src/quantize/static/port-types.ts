import type { DType } from '../../core/dtype.ts'
import { GraphEditor, withGraphs } from '../../ir/graph.ts'
import { type Model, mergeOrigins, type Node, type Value, type ValueId } from '../../ir/types.ts'
import { op } from '../../ops/index.ts'
import type { IntegerType } from '../../ops/spec.ts'
import { portNotFloat, portWithoutRange, unfitPortType, unknownPort } from '../diagnostics.ts'
import type { PortType, PortTypes } from '../types.ts'
import type { Grid } from './grid.ts'
import type { Numbers } from './numbers.ts'

const rule = 'port-types'

const dtypes: Readonly<Record<PortType, DType>> = { float32: 'f32', int8: 'i8', uint8: 'u8', int16: 'i16' }

export interface PortOptions {
  readonly numbers: Numbers
  /** Whether an input has the grid of its own range though its readers have others. */
  readonly keepsRanges?: boolean
  readonly types: PortTypes
  /** Type of the activations. */
  readonly activations: IntegerType
  readonly range: (graph: number, value: Value) => readonly [number, number] | undefined
  /** A grid that is set from outside; of an input. */
  readonly grid?: ((graph: number, value: Value) => Grid | undefined) | undefined
}

/**
 * Inputs and outputs of the signatures in the types asked for: numbers cross the border as they are stored, without a QUANTIZE or DEQUANTIZE;
 * to and from uint8 one moves the zero point by 128. Throws quantize/unknown-port, quantize/port-not-float, quantize/unfit-port-type,
 * quantize/port-without-range.
 */
export function setPortTypes(model: Model, options: PortOptions): Model {
  const asked = wanted(model, options)
  if (asked.size === 0) return model
  const graphs = model.graphs.map((graph, g) => {
    const editor = new GraphEditor(graph)
    const ports = new Ports(editor, g, options)
    editor.setInputs(graph.inputs.map((id) => ports.input(id, asked.get(`${g}/${id}`))))
    const outputs = graph.outputs.map((id, i) => ports.output(editor.outputs[i]!, asked.get(`${g}/${id}`)))
    editor.setOutputs(outputs)
    editor.removeDead()
    return editor.finish()
  })
  return withGraphs(model, graphs)
}

/** The type asked for of each port that is to change, by graph and value. */
function wanted(model: Model, { types, activations, range, grid }: PortOptions): Map<string, PortType> {
  const found = new Map<string, PortType>()
  const named = new Map(typeof types === 'string' ? [] : Object.entries(types))
  const names = new Set<string>()
  for (const s of model.signatures) {
    for (const port of [...s.inputs, ...s.outputs]) {
      names.add(port.name)
      const type = typeof types === 'string' ? types : (named.get(port.name) ?? named.get(''))
      if (type === undefined || type === 'float32') continue
      if ((activations === 'i16') !== (type === 'int16')) throw unfitPortType(port.name, type, activations)
      const value = model.graphs[s.graph]!.values.get(port.value)!
      const { dtype } = value.type
      // Asked for all, one that was never seen (nothing reads it) stays as it is.
      if (dtype === 'f32' && !named.has(port.name) && !grid?.(s.graph, value) && !hasGrid(model, s.graph, port.value, range)) continue
      if (dtype === 'f32') found.set(`${s.graph}/${port.value}`, type)
      else if (named.has(port.name)) throw portNotFloat(port.name, type, dtype)
    }
  }
  for (const name of named.keys()) if (name !== '' && !names.has(name)) throw unknownPort(name, names)
  return found
}

/** Whether a float border value has a range, or stands next to its integer form, which knows the grid. */
export function hasGrid(model: Model, g: number, id: ValueId, range: PortOptions['range']): boolean {
  const graph = model.graphs[g]!
  if (range(g, graph.values.get(id)!)) return true
  return graph.nodes.some((n) => (n.op === op.quantize.name && n.inputs[0] === id) || (n.op === op.dequantize.name && n.outputs[0] === id))
}

class Ports {
  readonly #editor: GraphEditor
  readonly #graph: number
  readonly #options: PortOptions

  constructor(editor: GraphEditor, graph: number, options: PortOptions) {
    this.#editor = editor
    this.#graph = graph
    this.#options = options
  }

  input(id: ValueId, type: PortType | undefined): ValueId {
    if (type === undefined) return id
    const editor = this.#editor
    const value = editor.value(id)
    const readers = editor.users(id)
    const quantizers = readers.filter((n) => n.op === op.quantize.name)
    const { keepsRanges, range } = this.#options
    const own = keepsRanges && range(this.#graph, value) !== undefined
    const grid = (own ? undefined : gridOf(quantizers[0] && editor.value(quantizers[0].outputs[0]!))) ?? this.#gridOfRange(value)
    const stored = this.#typed(value, type, grid)
    const port = editor.addValue({ name: value.name, type: stored })
    let signed: Value | undefined
    const inside = () => {
      if (type !== 'uint8') return port
      signed ??= this.#add(op.quantize.name, { to: this.#options.activations }, port, this.#typed(value, 'int8', grid))
      return signed
    }
    for (const node of quantizers) {
      const out = editor.value(node.outputs[0]!)
      if (!sameAs(gridOf(out), grid)) editor.updateNode(editor.current(node.id)!, { inputs: [port.id] })
      else editor.replaceUses(out.id, inside().id)
    }
    const rest = editor.users(id)
    if (rest.length > 0 || editor.outputs.includes(id)) editor.replaceUses(id, this.#add(op.dequantize.name, {}, inside(), value.type).id)
    return port.id
  }

  output(id: ValueId, type: PortType | undefined): ValueId {
    if (type === undefined) return id
    const editor = this.#editor
    const value = editor.value(id)
    const maker = editor.producer(id)
    const from = maker?.op === op.dequantize.name ? editor.value(maker.inputs[0]!) : undefined
    const grid = gridOf(from) ?? this.#gridOfRange(value)
    const stored =
      from?.type.dtype === this.#options.activations
        ? from
        : this.#add(
            op.quantize.name,
            { to: this.#options.activations },
            value,
            this.#typed(value, this.#options.activations === 'i16' ? 'int16' : 'int8', grid),
          )
    const port = type === 'uint8' ? this.#add(op.quantize.name, { to: 'u8' }, stored, this.#typed(value, type, grid)) : stored
    if (port !== from || editor.useCount(port.id) <= 1) editor.updateValue(port.id, { name: value.name })
    return port.id
  }

  #gridOfRange(value: Value): Grid {
    const set = this.#options.grid?.(this.#graph, value)
    if (set) return set
    const range = this.#options.range(this.#graph, value)
    if (!range) throw portWithoutRange(value.name)
    return this.#options.numbers.activation(range[0], range[1], this.#options.activations)
  }

  #typed({ type: { shape } }: Value, as: PortType, { scale, zeroPoint }: Grid): Value['type'] {
    return { dtype: dtypes[as], shape, quant: { kind: 'per-tensor', scale, zeroPoint: as === 'uint8' ? zeroPoint + 128 : zeroPoint } }
  }

  #add(name: string, attrs: Node['attrs'], from: Value, type: Value['type']): Value {
    const producer = this.#editor.producer(from.id)
    const origin = mergeOrigins(producer ? [producer.origin] : [], rule)
    return this.#editor.addNode({ op: name, attrs, inputs: [from], results: [{ name: `${from.name}/${type.dtype}`, type }], origin })
      .results[0]!
  }
}

function gridOf(value: Value | undefined): Grid | undefined {
  return value?.type.quant?.kind === 'per-tensor' ? value.type.quant : undefined
}

const sameAs = (a: Grid | undefined, b: Grid): boolean => a?.scale === b.scale && a.zeroPoint === b.zeroPoint
