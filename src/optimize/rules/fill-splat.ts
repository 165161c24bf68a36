import { constFromBytes } from '../../core/bytes.ts'
import type { Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { repeatedElement } from '../constants.ts'
import { op } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { filledBytes, isBetterFilled, isRepeated } from '../splats.ts'

/** op on a large constant that is one number everywhere  =>  the op on a FILL, which takes less of the file. */
export const fillSplat = rule('fill-splat', {
  semantics: 'exact',
  pattern: op('*', { as: 'root' }),
  check({ root }, graph) {
    const large = graph.operands(root).filter((v) => v?.data && v.data.byteLength >= filledBytes && isRepeated(v))
    if (large.length === 0) return other
    const found = new Set(large.flatMap((v) => (isBetterFilled(graph, v!, v!.data!.byteLength) ? [v!.id] : [])))
    return found.size > 0 ? hit(found) : miss('an op reads the constant when it is prepared', root)
  },
  rewrite: ({ root }, found, b) =>
    b.allLike(root, { inputs: b.graph.operands(root).map((v) => (v && found.has(v.id) ? filled(b, v) : v)) }),
})

/** Past the builder's folding, which would make the constant again. */
function filled(b: RewriteBuilder, v: Value): Value {
  const { name, type } = v
  const inputs = [b.i32(type.shape as readonly number[]), b.const(name, type.dtype, [], constFromBytes(repeatedElement(v)!))]
  return b.graph.addNode({ op: ops.fill.name, attrs: {}, inputs, results: [{ name, type }], origin: b.origin }).results[0]!
}
