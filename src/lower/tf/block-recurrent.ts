import type { Shape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { loop } from '../../ops/control/flow.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { Formula } from '../formula.ts'
import { expandDims, reshapeTo, shapeOperand, sizeAt, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { product } from './linear.ts'

/*
 * Cells and layers of recurrent networks that TensorFlow 1 has as one op.
 * @see TensorFlow lstm_ops.h, LSTMBlockCellFprop; rnn/gru_ops.h, GRUBlockCellFprop
 */

/** The weights of the peepholes into the gates, for cells that have them. */
type Peepholes = readonly [input: Value, forget: Value, output: Value]

/** What the op computes, in the order of its results. */
const results = ['i', 'cs', 'f', 'o', 'ci', 'co', 'h'] as const
type Step = Readonly<Record<(typeof results)[number], Value>>

const sigmoid = (b: OpBuilder, x: Value): Value => b.op(op.logistic, [x])
const tanh = (b: OpBuilder, x: Value): Value => b.op(op.tanh, [x])
const times = (b: OpBuilder, x: Value, w: Value): Value => product(b, x, w, false, false)
const joined = (b: OpBuilder, x: Value, h: Value): Value => b.op(op.concatenation, [x, h], { axis: 1 })

/** From the sums [N,4C] that go into the four gates, and the cell's state before. */
function lstmStep(n: SourceOp, b: OpBuilder, sums: Value, before: Value, peepholes: Peepholes | undefined): Step {
  const f = new Formula(b)
  const units = before.type.shape[1] as number
  const gate = (k: number) => sliceAxis(b, sums, 1, k * units, units)
  const isSecond = n.node.op === 'BlockLSTMV2'
  const [input, cell, forget, output] = (isSecond ? [0, 2, 1, 3] : [0, 1, 2, 3]).map(gate) as [Value, Value, Value, Value]
  const seen = (sum: Value, state: Value, w: Value | undefined) => (w ? f.add(sum, f.mul(state, w)) : sum)
  const i = sigmoid(b, seen(input, before, peepholes?.[0]))
  const ci = tanh(b, cell)
  const kept = isSecond ? forget : f.add(forget, Math.fround(n.float('forget_bias', 1)))
  const forgets = sigmoid(b, seen(kept, before, peepholes?.[1]))
  const state = f.add(f.mul(ci, i), f.mul(forgets, before))
  const clip = Math.fround(n.float('cell_clip', isSecond ? 0 : 3))
  const cs = clip > 0 ? f.max(f.min(state, clip), -clip) : state
  const o = sigmoid(b, seen(output, cs, peepholes?.[2]))
  const co = tanh(b, cs)
  return { i, cs, f: forgets, o, ci, co, h: f.mul(co, o) }
}

/** Operands from `first` on: the state and the result before, weights [inputs + C,4C], peepholes and biases. */
function cellOperands(n: SourceOp, first: number) {
  const [cs, h, w, wci, wcf, wco, bias] = Array.from({ length: 7 }, (_, k) => n.in(first + k)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ]
  if (typeof cs.type.shape[1] !== 'number' || typeof w.type.shape[0] !== 'number') n.reject('the shape of its weights must be known')
  const peepholes: Peepholes | undefined = n.bool('use_peephole', false) ? [wci, wcf, wco] : undefined
  return { cs, h, w, peepholes, bias }
}

function lstmCell(n: SourceOp, b: OpBuilder): readonly Value[] {
  const { cs, h, w, peepholes, bias } = cellOperands(n, 1)
  const step = lstmStep(n, b, new Formula(b).add(times(b, joined(b, n.in(0), h), w), bias), cs, peepholes)
  return results.map((name) => step[name])
}

/** All steps of [T,N,inputs], the input's part of the gates computed for all at once. Steps beyond the longest sequence are zeros. */
function lstmLayer(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  const x = n.in(1)
  const { cs, h, w, peepholes = [], bias } = cellOperands(n, 2)
  const [steps, batch, inputs] = x.type.shape as [Shape[number], Shape[number], Shape[number]]
  if (typeof inputs !== 'number') return n.reject('the size of its inputs must be known')
  const units = cs.type.shape[1] as number
  const given = new Formula(b).add(times(b, x, sliceAxis(b, w, 0, 0, inputs)), bias)
  const longest = reshapeTo(b, toI32(b, n.in(0)), [])
  const isWhole = typeof steps === 'number' && (constInts(longest)?.[0] ?? -1) >= steps
  const count = isWhole ? b.i32([steps], []) : b.op(op.minimum, [longest, sizeAt(b, x, 0)])
  const own = [sliceAxis(b, w, 0, inputs, units), ...peepholes]
  const read = results.filter((_, k) => n.isRead(k))
  const all = read.map(() => b.op(op.fill, [shapeOperand(b, [steps, batch, units], [x]), b.f32([0], [])]))
  // What is no constant comes in from outside of the loop.
  const outer = [count, ...own]
  const carried = outer.filter((v) => !v.data)
  const inside = (inner: OpBuilder, vars: readonly Value[]) => outer.map((v) => (v.data ? inner.copy(v) : vars[4 + carried.indexOf(v)]!))
  const ends = loop(
    b,
    [b.i32([0], []), given, cs, h, ...carried, ...all],
    (inner, vars) => inner.op(op.less, [vars[0]!, inside(inner, vars)[0]!]),
    (inner, vars) => {
      const [at, sums, state, before] = vars as [Value, Value, Value, Value]
      const [, recurrent, ...holes] = inside(inner, vars) as [Value, Value, ...Value[]]
      const f = new Formula(inner)
      const now = f.add(inner.op(op.gather, [sums, at], { axis: 0 }), times(inner, before, recurrent))
      const step = lstmStep(n, inner, now, state, holes.length > 0 ? (holes as unknown as Peepholes) : undefined)
      const place = inner.op(op.pack, [at, inner.i32([0], []), inner.i32([0], [])], { valuesCount: 3, axis: 0 })
      const lists = read.map((name, k) =>
        inner.op(op.dynamicUpdateSlice, [vars[4 + carried.length + k]!, expandDims(inner, step[name], 0), place]),
      )
      return [f.add(at, 1), sums, step.cs, step.h, ...vars.slice(4, 4 + carried.length), ...lists]
    },
  )
  return results.map((name) => ends[4 + carried.length + read.indexOf(name)]).map((v, k) => (n.isRead(k) ? v : undefined))
}

function gruCell(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [x, h, gates, candidate, gateBias, bias] = [0, 1, 2, 3, 4, 5].map((i) => n.in(i)) as [Value, Value, Value, Value, Value, Value]
  const units = h.type.shape[1]
  if (typeof units !== 'number') return n.reject('the shape of its state must be known')
  const both = sigmoid(b, f.add(times(b, joined(b, x, h), gates), gateBias))
  const [r, u] = [sliceAxis(b, both, 1, 0, units), sliceAxis(b, both, 1, units, units)]
  const c = tanh(b, f.add(times(b, joined(b, x, f.mul(r, h)), candidate), bias))
  return [r, u, c, f.add(f.mul(u, h), f.mul(f.sub(1, u), c))]
}

export const blockRecurrent: LoweringRegistry = {
  LSTMBlockCell: lstmCell,
  BlockLSTM: lstmLayer,
  BlockLSTMV2: lstmLayer,
  GRUBlockCell: gruCell,
}
