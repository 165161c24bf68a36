import type { DType } from '../../core/dtype.ts'
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

export const isFloat = (dtype: DType | undefined): boolean => dtype === 'f32' || dtype === 'f16' || dtype === 'bf16' || dtype === 'f64'
