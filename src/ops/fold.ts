import { bytesOf } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Dim } from '../core/shape.ts'
import { isStatic } from '../core/shape.ts'
import type { Attrs, TensorType, Value } from '../ir/types.ts'
import { kernels } from './kernels.ts'
import type { OpSpec } from './spec.ts'
import { knownDims } from './view.ts'

/** What a reference kernel gets: operands as arrays (null where absent), attributes, and the inferred result types. */
export interface KernelContext {
  readonly inputs: readonly (NdArray | null)[]
  readonly attrs: Attrs
  readonly results: readonly TensorType[]
}
/** Computes an op's results in plain, portable arithmetic: f32 ops round each step to f32, integers wrap as the TFLite kernel does. */
export type Kernel = (context: KernelContext) => readonly NdArray[]

/** Runs an op on constants; undefined when it has no reference kernel or a result shape is symbolic. */
export function evaluate(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
): readonly NdArray[] | undefined {
  const kernel = kernels[spec.name]
  if (!kernel || !types.every((t) => isStatic(t.shape))) return undefined
  return kernel({ inputs: inputs.map((v) => (v ? constArray(v) : null)), attrs, results: types })
}

export function constArray(value: Value): NdArray {
  return { dtype: value.type.dtype, shape: value.type.shape as readonly number[], bytes: value.data!.bytes() }
}

/**
 * Known elements of the first result when operands hold symbolic dims. Ops that only move elements are run on
 * positions in a table of dims; so shape arithmetic is written once, in the kernels.
 */
export function foldDims(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
): readonly Dim[] | undefined {
  if (spec.dims) return spec.dims({ attrs, values: inputs })
  const [type] = types
  if (!spec.movesElements || !type || !isStatic(type.shape) || !inputs.some((v) => v?.dims)) return undefined
  const table: Dim[] = []
  const arrays: (NdArray | null)[] = []
  for (const v of inputs) {
    if (v?.dims) {
      const positions = Int32Array.from(v.dims, (d) => table.push(d) - 1)
      arrays.push({ dtype: v.type.dtype === 'i64' ? 'i32' : v.type.dtype, shape: v.type.shape as number[], bytes: bytesOf(positions) })
    } else if (v?.data && carriesElements(spec, inputs.indexOf(v))) {
      const positions = Int32Array.from(knownDims(v) ?? [], (d) => table.push(d) - 1)
      arrays.push({ dtype: 'i32', shape: v.type.shape as number[], bytes: bytesOf(positions) })
    } else if (v === null || v.data) arrays.push(v ? constArray(v) : null)
    else return undefined
  }
  const kernel = kernels[spec.name]
  const results = kernel?.({ inputs: arrays, attrs, results: types.map((t) => ({ ...t, dtype: 'i32' as const })) })
  const first = results?.[0]
  if (!first) return undefined
  return Array.from(new Int32Array(first.bytes.buffer, first.bytes.byteOffset, first.bytes.byteLength / 4), (k) => table[k]!)
}

function carriesElements(spec: OpSpec, index: number): boolean {
  return spec.movesElements === true && (index === 0 || spec.operands.at(-1)?.variadic === true)
}
