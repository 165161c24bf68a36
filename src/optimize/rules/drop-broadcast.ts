import { broadcastShapes, sameShape } from '../../core/shape.ts'
import * as binary from '../../ops/elementwise/binary.ts'
import { type OpPattern, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { broadcastRankOf } from '../splats.ts'
import { resultOf } from '../weighted.ts'

const names = Object.values(binary).map((spec) => spec.name as string)

const spreads: readonly OpPattern<'spread', 'x'>[] = [
  op(['broadcast_to', 'tile', 'reshape'], { as: 'spread', inputs: [value('x')] }),
  op('fill', { as: 'spread', inputs: [value(), value('x')] }),
]
const cases = ([0, 1] as const).flatMap((at) => spreads.map((spread) => ({ at, spread })))

/**
 * binary op on a value that was broadcast before, got leading dims of 1, or is one number everywhere  =>  the op on the value or number
 * itself, which broadcasts alike.
 */
export const dropBroadcast: readonly Rule[] = cases.map(({ at, spread }) =>
  rule('drop-broadcast', {
    semantics: 'exact',
    pattern: op(names, {
      as: 'root',
      inputs: at === 0 ? [spread, value('y')] : [value('y'), spread],
    }),
    check({ root, spread, x, y }, graph) {
      const { shape } = resultOf(graph, root).type
      const before = resultOf(graph, spread).type.shape
      const alike = broadcastShapes(x.type.shape, y.type.shape)
      if (!alike || !sameShape(alike, shape) || !isSpreadOf(spread.op, x.type.shape, before))
        return miss('without the broadcast before it the op has another result', spread)
      if (!sameShape(x.type.shape, y.type.shape) && shape.length > broadcastRankOf(root))
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
