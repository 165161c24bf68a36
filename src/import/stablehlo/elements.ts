import type { DType } from '../../core/dtype.ts'
import { toHalfBits } from '../../core/half.ts'
import type { MlirType } from '../../wire/mlir/types.ts'
import type { NumericConst } from '../source-graph.ts'

const names: ReadonlyMap<string, NumericConst['dtype']> = new Map([
  ['i1', 'bool'],
  ['complex<f32>', 'c64'],
  ['complex<f64>', 'c128'],
  ...(['f16', 'bf16', 'f32', 'f64', 'i4', 'i8', 'i16', 'i32', 'i64'] as const).map((n) => [n, n] as const),
  ...(['u4', 'u8', 'u16', 'u32', 'u64'] as const).map((n) => [`ui${n.slice(1)}`, n] as const),
])

/** The IR's dtype of an element of MLIR; undefined where it has none. */
export function dtypeOf(type: MlirType): NumericConst['dtype'] | undefined {
  return type.kind === 'tensor' || type.kind === 'unranked' ? names.get(type.element) : undefined
}

/** Elements as they lie in memory. */
export function typedArray(dtype: NumericConst['dtype'], values: readonly number[]): ArrayBufferView {
  switch (dtype) {
    case 'f32':
      return Float32Array.from(values)
    case 'f64':
      return Float64Array.from(values)
    case 'i64':
      return BigInt64Array.from(values, (v) => BigInt(v))
    case 'u64':
      return BigUint64Array.from(values, (v) => BigInt(v))
    case 'i32':
      return Int32Array.from(values)
    case 'u32':
      return Uint32Array.from(values)
    case 'i16':
      return Int16Array.from(values)
    case 'u16':
      return Uint16Array.from(values)
    case 'f16':
      return Uint16Array.from(values, toHalfBits)
    case 'bf16':
      return Uint16Array.from(values, (v) => new Uint32Array(Float32Array.of(v).buffer)[0]! >>> 16)
    case 'c64':
      return Float32Array.from(values.flatMap((v) => [v, 0]))
    case 'c128':
      return Float64Array.from(values.flatMap((v) => [v, 0]))
    default:
      return Int8Array.from(values)
  }
}

export const isFloat = (dtype: DType | undefined): boolean => dtype === 'f32' || dtype === 'f16' || dtype === 'bf16' || dtype === 'f64'
