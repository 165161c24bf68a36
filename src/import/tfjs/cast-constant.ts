import { type ConstData, lazyConst } from '../../core/bytes.ts'
import { bytesOf, type DType, typedView } from '../../core/dtype.ts'
import { toHalf } from '../../core/half.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'

interface Cast {
  readonly elementBytes: number
  readonly of: (bytes: Uint8Array) => ArrayBufferView
}

/** What the converter narrowed when it wrote the weights, by the type of the weight and of the node. @see write_weights.py */
const casts: ReadonlyMap<string, Cast> = new Map<string, Cast>([
  ['i32 i64', { elementBytes: 8, of: (b) => BigInt64Array.from(typedView('i32', b), BigInt) }],
  ['f32 f64', { elementBytes: 8, of: (b) => Float64Array.from(typedView('f32', b)) }],
  ['f32 f16', { elementBytes: 2, of: (b) => toHalf(typedView('f32', b)) }],
  ['c64 c128', { elementBytes: 16, of: (b) => Float64Array.from(typedView('c64', b)) }],
])

/** A weight in the type of its node, cast when it is read; undefined for types that have nothing to do with each other. */
export function castConstant(weight: SourceConst, dtype: DType | undefined): SourceConst | undefined {
  if (weight.dtype === dtype) return weight
  const cast = casts.get(`${weight.dtype} ${dtype}`)
  if (!cast || weight.dtype === 'string') return undefined
  const count = weight.shape.reduce((n, d) => n * d, 1)
  const data: ConstData = lazyConst(count * cast.elementBytes, () => bytesOf(cast.of(weight.data.bytes())))
  return { dtype: dtype as NumericConst['dtype'], shape: weight.shape, data }
}
