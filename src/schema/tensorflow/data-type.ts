import type { DType } from '../../core/dtype.ts'

/** TensorFlow's DataType numbers. @see tensorflow/core/framework/types.proto */
const dtypeByCode: ReadonlyMap<number, DType> = new Map([
  [1, 'f32'],
  [2, 'f64'],
  [3, 'i32'],
  [4, 'u8'],
  [5, 'i16'],
  [6, 'i8'],
  [7, 'string'],
  [8, 'c64'],
  [9, 'i64'],
  [10, 'bool'],
  [14, 'bf16'],
  [17, 'u16'],
  [18, 'c128'],
  [19, 'f16'],
  [20, 'resource'],
  [21, 'variant'],
  [22, 'u32'],
  [23, 'u64'],
  [29, 'i4'],
  [30, 'u4'],
  [31, 'i2'],
])
const codeByDtype: ReadonlyMap<DType, number> = new Map([...dtypeByCode].map(([code, dtype]) => [dtype, code]))

/** Types of which the IR has no form, named for messages. */
const otherNames: ReadonlyMap<number, string> = new Map([
  [0, 'DT_INVALID'],
  [11, 'DT_QINT8'],
  [12, 'DT_QUINT8'],
  [13, 'DT_QINT32'],
  [15, 'DT_QINT16'],
  [16, 'DT_QUINT16'],
  [24, 'DT_FLOAT8_E5M2'],
  [25, 'DT_FLOAT8_E4M3FN'],
  [26, 'DT_FLOAT8_E4M3FNUZ'],
  [27, 'DT_FLOAT8_E4M3B11FNUZ'],
  [28, 'DT_FLOAT8_E5M2FNUZ'],
  [32, 'DT_UINT2'],
  [33, 'DT_FLOAT4_E2M1FN'],
])

/** A reference type (the number plus 100) counts as its base type. */
function baseCode(code: number): number {
  return code > 100 ? code - 100 : code
}

/** The IR's dtype, or undefined when it has none. */
export function dtypeOfCode(code: number): DType | undefined {
  return dtypeByCode.get(baseCode(code))
}

/** TensorFlow's number. */
export function codeOfDtype(dtype: DType): number {
  return codeByDtype.get(dtype)!
}

/** For messages. */
export function nameOfCode(code: number): string {
  return dtypeByCode.get(baseCode(code)) ?? otherNames.get(baseCode(code)) ?? `data type ${code}`
}
