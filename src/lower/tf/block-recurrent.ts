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
  const read = results.filter((_, k) => n.isRead(k))
  const { lists } = overSteps(b, {
    sums: given,
    count,
    states: [cs, h],
    outer: [sliceAxis(b, w, 0, inputs, units), ...peepholes],
    rows: read.map(() => [batch, units]),
    step(inner, now, [state, before], [recurrent, ...holes]) {
      const sums = new Formula(inner).add(now, times(inner, before!, recurrent!))
      const step = lstmStep(n, inner, sums, state!, holes.length > 0 ? (holes as unknown as Peepholes) : undefined)
      return { states: [step.cs, step.h], rows: read.map((name) => step[name]) }
    },
  })
  return results.map((name) => lists[read.indexOf(name)])
}

export interface Steps {
  /** What goes into each step, along the first dim. */
  readonly sums: Value
  /** How many steps, a scalar. */
  readonly count: Value
  readonly states: readonly Value[]
  /** What all steps take. */
  readonly outer: readonly Value[]
  /** Shapes of what the steps give. */
  readonly rows: readonly Shape[]
  step(
    b: OpBuilder,
    now: Value,
    states: readonly Value[],
    outer: readonly Value[],
    at: Value,
  ): { readonly states: readonly Value[]; readonly rows: readonly Value[] }
}

/** A loop over the steps: the last states, and what the steps gave as lists `[T, ...row]`, zeros beyond `count`. */
export function overSteps(
  b: OpBuilder,
  { sums, count, states, outer, rows, step }: Steps,
): Pick<Steps, 'states'> & { readonly lists: readonly Value[] } {
  const lists = rows.map((row) => b.op(op.fill, [shapeOperand(b, [sums.type.shape[0]!, ...row], [sums, ...states]), b.f32([0], [])]))
  // What is no constant comes in from outside of the loop.
  const given = [count, ...outer]
  const carried = given.filter((v) => !v.data)
  const inside = (inner: OpBuilder, vars: readonly Value[]) => given.map((v) => (v.data ? inner.copy(v) : vars[2 + carried.indexOf(v)]!))
  const first = 2 + carried.length
  const ends = loop(
    b,
    [b.i32([0], []), sums, ...carried, ...states, ...lists],
    (inner, vars) => inner.op(op.less, [vars[0]!, inside(inner, vars)[0]!]),
    (inner, vars) => {
      const at = vars[0]!
      const own = vars.slice(first, first + states.length)
      const now = inner.op(op.gather, [vars[1]!, at], { axis: 0 })
      const made = step(inner, now, own, inside(inner, vars).slice(1), at)
      const all = made.rows.map((row, k) => {
        const place = [at, ...row.type.shape.map(() => inner.i32([0], []))]
        const start = inner.op(op.pack, place, { valuesCount: place.length, axis: 0 })
        return inner.op(op.dynamicUpdateSlice, [vars[first + states.length + k]!, expandDims(inner, row, 0), start])
      })
      return [new Formula(inner).add(at, 1), ...vars.slice(1, first), ...made.states, ...all]
    },
  )
  return { states: ends.slice(first, first + states.length), lists: ends.slice(first + states.length) }
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
