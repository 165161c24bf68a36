import { lazyConst } from '../../core/bytes.ts'
import type { TensorSliceProto } from '../../schema/tensorflow/checkpoint.ts'
import type { Decoded } from '../../wire/protobuf.ts'
import { storedBytes } from '../graph-def/constant.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'

/*
 * Parts of tensors, as partitioners of TensorFlow 1 store them.
 * @see tensorflow/core/framework/tensor_slice.h, tensorflow/core/util/saved_tensor_slice_util.cc
 */

/** A range of each dim. */
export type Box = readonly { readonly start: number; readonly length: number }[]
type Slice = Decoded<typeof TensorSliceProto>

export interface Stored {
  readonly box: Box
  read(): SourceConst
}

export function wholeOf(dims: readonly number[]): Box {
  return dims.map((length) => ({ start: 0, length }))
}

/** The stated part of a tensor; undefined when it is none. */
export function boxOf(slice: Slice, dims: readonly number[]): Box | undefined {
  const box = slice.extent.map(({ start, length }, i) => ({ start, length: length ?? dims[i] ?? -1 }))
  return isInside(box, dims) ? box : undefined
}

function isInside(box: Box, dims: readonly number[]): boolean {
  return (
    box.length === dims.length &&
    box.every(({ start, length }, i) => Number.isInteger(start + length) && start >= 0 && length >= 0 && start + length <= dims[i]!)
  )
}

/** The part that a restore op names, `4 6 0,2:-`: the dims, then for each `start,length` or `-`; all of it when empty. */
export function parseSlice(text: string, dims: readonly number[]): Box | undefined {
  if (text === '') return wholeOf(dims)
  const parts = text.split(' ').at(-1)!.split(':')
  const box = parts.map((part, i) => {
    const [, start, length] = /^(\d{1,15}),(\d{1,15})$/.exec(part) ?? []
    return part === '-' ? { start: 0, length: dims[i] ?? -1 } : { start: Number(start), length: Number(length) }
  })
  return isInside(box, dims) ? box : undefined
}

/** The key of a slice in the checkpoint's table, one character a byte. @see OrderedCode in tensorflow/core/lib/strings/ordered_code.cc */
export function sliceKey(name: string, slice: Slice): string {
  const escaped = [...new TextEncoder().encode(name)].flatMap((b) => (b === 0 ? [0, 255] : b === 255 ? [255, 0] : [b]))
  const extents = slice.extent.flatMap(({ start, length }) => [...signedCode(start), ...signedCode(length ?? -1)])
  return String.fromCharCode(0, ...escaped, 0, 1, ...unsignedCode(slice.extent.length), ...extents)
}

/** The count of bytes, then the bytes, the highest first. */
function unsignedCode(value: number): number[] {
  const bytes: number[] = []
  for (let left = value; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256)
  return [bytes.length, ...bytes]
}

/** 7 bits a byte; as many leading ones as there are bytes, inverted for the sign. */
function signedCode(value: number): number[] {
  const size = BigInt(value < 0 ? -value - 1 : value)
  const bits = size === 0n ? 0 : size.toString(2).length
  const count = Math.floor(bits / 7) + 1
  const header = ((1n << BigInt(count)) - 1n) << BigInt(8 * count - count)
  const coded = BigInt.asUintN(8 * count, BigInt(value)) ^ header
  return Array.from({ length: count }, (_, i) => Number((coded >> BigInt(8 * (count - 1 - i))) & 255n))
}

/** A part of a tensor put together from stored parts; undefined when these are no numbers of one type or do not cover it once. */
export function partOf(wanted: Box, stored: readonly Stored[]): SourceConst | undefined {
  const shape = wanted.map((d) => d.length)
  const exact = stored.find(({ box }) => box.every((d, i) => d.start === wanted[i]!.start && d.length === wanted[i]!.length))
  if (exact) {
    const part = exact.read()
    return part.shape.length === shape.length && part.shape.every((d, i) => d === shape[i]) ? part : undefined
  }
  const count = shape.reduce((a, b) => a * b, 1)
  const parts: { box: Box; common: Box; value: NumericConst }[] = []
  let covered = 0
  for (const { box, read } of stored) {
    const common = intersection(box, wanted)
    const size = common.reduce((n, d) => n * d.length, 1)
    if (size === 0) continue
    covered += size
    const value = read()
    if (value.dtype === 'string' || (parts[0] && parts[0].value.dtype !== value.dtype)) return undefined
    if (value.shape.length !== box.length || value.shape.some((d, i) => d !== box[i]!.length)) return undefined
    parts.push({ box, common, value: value as NumericConst })
  }
  const [first] = parts
  if (!first || covered !== count) return undefined
  const elementBytes = storedBytes(first.value.dtype)
  const data = lazyConst(count * elementBytes, () => {
    const out = new Uint8Array(count * elementBytes)
    for (const { box, common, value } of parts) copyBox(value.data.bytes(), box, out, wanted, common, elementBytes)
    return out
  })
  return { dtype: first.value.dtype, shape, data }
}

function intersection(a: Box, b: Box): Box {
  return a.map((d, i) => {
    const e = b[i]!
    const start = Math.max(d.start, e.start)
    return { start, length: Math.max(0, Math.min(d.start + d.length, e.start + e.length) - start) }
  })
}

/** Copies what `common` covers from an array over the box `from` to one over `to`, row by row. */
function copyBox(source: Uint8Array, from: Box, target: Uint8Array, to: Box, common: Box, elementBytes: number): void {
  const rank = common.length
  const rowBytes = (rank === 0 ? 1 : common[rank - 1]!.length) * elementBytes
  const rows = common.slice(0, -1).reduce((n, d) => n * d.length, 1)
  const place = (index: readonly number[], box: Box): number =>
    box.reduce((at, d, i) => at * d.length + (common[i]!.start + (index[i] ?? 0) - d.start), 0) * elementBytes
  const index = new Array<number>(Math.max(0, rank - 1)).fill(0)
  for (let row = 0; row < rows; row++) {
    const at = place(index, from)
    target.set(source.subarray(at, at + rowBytes), place(index, to))
    for (let d = rank - 2; d >= 0 && ++index[d]! === common[d]!.length; d--) index[d] = 0
  }
}
