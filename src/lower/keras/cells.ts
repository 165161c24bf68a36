import { mulDims } from '../../core/dim.ts'
import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import type { Dim, Shape } from '../../core/shape.ts'
import type { NumericConst } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { expandDims, permute, reshapeTo, squeezeDim } from '../operands.ts'
import { SourceOp } from '../source-op.ts'
import { activate } from './activations.ts'
import { slideAny } from './conv.ts'
import { KerasOp } from './keras-op.ts'

/** What a recurrent layer does at one step, in one graph: its weights are constants of that graph. */
export interface Cell {
  /** What needs no state, for all steps at once: [N,T,..] to what `step` takes of each. */
  project(x: Value): Value
  /** `x` is one step of what `project` gave, without its dim. */
  step(x: Value, states: readonly Value[]): { readonly output: Value; readonly states: readonly Value[] }
  /** Shapes of the states without the batch, for projected steps of this shape. */
  stateShapes(step: Shape): readonly Shape[]
}

const add = (b: OpBuilder, x: Value, y: Value | undefined): Value => (y ? b.op(op.add, [x, y]) : x)
const mul = (b: OpBuilder, x: Value, y: Value): Value => b.op(op.mul, [x, y])

function product(b: OpBuilder, x: Value, kernel: Value): Value {
  return b.op(op.fullyConnected, [x, permute(b, kernel, [1, 0]), null], { keepNumDims: x.type.shape.length > 2 })
}

function parts(b: OpBuilder, x: Value, count: number): Value[] {
  return b.ops(op.split, [b.i32([x.type.shape.length - 1], []), x], { numSplits: count })
}

const last = (step: Shape, gates: number): number => (step.at(-1) as number) / gates
const activation = (k: KerasOp, b: OpBuilder, x: Value) => activate(k, b, x, k.config('activation') ?? 'tanh')
const gate = (k: KerasOp, b: OpBuilder, x: Value) => activate(k, b, x, k.config('recurrent_activation') ?? 'sigmoid')

/** f and i gate the cell's memory, o its result. Gates lie in the order i, f, c, o. @see Hochreiter and Schmidhuber, 1997 */
function afterGates(k: KerasOp, b: OpBuilder, gates: readonly Value[], memory: Value) {
  const [i, f, c, o] = gates as [Value, Value, Value, Value]
  const next = b.op(op.add, [mul(b, gate(k, b, f), memory), mul(b, gate(k, b, i), activation(k, b, c))])
  const output = mul(b, gate(k, b, o), activation(k, b, next))
  return { output, states: [output, next] }
}

function lstm(k: KerasOp, b: OpBuilder): Cell {
  const [kernel, recurrent, bias] = [k.required('kernel'), k.required('recurrent_kernel'), k.weight('bias')]
  return {
    project: (x) => add(b, product(b, x, kernel), bias),
    step: (x, [h, c]) => afterGates(k, b, parts(b, b.op(op.add, [x, product(b, h!, recurrent)]), 4), c!),
    stateShapes: (step) => [[last(step, 4)], [last(step, 4)]],
  }
}

/** Gates lie in the order z, r, h. With `reset_after` the reset gate works on the product, which then has a bias of its own. @see Cho et al., 2014 */
function gru(k: KerasOp, b: OpBuilder): Cell {
  const [kernel, recurrent, bias] = [k.required('kernel'), k.required('recurrent_kernel'), k.weight('bias')]
  const resetAfter = k.flag('reset_after', k.keras.version === 3)
  const rows = bias && resetAfter ? b.ops(op.unpack, [bias], { num: 2, axis: 0 }) : [bias, undefined]
  const units = (recurrent.type.shape[0] as number) ?? 0
  const columns = (from: number, count: number) => b.op(op.slice, [recurrent, b.i32([0, from]), b.i32([-1, count])])
  const mix = (z: Value, h: Value, candidate: Value) => b.op(op.add, [mul(b, z, h), mul(b, b.op(op.sub, [b.f32([1]), z]), candidate)])
  return {
    project: (x) => add(b, product(b, x, kernel), rows[0]),
    step(x, [h]) {
      const [xz, xr, xh] = parts(b, x, 3) as [Value, Value, Value]
      if (resetAfter) {
        const [hz, hr, hh] = parts(b, add(b, product(b, h!, recurrent), rows[1]), 3) as [Value, Value, Value]
        const [z, r] = [gate(k, b, b.op(op.add, [xz, hz])), gate(k, b, b.op(op.add, [xr, hr]))]
        const output = mix(z, h!, activation(k, b, b.op(op.add, [xh, mul(b, r, hh)])))
        return { output, states: [output] }
      }
      const [hz, hr] = parts(b, product(b, h!, columns(0, 2 * units)), 2) as [Value, Value]
      const [z, r] = [gate(k, b, b.op(op.add, [xz, hz])), gate(k, b, b.op(op.add, [xr, hr]))]
      const candidate = activation(k, b, b.op(op.add, [xh, product(b, mul(b, r, h!), columns(2 * units, units))]))
      const output = mix(z, h!, candidate)
      return { output, states: [output] }
    },
    stateShapes: (step) => [[last(step, 3)]],
  }
}

function simple(k: KerasOp, b: OpBuilder): Cell {
  const [kernel, recurrent, bias] = [k.required('kernel'), k.required('recurrent_kernel'), k.weight('bias')]
  return {
    project: (x) => add(b, product(b, x, kernel), bias),
    step(x, [h]) {
      const output = activation(k, b, b.op(op.add, [x, product(b, h!, recurrent)]))
      return { output, states: [output] }
    },
    stateShapes: (step) => [[last(step, 1)]],
  }
}

/** An LSTM whose products are convolutions of rows, pictures or volumes. @see Shi et al., 2015 */
function convLstm(rank: 1 | 2 | 3) {
  return (k: KerasOp, b: OpBuilder): Cell => {
    const [kernel, recurrent, bias] = [k.required('kernel'), k.required('recurrent_kernel'), k.weight('bias')]
    const padding = k.text('padding', 'valid').toLowerCase() === 'same' ? 'same' : 'valid'
    const options = { padding, stride: k.sizes('strides', rank, 1), dilation: k.sizes('dilation_rate', rank, 1) } as const
    const ones = new Array<number>(rank).fill(1)
    const alike = { padding: 'same', stride: ones, dilation: ones } as const
    return {
      project(x) {
        const [n, t, ...rest] = x.type.shape as [Dim, Dim, ...Dim[]]
        const y = add(b, slideAny(b, reshapeTo(b, x, [mulDims(n, t), ...rest]), kernel, options), bias)
        return reshapeTo(b, y, [n, t, ...y.type.shape.slice(1)], [x, y])
      },
      step: (x, [h, c]) => afterGates(k, b, parts(b, b.op(op.add, [x, slideAny(b, h!, recurrent, alike)]), 4), c!),
      stateShapes: (step) => [0, 1].map(() => [...step.slice(0, -1), last(step, 4)]),
    }
  }
}

const cells: Readonly<Record<string, (k: KerasOp, b: OpBuilder) => Cell>> = Object.assign(Object.create(null), {
  LSTM: lstm,
  LSTMCell: lstm,
  GRU: gru,
  GRUCell: gru,
  SimpleRNN: simple,
  SimpleRNNCell: simple,
  ConvLSTM1D: convLstm(1),
  ConvLSTM2D: convLstm(2),
  ConvLSTM3D: convLstm(3),
})

/** A recurrent layer, or a cell in one, as its file configures it. */
export interface CellConfig {
  readonly className: string
  readonly config: JsonObject
  /** Where its weights are among those of the layer: `cell/`, `forward_layer/cell/`. */
  readonly prefix: string
}

/** `{class_name, config}` of a layer or cell in a configuration. */
export function readCell(k: KerasOp, v: Json | undefined, prefix: string): CellConfig {
  const className = v !== undefined && v !== null && isJsonObject(v) ? member(v, 'class_name') : undefined
  const config = v !== undefined && v !== null && isJsonObject(v) ? member(v, 'config') : undefined
  if (typeof className !== 'string' || config === undefined || !isJsonObject(config!))
    return k.reject('it does not say which layer or cell it runs')
  return { className, config, prefix }
}

/** The cell in the graph of `b`. */
export function cellIn(k: KerasOp, b: OpBuilder, { className, config, prefix }: CellConfig): Cell {
  if (className === 'StackedRNNCells') return stacked(k, b, config, prefix)
  const make = cells[className]
  if (!make)
    return k.reject(
      `cells of the class ${JSON.stringify(className)} are not supported`,
      'Export the model as a SavedModel: model.export("folder").',
    )
  const weights = new Map<string, NumericConst>()
  for (const [name, w] of k.keras.weights) if (name.startsWith(prefix)) weights.set(name.slice(prefix.length), w)
  const keras = { layer: { ...k.keras, config, weights }, args: [], kwargs: {} }
  return make(new KerasOp(new SourceOp({ ...k.node, keras }, [], k.context), b), b)
}

/** Each cell works on the result of the one before; states in their order. */
function stacked(k: KerasOp, b: OpBuilder, config: JsonObject, prefix: string): Cell {
  const list = member(config, 'cells')
  if (!Array.isArray(list) || list.length === 0) return k.reject('StackedRNNCells without cells')
  // Weights come in the order of the cells, under names that number them by class.
  const at = `${prefix}cells/`
  const names = [
    ...new Set([...k.keras.weights.keys()].flatMap((name) => (name.startsWith(at) ? [name.slice(at.length).split('/')[0]!] : []))),
  ]
  const all = (list as readonly Json[]).map((v, i) => cellIn(k, b, readCell(k, v, `${at}${names[i]}/`)))
  const [first, ...others] = all as [Cell, ...Cell[]]
  const one = (cell: Cell, x: Value) => squeezeDim(b, cell.project(expandDims(b, x, 1)), 1)
  const shapes = (step: Shape): Shape[][] => {
    const found = [[...first.stateShapes(step)]]
    for (const [i, v] of list.slice(1).entries()) {
      const units = unitsOf(v as Json)
      found.push([...others[i]!.stateShapes([units * gatesOf(v as Json)])])
    }
    return found
  }
  return {
    project: first.project,
    step(x, states) {
      let rest = [...states]
      let y = x
      const next: Value[] = []
      const counts = shapes(x.type.shape.slice(1)).map((s) => s.length)
      for (const [i, cell] of all.entries()) {
        const own = rest.slice(0, counts[i])
        rest = rest.slice(counts[i])
        const made = cell.step(i === 0 ? y : one(cell, y), own)
        y = made.output
        next.push(...made.states)
      }
      return { output: y, states: next }
    },
    stateShapes: (step) => shapes(step).flat(),
  }
}

const gatesOf = (v: Json): number => ({ LSTMCell: 4, GRUCell: 3 })[String(isJsonObject(v) ? member(v, 'class_name') : '')] ?? 1

function unitsOf(v: Json): number {
  const config = isJsonObject(v) ? member(v, 'config') : undefined
  return config !== undefined && isJsonObject(config!) ? Number(member(config, 'units')) : Number.NaN
}
