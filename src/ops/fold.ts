import { type ConstData, constFromBytes, lazyConst } from '../core/bytes.ts'
import { byteLengthOf, bytesOf } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Dim } from '../core/shape.ts'
import { elementCount, isStatic } from '../core/shape.ts'
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

/** Results of up to this many elements are computed at once, larger ones each time their bytes are asked for. */
const eagerFoldElements = 4096
/** A fold may add this many bytes beyond what its operands hold; above that the op stays (a FILL, a broadcast, a tile). */
const foldGrowthBudgetBytes = 65_536

/**
 * Results of an op on constants as constants: small ones computed now, large ones when read (nothing is held).
 * undefined when an operand is not constant, the op must stay, or folding would grow the file beyond the budget.
 */
export function foldConstants(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
): readonly ConstData[] | undefined {
  const present = inputs.filter((v) => v !== null)
  if (present.length === 0 || spec.sideEffect || spec.accuracy === 'random' || !present.every((v) => v.data)) return undefined
  if (!kernels[spec.name] || !types.every((t) => isStatic(t.shape) && t.dtype !== 'string')) return undefined
  const counts = types.map((t) => elementCount(t.shape)!)
  const sizes = types.map((t, i) => byteLengthOf(t.dtype, counts[i]!))
  if (counts.every((n) => n <= eagerFoldElements)) return evaluate(spec, attrs, inputs, types)?.map((a) => constFromBytes(a.bytes))
  const held = present.reduce((n, v) => n + v.data!.byteLength, 0)
  if (sizes.reduce((a, b) => a + b, 0) > held * 2 + foldGrowthBudgetBytes) return undefined
  return types.map((_, i) => lazyConst(sizes[i]!, () => evaluate(spec, attrs, inputs, types)![i]!.bytes))
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
