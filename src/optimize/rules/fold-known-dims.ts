import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/** Shape arithmetic whose elements are all known numbers  =>  constant. */
export const foldKnownDims = rule('fold-known-dims', {
  semantics: 'exact',
  pattern: op('*', { as: 'root' }),
  check({ root }, graph) {
    if (root.outputs.length !== 1) return other
    const { dims, type, name } = resultOf(graph, root)
    if (!dims?.every((d) => typeof d === 'number')) return other
    if (type.dtype !== 'i32' && type.dtype !== 'i64') return other
    const elements = type.dtype === 'i32' ? Int32Array.from(dims) : BigInt64Array.from(dims, BigInt)
    return hit({ name, type, data: constFromBytes(bytesOf(elements)) })
  },
  rewrite: (_, { name, type, data }, b) => b.graph.addConst(name, type, data),
})
