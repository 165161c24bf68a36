import { broadcastShapes, sameShape } from '../../core/shape.ts'
import * as binary from '../../ops/elementwise/binary.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

const names = Object.values(binary).map((spec) => spec.name as string)

/** Ranks up to which a kernel broadcasts by itself. @see LiteRT kernels/{add,sub,mul,div,maximum_minimum,comparisons}.cc */
const broadcastRanks: Readonly<Record<string, number>> = { add: 6, sub: 6, mul: 6, div: 6, maximum: 5, minimum: 5, atan2: 0 }

/**
 * binary op on a value that was broadcast before, or got leading dims of 1  =>  the op on the value itself, which broadcasts alike.
 */
export const dropBroadcast: readonly Rule[] = ([0, 1] as const).map((at) =>
  rule('drop-broadcast', {
    semantics: 'exact',
    pattern: op(names, {
      as: 'root',
      inputs:
        at === 0
          ? [op(['broadcast_to', 'tile', 'reshape'], { as: 'spread', inputs: [value('x')] }), value('y')]
          : [value('y'), op(['broadcast_to', 'tile', 'reshape'], { as: 'spread', inputs: [value('x')] })],
    }),
    check({ root, spread, x, y }, graph) {
      const { shape } = resultOf(graph, root).type
      const before = resultOf(graph, spread).type.shape
      const alike = broadcastShapes(x.type.shape, y.type.shape)
      if (!alike || !sameShape(alike, shape) || !isSpreadOf(spread.op, x.type.shape, before))
        return miss('without the broadcast before it the op has another result', spread)
      if (!sameShape(x.type.shape, y.type.shape) && shape.length > (broadcastRanks[root.op] ?? 4))
        return miss('the kernel does not broadcast this rank', root)
      return hit()
    },
    rewrite: ({ root, x, y }, _, b) => b.like(root, { inputs: at === 0 ? [x, y] : [y, x] }),
  }),
)

/** Each element of the spread value is the one that broadcasting x gives. */
function isSpreadOf(name: string, x: readonly (number | string)[], spread: readonly (number | string)[]): boolean {
  const lead = spread.length - x.length
  const isLead = lead >= 0 && x.every((d, i) => d === spread[i + lead] || (d === 1 && name !== 'reshape'))
  return isLead && (name !== 'reshape' || spread.slice(0, lead).every((d) => d === 1))
}
