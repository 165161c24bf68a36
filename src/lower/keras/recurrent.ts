import { type Json, type JsonObject, member } from '../../core/json.ts'
import type { Shape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { loop } from '../../ops/control/flow.ts'
import { op } from '../../ops/index.ts'
import { lastStep, lstmLayer, perGate } from '../../ops/recurrent/lstm-layer.ts'
import { expandDims, permute, shapeOperand, toBool } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { activationName } from './activations.ts'
import { type CellConfig, cellIn, readCell } from './cells.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** What a recurrent layer is called with. */
interface Sequence {
  /** [N,T,..] */
  readonly x: Value
  /** Bool [N,T]; where false a step leaves states and result as they were. */
  readonly mask: Value | undefined
  /** One for each state, or none for zeros. */
  readonly initial: readonly Value[]
}

interface Options {
  readonly returnSequences: boolean
  readonly returnState: boolean
  readonly goBackwards: boolean
  readonly unroll: boolean
  readonly zeroMasked: boolean
}

interface Result {
  /** [N,T,..] in the order of the work, or [N,..] of the last step. */
  readonly output: Value
  readonly states: readonly Value[]
}

function optionsOf(config: JsonObject): Options {
  const flag = (name: string) => member(config, name) === true
  return {
    returnSequences: flag('return_sequences'),
    returnState: flag('return_state'),
    goBackwards: flag('go_backwards'),
    unroll: flag('unroll'),
    zeroMasked: flag('zero_output_for_mask'),
  }
}

const flipped = (b: OpBuilder, x: Value): Value => b.op(op.reverseV2, [x, b.i32([1])])

function zeros(b: OpBuilder, shape: Shape, from: readonly Value[]): Value {
  return b.op(op.fill, [shapeOperand(b, shape, from), b.f32([0])])
}

/** Step `i` (a scalar) of [N,T,..]. */
const stepOf = (b: OpBuilder, x: Value, i: Value): Value => b.op(op.gather, [x, i], { axis: 1, batchDims: 0 })

/** `next` where the step counts, else `before`; the mask is [N]. */
function keep(b: OpBuilder, mask: Value, next: Value, before: Value): Value {
  let wide = mask
  while (wide.type.shape.length < next.type.shape.length) wide = expandDims(b, wide, wide.type.shape.length)
  return b.op(op.selectV2, [wide, next, before])
}

/** One step: results and states after it, what the mask hides taken from before. */
function advance(
  k: KerasOp,
  b: OpBuilder,
  cell: CellConfig,
  options: Options,
  x: Value,
  mask: Value | undefined,
  states: readonly Value[],
  before: Value | undefined,
) {
  const made = cellIn(k, b, cell).step(x, states)
  if (!mask || !before) return made
  return {
    output: keep(b, mask, made.output, options.zeroMasked ? b.op(op.zerosLike, [made.output]) : before),
    states: made.states.map((s, i) => keep(b, mask, s, states[i]!)),
  }
}

/** Each step takes a dozen ops; longer sequences run in a loop whatever the file says. */
const maxUnrolled = 2048

/** Runs a cell over a sequence: step by step in the graph with `unroll`, else in a loop. */
function run(k: KerasOp, b: OpBuilder, cell: CellConfig, options: Options, sequence: Sequence): Result {
  const fused = fusedLstm(k, b, cell, options, sequence)
  if (fused) return fused
  const [source, mask] = options.goBackwards
    ? [flipped(b, sequence.x), sequence.mask && flipped(b, sequence.mask)]
    : [sequence.x, sequence.mask]
  const outer = cellIn(k, b, cell)
  const x = outer.project(source)
  const [n, t, ...step] = x.type.shape
  const shapes = outer.stateShapes(step)
  if (sequence.initial.length > 0 && sequence.initial.length !== shapes.length)
    return k.reject(`it takes ${shapes.length} initial states, found ${sequence.initial.length}`)
  const states = sequence.initial.length > 0 ? sequence.initial : shapes.map((s) => zeros(b, [n!, ...s], [x]))
  const resultShape = lastShape(k, cell, shapes)
  const before = mask ? zeros(b, [n!, ...resultShape], [x]) : undefined

  if (options.unroll && typeof t === 'number' && t <= maxUnrolled) {
    let now: { output: Value | undefined; states: readonly Value[] } = { output: before, states }
    const outputs: Value[] = []
    const isZeroed = options.zeroMasked && options.returnSequences && sequence.mask !== undefined
    const held = isZeroed ? { ...options, zeroMasked: false } : options
    for (let i = 0; i < t; i++) {
      const at = b.i32([i], [])
      const made = advance(k, b, cell, held, stepOf(b, x, at), mask && stepOf(b, mask, at), now.states, now.output ?? before)
      now = made
      outputs.push(made.output)
    }
    if (outputs.length === 0) return k.reject('the sequence has no steps')
    const all = options.returnSequences ? b.op(op.pack, outputs, { valuesCount: outputs.length, axis: 1 }) : outputs.at(-1)!
    // Keras takes zeros by the mask as it came, also of results that go backwards.
    const output = isZeroed ? keep(b, sequence.mask, all, b.op(op.zerosLike, [all])) : all
    return { output, states: now.states }
  }

  const count = typeof t === 'number' ? b.i32([t], []) : b.op(op.reshape, [shapeOperand(b, [t!], [x]), b.i32([])])
  const start: Value[] = [b.i32([0], []), ...(typeof t === 'number' ? [] : [count]), x, ...(mask ? [mask, before!] : []), ...states]
  // Results of the steps: all of them, or none but the last, which the loop carries as a state.
  const carried = options.returnSequences ? [zeros(b, [t!, n!, ...resultShape], [x])] : []
  const layout = { count: typeof t === 'number' ? undefined : 1, x: typeof t === 'number' ? 1 : 2 }
  const results = loop(
    b,
    [...start, ...carried],
    (inner, vars) => inner.op(op.less, [vars[0]!, layout.count === undefined ? inner.copy(count) : vars[1]!]),
    (inner, vars) => {
      const [i, xs] = [vars[0]!, vars[layout.x]!]
      const masks = mask ? vars[layout.x + 1]! : undefined
      const own = vars.slice(layout.x + (mask ? 3 : 1), layout.x + (mask ? 3 : 1) + states.length)
      const made = advance(
        k,
        inner,
        cell,
        options,
        stepOf(inner, xs, i),
        masks && stepOf(inner, masks, i),
        own,
        mask ? vars[layout.x + 2]! : undefined,
      )
      const next = inner.op(op.add, [i, inner.i32([1], [])])
      const at = [i, ...made.output.type.shape.map(() => inner.i32([0], []))]
      const all = carried.map(() => {
        const position = inner.op(op.pack, at, { valuesCount: at.length, axis: 0 })
        return inner.op(op.dynamicUpdateSlice, [vars.at(-1)!, expandDims(inner, made.output, 0), position])
      })
      return [next, ...vars.slice(1, layout.x + 1), ...(mask ? [masks!, made.output] : []), ...made.states, ...all]
    },
  )
  const from = layout.x + (mask ? 3 : 1)
  const ends = results.slice(from, from + states.length)
  if (options.returnSequences) {
    const all = results.at(-1)!
    return { output: permute(b, all, [1, 0, ...Array.from({ length: all.type.shape.length - 2 }, (_, i) => i + 2)]), states: ends }
  }
  return { output: mask ? results[layout.x + 2]! : lastState(k, cell, ends), states: ends }
}

/** The result of every cell here is its first state; that of a stack the first state of its last cell. */
function lastState(k: KerasOp, cell: CellConfig, states: readonly Value[]): Value {
  return states[outputState(k, cell, states.length)]!
}

function lastShape(k: KerasOp, cell: CellConfig, shapes: readonly Shape[]): Shape {
  return shapes[outputState(k, cell, shapes.length)]!
}

function outputState(k: KerasOp, { className, config }: CellConfig, count: number): number {
  if (className !== 'StackedRNNCells') return 0
  const list = member(config, 'cells')
  const top = Array.isArray(list) ? readCell(k, (list as readonly Json[]).at(-1), '') : undefined
  return count - (top?.className === 'LSTMCell' ? 2 : 1)
}

/**
 * The operator for LSTM layers of the usual activations, for a batch that is known: its states are variables, which no run may
 * leave behind for the next, so a caller resets them.
 */
function fusedLstm(k: KerasOp, b: OpBuilder, cell: CellConfig, options: Options, { x, mask, initial }: Sequence): Result | undefined {
  const { config, className } = cell
  const isUsual =
    activationName(member(config, 'activation') ?? 'tanh') === 'tanh' &&
    activationName(member(config, 'recurrent_activation') ?? 'sigmoid') === 'sigmoid'
  const [n] = x.type.shape
  if (className !== 'LSTM' || !isUsual || options.unroll || options.returnState || mask || initial.length > 0 || typeof n !== 'number')
    return undefined
  const weights = (name: string): Value | undefined => k.weight(`${cell.prefix}${name}`)
  const [kernel, recurrent] = [weights('kernel'), weights('recurrent_kernel')]
  if (!kernel || !recurrent) return undefined
  const units = recurrent.type.shape[0] as number
  const columns = (w: Value) => perGate((g) => permute(b, b.op(op.slice, [w, b.i32([0, g * units]), b.i32([-1, units])]), [1, 0]))
  const biases = weights('bias') ?? b.f32(new Array<number>(4 * units).fill(0), [4 * units])
  const bias = perGate((g) => b.op(op.slice, [biases, b.i32([g * units]), b.i32([units])]))
  const layer = { input: columns(kernel), recurrent: columns(recurrent), bias, batch: n, units, timeMajor: false }
  const y = lstmLayer(b, options.goBackwards ? flipped(b, x) : x, layer, k.layer)
  return { output: options.returnSequences ? y : lastStep(b, y, false), states: [] }
}

/** The tensors of a call: the sequence and, in the list with it (Keras 2) or as an argument of its own, initial states. */
function sequenceOf(k: KerasOp, b: OpBuilder, config: JsonObject): Sequence {
  if (member(config, 'stateful') === true)
    k.reject(
      'a stateful layer keeps its state from run to run, which the converted model would not',
      'Build the model with stateful=False and pass initial states as inputs.',
    )
  const [x, ...beside] = k.tensors(0, 'sequences')
  if (!x) return k.reject('the sequence is missing')
  const stated = k.tensors(99, 'initial_state')
  const initial = (beside.length > 0 ? beside : stated).map((s) => s ?? k.reject('an initial state is missing'))
  const mask = k.tensor(98, 'mask')
  const isTimeMajor = member(config, 'time_major') === true
  const turned = (v: Value) => permute(b, v, [1, 0, ...Array.from({ length: v.type.shape.length - 2 }, (_, i) => i + 2)])
  const bool = mask && toBool(b, mask)
  return isTimeMajor ? { x: turned(x), mask: bool && turned(bool), initial } : { x, mask: bool, initial }
}

/** Pictures of a sequence with channels last: [N,T,C,H,W] -> [N,T,H,W,C]; and states [N,C,H,W]. */
function toChannelsLast(b: OpBuilder, v: Value, at: number): Value {
  const rank = v.type.shape.length
  return permute(b, v, [...Array.from({ length: at }, (_, i) => i), ...Array.from({ length: rank - at - 1 }, (_, i) => at + 1 + i), at])
}

function toChannelsFirst(b: OpBuilder, v: Value, at: number): Value {
  const rank = v.type.shape.length
  return permute(b, v, [...Array.from({ length: at }, (_, i) => i), rank - 1, ...Array.from({ length: rank - at - 1 }, (_, i) => at + i)])
}

const floats = (b: OpBuilder, x: Value): Value => (x.type.dtype === 'f32' ? x : b.op(op.cast, [x], { to: 'f32' }))

/** A recurrent layer as a list of its results: the output, then the states that it returns. */
function recurrent(k: KerasOp, b: OpBuilder, cell: CellConfig, config: JsonObject, given: Sequence): Value[] {
  const options = optionsOf(config)
  const isFirst = cell.className.startsWith('ConvLSTM') && member(config, 'data_format') === 'channels_first'
  const x = floats(b, given.x)
  const sequence = isFirst
    ? { ...given, x: toChannelsLast(b, x, 2), initial: given.initial.map((s) => toChannelsLast(b, s, 1)) }
    : { ...given, x }
  const { output, states } = run(k, b, cell, options, sequence)
  const y = isFirst ? toChannelsFirst(b, output, options.returnSequences ? 2 : 1) : output
  return options.returnState ? [y, ...states.map((s) => (isFirst ? toChannelsFirst(b, s, 1) : s))] : [y]
}

function recurrentLayer(k: KerasOp, b: OpBuilder): readonly Value[] {
  const { config, className } = k.keras
  const cell = className === 'RNN' ? readCell(k, member(config, 'cell'), 'cell/') : { className, config, prefix: 'cell/' }
  const [y, ...states] = recurrent(k, b, cell, config, sequenceOf(k, b, config))
  const isTurned = member(config, 'time_major') === true && member(config, 'return_sequences') === true
  return [isTurned ? permute(b, y!, [1, 0, ...Array.from({ length: y!.type.shape.length - 2 }, (_, i) => i + 2)]) : y!, ...states]
}

const merges: Readonly<Record<string, (b: OpBuilder, x: Value, y: Value) => Value>> = Object.assign(Object.create(null), {
  concat: (b: OpBuilder, x: Value, y: Value) => b.op(op.concatenation, [x, y], { axis: x.type.shape.length - 1 }),
  sum: (b: OpBuilder, x: Value, y: Value) => b.op(op.add, [x, y]),
  ave: (b: OpBuilder, x: Value, y: Value) => b.op(op.mul, [b.op(op.add, [x, y]), b.f32([0.5])]),
  mul: (b: OpBuilder, x: Value, y: Value) => b.op(op.mul, [x, y]),
})

/** One layer forwards, one backwards; the backward sequence is turned round before the two are merged. */
function bidirectional(k: KerasOp, b: OpBuilder): readonly Value[] {
  const forward = readCell(k, k.config('layer'), 'forward_layer/cell/')
  const stated = k.config('backward_layer')
  const own = readCell(k, stated ?? k.config('layer'), 'backward_layer/cell/')
  const config = stated ? own.config : { ...own.config, go_backwards: member(own.config, 'go_backwards') !== true }
  const backward = { ...own, config }
  const of = (cell: CellConfig): CellConfig => (cell.className === 'RNN' ? readCell(k, member(cell.config, 'cell'), cell.prefix) : cell)
  // Keras sets this on both layers, whatever their configuration says.
  const zeroed = (c: JsonObject): JsonObject => ({ ...c, zero_output_for_mask: member(c, 'return_sequences') === true })
  const sequence = sequenceOf(k, b, forward.config)
  const half = sequence.initial.length / 2
  const [y, ...forwardStates] = recurrent(k, b, of(forward), zeroed(forward.config), {
    ...sequence,
    initial: sequence.initial.slice(0, half),
  })
  const [z, ...backwardStates] = recurrent(k, b, of(backward), zeroed(config), { ...sequence, initial: sequence.initial.slice(half) })
  const turned = optionsOf(config).returnSequences ? flipped(b, z!) : z!
  const mode = k.config('merge_mode')
  const merge = typeof mode === 'string' ? merges[mode] : undefined
  if (!merge && mode !== null) return k.reject(`merge_mode ${JSON.stringify(mode)} is not supported`)
  return [...(merge ? [merge(b, y!, turned)] : [y!, turned]), ...forwardStates, ...backwardStates]
}

export const recurrentLayers: LoweringRegistry = {
  LSTM: layer(recurrentLayer),
  GRU: layer(recurrentLayer),
  SimpleRNN: layer(recurrentLayer),
  RNN: layer(recurrentLayer),
  ConvLSTM1D: layer(recurrentLayer),
  ConvLSTM2D: layer(recurrentLayer),
  ConvLSTM3D: layer(recurrentLayer),
  Bidirectional: layer(bidirectional),
}
