import { type ConstData, constFromBytes, lazyConst } from '../core/bytes.ts'
import { byteLengthOf, bytesOf, type DType, isInteger, isViewable, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { scratch } from '../core/scratch.ts'
import type { Dim } from '../core/shape.ts'
import { elementCount, isStatic } from '../core/shape.ts'
import type { Attrs, Origin, TensorType, Value } from '../ir/types.ts'
import { floatKernels, keepsBytes, kernels, pieceKernels, placeKernels, readsQuantization } from './kernels.ts'
import type { OpSpec } from './spec.ts'
import { stateSteps, stepsOf } from './steps.ts'
import { knownDims } from './view.ts'

/** What a reference kernel gets: operands as arrays (null where absent) with their types, attributes, and the inferred result types. */
export interface KernelContext {
  readonly inputs: readonly (NdArray | null)[]
  readonly types: readonly (TensorType | null)[]
  readonly attrs: Attrs
  readonly results: readonly TensorType[]
  /** Told what a state holds, by the operand's position, as often as it changes. */
  readonly observe?: ((operand: number, state: Float32Array) => void) | undefined
}
/** Computes an op's results in plain, portable arithmetic: f32 ops round each step to f32, integers wrap as the TFLite kernel does. */
export type Kernel = (context: KernelContext) => readonly NdArray[]
/** For the first `count` elements of an op's one result, at most as many as it has, their places in the first operand, whose bytes are not there. */
export type PlaceKernel = (context: KernelContext, count: number) => readonly number[]
/** Computes the bytes of an op's one result in order, in pieces of about `pieceBytes`: see `ConstData.pieces`. */
export type PieceKernel = (context: KernelContext) => Iterable<Uint8Array>

/** Element types that kernels know; what each op takes of them its record says. */
const computable: ReadonlySet<DType> = new Set<DType>([
  ...(['f32', 'f16', 'bf16', 'f64', 'i4', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'] as const),
])

/** Ops with kernels for complex numbers: those that make them, read their parts, or move elements as bytes. */
const complexOps: ReadonlySet<string> = new Set(['rfft2d', 'real', 'imag', 'complex_abs', 'reshape'])

/** The op's kernel, when it can compute on these types: not on strings, nor on quantized numbers unless it reads their scales. */
function kernelFor(spec: OpSpec, operands: readonly (TensorType | null)[], results: readonly TensorType[]): Kernel | undefined {
  const types = [...operands.filter((t) => t !== null), ...results]
  const isComputable = ({ dtype }: TensorType) => computable.has(dtype) || (dtype === 'c64' && complexOps.has(spec.name))
  if (!types.every(isComputable) || !results.every((t) => isStatic(t.shape) && t.shape.every((d) => d >= 0))) return undefined
  if (readsQuantization.has(spec.name)) {
    if (types.some((t) => isInteger(t.dtype) && !t.quant)) return undefined
  } else if (types.some((t) => t.quant)) return undefined
  if (floatKernels.has(spec.name) && !operands.every((t, i) => isFloatOrIndex(spec, t, i))) return undefined
  return kernels[spec.name]
}

/** f32 wherever the record takes it. */
function isFloatOrIndex(spec: OpSpec, type: TensorType | null, index: number): boolean {
  const operand = spec.operands[Math.min(index, spec.operands.length - 1)]
  return type === null || type.dtype === 'f32' || !operand?.dtypes.includes('f32')
}

/** Runs an op on constants; undefined when it has no reference kernel for the types or a result shape is symbolic. */
export function evaluate(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  results: readonly TensorType[],
  observe?: KernelContext['observe'],
): readonly NdArray[] | undefined {
  const types = inputs.map((v) => v?.type ?? null)
  const kernel = kernelFor(spec, types, results)
  return kernel?.({ inputs: inputs.map((v) => (v ? constArray(v) : null)), types, attrs, results, observe })
}

/** Results of up to this many elements are computed at once, larger ones each time their bytes are asked for. */
const eagerFoldElements = 4096
/** Results of up to this many bytes are folded under any limit: shapes, axes and scalars, which lowerings and rules ask for. */
const alwaysFoldBytes = 1024
/** What a fold may add to the file when nobody says. */
export const defaultFoldLimitBytes = 65_536

export interface FoldOptions {
  /** A result may be this many bytes larger than twice its operands; above that the op stays (a FILL, a broadcast, a tile). */
  readonly limitBytes: number
  readonly origin: Origin
}

/** What a folded constant was computed from. */
export interface Folded {
  /** Constants of the source. */
  readonly from: ReadonlySet<ConstData>
  /** Source layers whose ops were folded. */
  readonly layers: ReadonlySet<string>
}
const folds = new WeakMap<ConstData, Folded>()

/** What a constant was folded from; undefined for those of the source, and for those that rules made. */
export function foldedFrom(data: ConstData): Folded | undefined {
  return folds.get(data)
}

/**
 * Results of an op on constants as constants: small ones computed now, large ones when read (nothing is held).
 * undefined when an operand is not constant, the op must stay, or folding would grow the file beyond the limit.
 */
export function foldConstants(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
  options: FoldOptions,
): readonly ConstData[] | undefined {
  const present = inputs.filter((v) => v !== null)
  if (present.length === 0 || spec.sideEffect || spec.accuracy === 'random' || !present.every((v) => v.data)) return undefined
  const operands = inputs.map((v) => v?.type ?? null)
  if (!kernelFor(spec, operands, types)) return undefined
  if (keepsBytes.has(spec.name)) return [inputs[0]!.data!]
  const counts = types.map((t) => elementCount(t.shape)!)
  const sizes = types.map((t, i) => byteLengthOf(t.dtype, counts[i]!))
  const held = present.reduce((n, v) => n + v.data!.byteLength, 0)
  const made = sizes.reduce((a, b) => a + b, 0)
  if (made > Math.max(held * 2 + options.limitBytes, alwaysFoldBytes)) return undefined
  const results = counts.every((n) => n <= eagerFoldElements)
    ? evaluate(spec, attrs, inputs, types)?.map((a) => constFromBytes(a.bytes))
    : laterFold(spec, attrs, inputs, types, sizes)
  const folded = foldOf(
    present.map((v) => v.data!),
    options.origin,
  )
  if (folded) for (const data of results ?? []) folds.set(data, folded)
  if (results?.length === 1) carrySteps(spec, attrs, inputs, types, sizes, results[0]!)
  return results
}

/** Multiplies the steps of a grid that it multiplies the elements of. */
const scalesSteps: ReadonlySet<string> = new Set(['mul', 'div'])

/** The result of moving or scaling elements that lie on a grid lies on one too. */
function carrySteps(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
  sizes: readonly number[],
  result: ConstData,
): void {
  const [x, y] = inputs
  const isScaled = scalesSteps.has(spec.name)
  const at = isScaled && spec.name === 'mul' && y?.data && stepsOf(y.data) ? 1 : 0
  const steps = inputs[at]?.data && stepsOf(inputs[at]!.data!)
  if (!steps || !(isScaled ? steps.zeroPoint === 128 : spec.movesElements === true)) return
  const moved = inputs.map((v, i) => (i === at ? { ...v!, data: steps.of } : v))
  const [made] = laterFold(spec, attrs, moved, types, sizes)
  const factor = isScaled ? (at === 1 ? x : y) : undefined
  if (factor?.data && stepsOf(factor.data)) return
  const of = isScaled ? lazyConst(sizes[0]!, () => bytesOf(typedView('f32', made!.bytes()).map(Math.abs))) : made!
  stateSteps(result, { of, zeroPoint: steps.zeroPoint })
}

function laterFold(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
  sizes: readonly number[],
): readonly ConstData[] {
  const key = foldKey(spec, attrs, inputs)
  const pieces = foldPieces(spec, attrs, inputs, types)
  const parts = { pieces, head: foldHead(spec, attrs, inputs, types) }
  return types.map((_, i) => lazyConst(sizes[i]!, () => evaluate(spec, attrs, inputs, types)![i]!.bytes, key && `${key}#${i}`, parts))
}

/** A result of more than this counts as a constant of its own. */
const trackedSources = 64

function foldOf(operands: readonly ConstData[], origin: Origin): Folded | undefined {
  const before = operands.map((data) => folds.get(data))
  const from = new Set(operands.flatMap((data, i) => (before[i] ? [...before[i].from] : [data])))
  const layers = new Set([...before.flatMap((f) => (f ? [...f.layers] : [])), ...origin.source.slice(0, 1)])
  return from.size + layers.size > trackedSources ? undefined : { from, layers }
}

function foldPieces(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  results: readonly TensorType[],
): (() => Iterable<Uint8Array>) | undefined {
  const kernel = pieceKernels[spec.name]
  const [x] = inputs
  if (!kernel || !x || !isViewable(x.type.dtype)) return undefined
  const arrays = () => inputs.map((v) => (v ? constArray(v, v === x ? scratch('operand', v.data!.byteLength) : undefined) : null))
  return () => kernel({ inputs: arrays(), types: inputs.map((v) => v?.type ?? null), attrs, results })
}

/** The first elements of a result, where the op moves those of an operand whose first bytes can be had. */
function foldHead(spec: OpSpec, attrs: Attrs, inputs: readonly (Value | null)[], results: readonly TensorType[]): ConstData['head'] {
  const places = placeKernels[spec.name]
  const [x, ...others] = inputs
  if (!places || !x?.data?.head || !isViewable(x.type.dtype)) return undefined
  const { data, type } = x
  const size = byteLengthOf(type.dtype, 1)
  return (n) => {
    const from = { dtype: type.dtype, shape: type.shape as readonly number[], bytes: new Uint8Array() }
    const context = {
      inputs: [from, ...others.map((v) => (v ? constArray(v) : null))],
      types: inputs.map((v) => v?.type ?? null),
      attrs,
      results,
    }
    const found = places(context, Math.floor(n / size))
    const bytes = data.head!(size * (1 + Math.max(...found)))
    const out = new Uint8Array(size * found.length)
    for (const [i, place] of found.entries()) out.set(bytes.subarray(size * place, size * (place + 1)), size * i)
    return out
  }
}

/** Equal for folds of the same op over the same constants; small operands stand for themselves. */
function foldKey(spec: OpSpec, attrs: Attrs, inputs: readonly (Value | null)[]): string | undefined {
  const parts = inputs.map((v) => (v === null ? '-' : (v.data!.key ?? (v.data!.byteLength <= 256 ? v.data!.bytes().join() : undefined))))
  if (parts.includes(undefined)) return undefined
  return `${spec.name}${JSON.stringify(attrs)}(${inputs.map((v, i) => `${v?.type.dtype}[${v?.type.shape.join()}]=${parts[i]}`).join(';')})`
}

/** The elements of a constant; `into` may be used to hold them. */
export function constArray(value: Value, into?: Uint8Array): NdArray {
  return { dtype: value.type.dtype, shape: value.type.shape as readonly number[], bytes: value.data!.bytes(into) }
}

/**
 * Known elements of each result when operands hold symbolic dims. Ops that only move elements are run on
 * positions in a table of dims; so shape arithmetic is written once, in the kernels.
 */
export function foldDims(
  spec: OpSpec,
  attrs: Attrs,
  inputs: readonly (Value | null)[],
  types: readonly TensorType[],
): readonly (readonly Dim[])[] | undefined {
  if (spec.dims) {
    const dims = spec.dims({ attrs, values: inputs })
    return dims && [dims]
  }
  if (!spec.movesElements || !types.every((t) => isStatic(t.shape)) || !inputs.some((v) => v?.dims)) return undefined
  const table: Dim[] = []
  const arrays: (NdArray | null)[] = []
  for (const [i, v] of inputs.entries()) {
    if (v && carriesElements(spec, i)) {
      const dims = knownDims(v)
      if (!dims) return undefined
      const positions = Int32Array.from(dims, (d) => table.push(d) - 1)
      arrays.push({ dtype: 'i32', shape: v.type.shape as number[], bytes: bytesOf(positions) })
    } else if (v === null || v.data) arrays.push(v ? constArray(v) : null)
    else return undefined
  }
  const kernel = kernels[spec.name]
  const results = kernel?.({
    inputs: arrays,
    types: inputs.map((v) => v?.type ?? null),
    attrs,
    results: types.map((t) => ({ ...t, dtype: 'i32' as const })),
  })
  return results?.map((r) => Array.from(typedView('i32', r.bytes), (k) => table[k]!))
}

/** All results hold elements of this operand as they are, in whatever type. */
export function passesOn(spec: OpSpec, index: number): boolean {
  if (!spec.passesOn) return carriesElements(spec, index)
  const operand = spec.operands[Math.min(index, spec.operands.length - 1)]
  return operand !== undefined && spec.passesOn.includes(operand.name)
}

/** Elements of the result come from this operand; the others are axes, sizes, indices. */
export function carriesElements(spec: OpSpec, index: number): boolean {
  if (typeof spec.movesElements === 'string') return spec.operands[index]?.name === spec.movesElements
  return spec.movesElements === true && (index === 0 || spec.operands.at(-1)?.variadic === true)
}
