import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import { splatOf } from './constants.ts'

/** `[low, high]`: every element lies between the two, or is NaN. */
export type Interval = readonly [low: number, high: number]

const everything: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
const notNegative: Interval = [0, Number.POSITIVE_INFINITY]

/** Ops and fused activations that keep their result within bounds whatever they read. */
const bounded: ReadonlyMap<unknown, Interval> = new Map<unknown, Interval>([
  ['relu', notNegative],
  ['relu6', [0, 6]],
  ['relu_n1_to_1', [-1, 1]],
  ['relu_0_to_1', [0, 1]],
  ['tanh', [-1, 1]],
  ['logistic', [0, 1]],
  ['softmax', [0, 1]],
  ['log_softmax', [Number.NEGATIVE_INFINITY, 0]],
  ['abs', notNegative],
  ['square', notNegative],
  ['squared_difference', notNegative],
  ['exp', notNegative],
  ['sqrt', notNegative],
  ['rsqrt', notNegative],
])

/** Ops whose results lie where their first operand does, beside those that only move elements. */
const averaging: ReadonlySet<string> = new Set(['mean', 'reduce_max', 'reduce_min', 'max_pool_2d', 'average_pool_2d'])

/** How many ops up the bounds are looked for. */
const maxDepth = 4

/** Where the elements of an f32 value lie, as far as the few ops before it tell. */
export function boundsOf(graph: GraphEditor, value: Value, depth = maxDepth): Interval {
  if (value.type.dtype !== 'f32') return everything
  if (value.data) {
    const splat = splatOf(value)
    return splat === undefined ? everything : [splat, splat]
  }
  const node = graph.producer(value.id)
  if (!node || depth === 0) return everything
  return bounded.get(node.attrs.fusedActivation) ?? bounded.get(node.op) ?? passedOn(graph, node, depth)
}

function passedOn(graph: GraphEditor, node: Node, depth: number): Interval {
  const [a, b] = graph.operands(node)
  const of = (v: Value) => boundsOf(graph, v, depth - 1)
  if (node.op === 'sum') return of(a!)[0] >= 0 ? notNegative : everything
  if (node.op === 'maximum' || node.op === 'minimum') {
    const [x, y] = [of(a!), of(b!)]
    const pick = node.op === 'maximum' ? Math.max : Math.min
    return [pick(x[0], y[0]), pick(x[1], y[1])]
  }
  const spec = findSpec(node.op)
  const isMoved = spec?.movesElements === true && spec.operands.at(-1)?.variadic !== true
  return isMoved || averaging.has(node.op) ? of(a!) : everything
}
