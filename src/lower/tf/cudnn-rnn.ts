import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { expandDims, permute, reshapeTo, sizeAt, sliceAxis, squeezeDim, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { overSteps } from './block-recurrent.ts'
import { product } from './linear.ts'

/*
 * Layers of cuDNN. All weights are one vector: of each gate the matrix for the inputs [C,inputs], of each the matrix for the result before
 * [C,C], then the biases of both kinds.
 * @see tf_keras gru_lstm_utils.py, canonical_to_params; lstm.py, gpu_lstm; gru.py, gpu_gru
 */

/** Gates in the order of their weights. */
const gateCounts: Readonly<Record<string, number>> = { lstm: 4, gru: 3, rnn_relu: 1, rnn_tanh: 1 }

const sigmoid = (b: OpBuilder, x: Value): Value => b.op(op.logistic, [x])
const tanh = (b: OpBuilder, x: Value): Value => b.op(op.tanh, [x])

/** States after a step, the result first: of what comes from the input and from the result before, [N,gates*C] each. */
const cells: Readonly<Record<string, (b: OpBuilder, x: Value, h: Value, states: readonly Value[], units: number) => readonly Value[]>> = {
  lstm(b, x, h, states, units) {
    const f = new Formula(b)
    const sums = f.add(x, h)
    const [i, forget, c, o] = [0, 1, 2, 3].map((k) => sliceAxis(b, sums, 1, k * units, units)) as [Value, Value, Value, Value]
    const cell = f.add(f.mul(sigmoid(b, forget), states[1]!), f.mul(sigmoid(b, i), tanh(b, c)))
    return [f.mul(sigmoid(b, o), tanh(b, cell)), cell]
  },
  gru(b, x, h, states, units) {
    const f = new Formula(b)
    const part = (v: Value, k: number) => sliceAxis(b, v, 1, k * units, units)
    const [r, z] = [0, 1].map((k) => sigmoid(b, f.add(part(x, k), part(h, k)))) as [Value, Value]
    const candidate = tanh(b, f.add(part(x, 2), f.mul(r, part(h, 2))))
    return [f.add(f.mul(f.sub(1, z), candidate), f.mul(z, states[0]!))]
  },
  rnn_relu: (b, x, h) => [b.op(op.relu, [new Formula(b).add(x, h)])],
  rnn_tanh: (b, x, h) => [tanh(b, new Formula(b).add(x, h))],
}

function cudnnRnn(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  const f = new Formula(b)
  const mode = n.string('rnn_mode', 'lstm')
  const gates = gateCounts[mode] ?? n.reject(`the mode ${mode} is not known`)
  const isThird = n.node.op === 'CudnnRNNV3'
  if (n.string('direction', 'unidirectional') !== 'unidirectional') n.reject('both directions in one op are not supported', advice)
  if (n.string('input_mode', 'linear_input') !== 'linear_input') n.reject('inputs without weights are not supported', advice)
  if (n.int('num_proj', 0) !== 0) n.reject('a projection is not supported', advice)
  const isTimeMajor = !isThird || n.bool('time_major', true)
  const turned = (v: Value) => (isTimeMajor ? v : permute(b, v, [1, 0, 2]))
  const [x, h] = [turned(n.in(0)), turned(n.in(1))]
  const [layers, , units] = h.type.shape
  const [, batch, inputs] = x.type.shape
  if (layers !== 1) return n.reject(`${layers} layers in one op are not supported`, advice)
  if (typeof units !== 'number' || typeof inputs !== 'number') return n.reject('the sizes of its input and state must be known')
  const isLstm = mode === 'lstm'
  const states = isLstm ? [h, turned(n.in(2))] : [h]
  const params = reshapeTo(b, n.in(3), [gates * units * (inputs + units + 2)])
  const part = (from: number, count: number, shape: readonly number[]) => reshapeTo(b, sliceAxis(b, params, 0, from, count), shape)
  const rows = gates * units
  const kernel = permute(b, part(0, rows * inputs, [rows, inputs]), [1, 0])
  const recurrent = permute(b, part(rows * inputs, rows * units, [rows, units]), [1, 0])
  const biases = rows * (inputs + units)
  const lengths = isThird ? expandDims(b, toI32(b, n.in(4)), 1) : undefined
  const { states: ends, lists } = overSteps(b, {
    sums: f.add(product(b, x, kernel, false, false), part(biases, rows, [rows])),
    count: sizeAt(b, x, 0),
    states: states.map((v) => squeezeDim(b, v, 0)),
    outer: [recurrent, part(biases + rows, rows, [rows]), ...(lengths ? [lengths] : [])],
    rows: [[batch!, units]],
    step(inner, now, before, [weights, bias, limits], at) {
      const g = new Formula(inner)
      const sums = g.add(product(inner, before[0]!, weights!, false, false), bias!)
      const after = cells[mode]!(inner, now, sums, before, units)
      if (!limits) return { states: after, rows: [after[0]!] }
      // Beyond the end of a sequence its states stay, and results are zeros.
      const isWithin = g.less(at, limits)
      return { states: after.map((v, k) => g.select(isWithin, v, before[k]!)), rows: [g.select(isWithin, after[0]!, 0)] }
    },
  })
  const [last, cell] = ends.map((v) => turned(expandDims(b, v, 0)))
  return [turned(lists[0]!), last, cell ?? last]
}
const advice = 'Build the layers one by one as tf.keras.layers.LSTM or GRU and export them on a CPU.'

export const cudnnLayers: LoweringRegistry = { CudnnRNN: cudnnRnn, CudnnRNNV2: cudnnRnn, CudnnRNNV3: cudnnRnn }
