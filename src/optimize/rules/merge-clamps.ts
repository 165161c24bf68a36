import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { boundsOf, type Interval } from '../bounds.ts'
import { splatOf } from '../constants.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { keepsShape } from '../weighted.ts'

interface Found {
  readonly x: Value
  /** undefined: there is nothing to clamp. */
  readonly clamp: Clamp | undefined
}

const activations: readonly (readonly [name: 'relu' | 'relu6' | 'reluN1To1' | 'relu0To1', Interval])[] = [
  ['relu', [0, Number.POSITIVE_INFINITY]],
  ['relu6', [0, 6]],
  ['reluN1To1', [-1, 1]],
  ['relu0To1', [0, 1]],
]
const intervals = new Map<string, Interval>(activations.map(([name, interval]) => [ops[name].name, interval]))

/** A node that clamps f32: its operand and the interval; undefined for other nodes. */
function clampOf(graph: GraphEditor, node: Node | undefined): { x: Value; interval: Interval } | undefined {
  if (!node) return undefined
  const [a, b] = graph.operands(node)
  if (a?.type.dtype !== 'f32') return undefined
  const named = intervals.get(node.op)
  if (named) return { x: a, interval: named }
  if (!b || (node.op !== 'maximum' && node.op !== 'minimum')) return undefined
  const [x, bound] = b.data ? [a, splatOf(b)] : [b, splatOf(a)]
  if (bound === undefined || Number.isNaN(bound) || !keepsShape(graph, node, x)) return undefined
  return { x, interval: node.op === 'maximum' ? [bound, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, bound] }
}

type Clamp =
  | { readonly name: 'relu' | 'relu6' | 'reluN1To1' | 'relu0To1'; readonly bound?: never }
  | { readonly name: 'maximum' | 'minimum'; readonly bound: number }

/** What clamps to an interval in one op: an activation, or one bound. */
function clampFor([low, high]: Interval): Clamp | undefined {
  const named = activations.find(([, interval]) => interval[0] === low && interval[1] === high)
  if (named) return { name: named[0] }
  if (high === Number.POSITIVE_INFINITY) return { name: 'maximum', bound: low }
  return low === Number.NEGATIVE_INFINITY ? { name: 'minimum', bound: high } : undefined
}

/**
 * maximum | minimum with a number, relu | relu6 | relu_n1_to_1 | relu_0_to_1, one of them or two in a row  =>  the one op that
 * clamps to the same interval; nothing, where the operand lies within it already.
 */
export const mergeClamps = rule('merge-clamps', {
  semantics: 'exact',
  pattern: op(['maximum', 'minimum', ...intervals.keys()], { as: 'root' }),
  check({ root }, graph) {
    const outer = clampOf(graph, root)
    if (!outer) return other
    const [low, high] = boundsOf(graph, outer.x)
    if (outer.interval[0] <= low && high <= outer.interval[1]) return hit<Found>({ x: outer.x, clamp: undefined })
    const innerNode = graph.producer(outer.x.id)
    const inner = clampOf(graph, innerNode)
    if (innerNode && inner) {
      const limit = (x: number) => Math.min(Math.max(x, outer.interval[0]), outer.interval[1])
      const clamp = clampFor([limit(inner.interval[0]), limit(inner.interval[1])])
      if (clamp) return hit<Found>({ x: inner.x, clamp }, [innerNode])
    }
    const alone = intervals.has(root.op) ? undefined : clampFor(outer.interval)
    return alone && alone.bound === undefined ? hit<Found>({ x: outer.x, clamp: alone }) : other
  },
  rewrite: (_, { x, clamp }, b) => {
    if (!clamp) return x
    return clamp.bound === undefined ? b.op(ops[clamp.name], [x]) : b.op(ops[clamp.name], [x, b.f32([clamp.bound])])
  },
})
