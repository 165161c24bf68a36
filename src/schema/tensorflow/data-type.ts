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

/** QINT8, QUINT8, QINT32, QINT16, QUINT16: integers whose range of values goes beside them, as operands. */
const storageByCode: ReadonlyMap<number, DType> = new Map([
  [11, 'i8'],
  [12, 'u8'],
  [13, 'i32'],
  [15, 'i16'],
  [16, 'u16'],
])

/** Numbers by the names in text and JSON; a reference type has its own name and its base type's number plus 100. */
export const dataTypeCodes: ReadonlyMap<string, number> = new Map(
  [
    ['INVALID', 'FLOAT', 'DOUBLE', 'INT32', 'UINT8', 'INT16', 'INT8', 'STRING', 'COMPLEX64', 'INT64', 'BOOL', 'QINT8', 'QUINT8', 'QINT32'],
    ['BFLOAT16', 'QINT16', 'QUINT16', 'UINT16', 'COMPLEX128', 'HALF', 'RESOURCE', 'VARIANT', 'UINT32', 'UINT64', 'FLOAT8_E5M2'],
    ['FLOAT8_E4M3FN', 'FLOAT8_E4M3FNUZ', 'FLOAT8_E4M3B11FNUZ', 'FLOAT8_E5M2FNUZ', 'INT4', 'UINT4', 'INT2', 'UINT2', 'FLOAT4_E2M1FN'],
  ]
    .flat()
    .flatMap((name, code): [string, number][] => [
      [`DT_${name}`, code],
      [`DT_${name}_REF`, code + 100],
    ]),
)

const nameByCode: ReadonlyMap<number, string> = new Map([...dataTypeCodes].map(([name, code]) => [code, name]))

/** A reference type (the number plus 100) counts as its base type. */
function baseCode(code: number): number {
  return code > 100 ? code - 100 : code
}

/** The IR's dtype, or undefined when it has none. */
export function dtypeOfCode(code: number): DType | undefined {
  return dtypeByCode.get(baseCode(code)) ?? storageByCode.get(baseCode(code))
}

/** TensorFlow's number. */
export function codeOfDtype(dtype: DType): number {
  return codeByDtype.get(dtype)!
}

/** For messages. */
export function nameOfCode(code: number): string {
  return dtypeByCode.get(baseCode(code)) ?? nameByCode.get(baseCode(code)) ?? `data type ${code}`
}
