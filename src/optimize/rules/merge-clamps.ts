import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { splatOf } from '../constants.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'

type Interval = readonly [low: number, high: number]
const activations: readonly (readonly [name: 'relu' | 'relu6' | 'reluN1To1', Interval])[] = [
  ['relu', [0, Number.POSITIVE_INFINITY]],
  ['relu6', [0, 6]],
  ['reluN1To1', [-1, 1]],
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
  const isSameSize = x.type.shape.length === graph.value(node.outputs[0]!).type.shape.length
  if (bound === undefined || Number.isNaN(bound) || !isSameSize) return undefined
  return { x, interval: node.op === 'maximum' ? [bound, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, bound] }
}

/**
 * maximum | minimum with a number, relu | relu6 | relu_n1_to_1, one of them or two in a row  =>  relu | relu6 | relu_n1_to_1,
 * where the two clamp to its interval.
 */
export const mergeClamps = rule('merge-clamps', {
  semantics: 'exact',
  pattern: op(['maximum', 'minimum', ...intervals.keys()], { as: 'root' }),
  check({ root }, graph) {
    const outer = clampOf(graph, root)
    if (!outer) return other
    const innerNode = graph.producer(outer.x.id)
    const inner = clampOf(graph, innerNode)
    const clamp = (x: number) => Math.min(Math.max(x, outer.interval[0]), outer.interval[1])
    const both: Interval = inner ? [clamp(inner.interval[0]), clamp(inner.interval[1])] : outer.interval
    const found = activations.find(([, [low, high]]) => low === both[0] && high === both[1])
    if (!found || (!inner && intervals.has(root.op))) return other
    return inner ? hit({ name: found[0], x: inner.x }, [innerNode!]) : hit({ name: found[0], x: outer.x })
  },
  rewrite: (_, { name, x }, b) => b.op(ops[name], [x]),
})
