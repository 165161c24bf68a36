import { invariant } from '../../core/diagnostics.ts'
import type { DType } from '../../core/dtype.ts'
import type { TensorTypeName } from './enums.ts'

const names: Readonly<Record<DType, TensorTypeName>> = {
  f32: 'FLOAT32',
  f16: 'FLOAT16',
  bf16: 'BFLOAT16',
  f64: 'FLOAT64',
  i2: 'INT2',
  i4: 'INT4',
  i8: 'INT8',
  i16: 'INT16',
  i32: 'INT32',
  i64: 'INT64',
  u4: 'UINT4',
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
const dtypes = new Map(Object.entries(names).map(([dtype, name]) => [name as string, dtype as DType]))

/** `TensorType` name of a dtype. */
export function tensorTypeOfDType(dtype: DType): TensorTypeName {
  return names[dtype]
}

/** dtype of a `TensorType` name; undefined for one the IR does not have (the 8-bit floats, codes of newer schemas). */
export function findDType(tensorType: string): DType | undefined {
  return dtypes.get(tensorType)
}

/** The same where the reader has refused other types before. */
export function dtypeOfTensorType(tensorType: string): DType {
  const dtype = findDType(tensorType)
  invariant(dtype, `${tensorType} has no dtype`)
  return dtype
}
