import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

/** transpose(transpose(x, p), q)  =>  transpose(x, p then q), or x when they cancel. */
export const mergeTransposes = rule('merge-transposes', {
  semantics: 'exact',
  pattern: op('transpose', { inputs: [op('transpose', { as: 'inner', inputs: [value('x'), constant('p')] }), constant('q')] }),
  check({ inner, p, q }, graph) {
    const first = constInts(p)!
    const perm = constInts(q)!.map((k) => first[k]!)
    const cancels = perm.every((k, i) => k === i)
    if (!cancels && !isReadOnce(graph, inner)) return miss('the first transpose has other readers', inner)
    return hit({ perm, cancels })
  },
  rewrite: ({ x }, { perm, cancels }, b) => (cancels ? x : b.op(ops.transpose, [x, b.i32(perm)])),
})
