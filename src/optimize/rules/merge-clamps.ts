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

function activationFor([low, high]: Interval) {
  return activations.find(([, interval]) => interval[0] === low && interval[1] === high)?.[0]
}

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
    if (innerNode && inner) {
      const clamp = (x: number) => Math.min(Math.max(x, outer.interval[0]), outer.interval[1])
      const both = activationFor([clamp(inner.interval[0]), clamp(inner.interval[1])])
      if (both) return hit({ name: both, x: inner.x }, [innerNode])
    }
    const alone = intervals.has(root.op) ? undefined : activationFor(outer.interval)
    return alone ? hit({ name: alone, x: outer.x }) : other
  },
  rewrite: (_, { name, x }, b) => b.op(ops[name], [x]),
})
