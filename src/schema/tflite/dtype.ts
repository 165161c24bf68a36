import type { DType } from '../../core/dtype.ts'
import type { TensorTypeName } from './enums.ts'

const typeOf: Readonly<Record<DType, TensorTypeName>> = {
  f32: 'FLOAT32',
  f16: 'FLOAT16',
  bf16: 'BFLOAT16',
  f64: 'FLOAT64',
  i2: 'INT2',
  i4: 'INT4',
  u4: 'UINT4',
  i8: 'INT8',
  i16: 'INT16',
  i32: 'INT32',
  i64: 'INT64',
  u8: 'UINT8',
  u16: 'UINT16',
  u32: 'UINT32',
  u64: 'UINT64',
  bool: 'BOOL',
  string: 'STRING',
  c64: 'COMPLEX64',
  c128: 'COMPLEX128',
  resource: 'RESOURCE',
  variant: 'VARIANT',
}
const dtypeOf: ReadonlyMap<string, DType> = new Map(Object.entries(typeOf).map(([dtype, type]) => [type, dtype as DType]))

export function tensorTypeOfDType(dtype: DType): TensorTypeName {
  return typeOf[dtype]
}

/** undefined for types without a `DType` (the 8-bit floats) and for unknown names. */
export function dtypeOfTensorType(type: string): DType | undefined {
  return dtypeOf.get(type)
}
