import { type ByteSource, memorySource } from '../core/bytes.ts'
import { byteLengthOf, type DType } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { formatShape } from '../core/shape.ts'
import { malformed, truncated } from './diagnostics.ts'
import { gunzip, isGzip } from './gzip.ts'
import { swapBytes } from './swap-bytes.ts'

/** @see http://yann.lecun.com/exdb/mnist/ "THE IDX FILE FORMAT" */
const dtypes: ReadonlyMap<number, DType> = new Map([
  [0x08, 'u8'],
  [0x09, 'i8'],
  [0x0b, 'i16'],
  [0x0c, 'i32'],
  [0x0d, 'f32'],
  [0x0e, 'f64'],
])

/** What an IDX file holds, before its elements are read. */
export interface IdxFile {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** The file itself, inflated when it was gzipped. */
  readonly source: ByteSource
  readonly dataOffset: number
}

/** Bytes that begin like an IDX file (not gzipped). */
export function isIdx(head: Uint8Array): boolean {
  return head[0] === 0 && head[1] === 0 && dtypes.has(head[2] ?? -1) && (head[3] ?? 0) >= 1 && (head[3] ?? 0) <= 8
}

/**
 * Reads the header of an IDX file, plain or gzipped, and checks that the elements are there.
 * Throws `wire/malformed`, `wire/truncated`, and for gzip `wire/limit-exceeded` and `wire/checksum-mismatch`.
 */
export function openIdx(file: ByteSource): IdxFile {
  const name = file.name
  const isZipped = isGzip(file.read(0, Math.min(3, file.byteLength)))
  const source = isZipped ? memorySource(name, gunzip(file)) : file
  if (source.byteLength < 4) throw truncated({ file: name, what: 'IDX header' })
  const head = source.read(0, 4)
  if (!isIdx(head)) {
    const found = Array.from(head, (b) => b.toString(16).padStart(2, '0')).join(' ')
    throw malformed({ file: name, offset: 0, what: 'IDX header', expected: '00 00, a type code and 1 to 8 dims', actual: found })
  }
  const rank = head[3]!
  const dataOffset = 4 + 4 * rank
  if (source.byteLength < dataOffset) throw truncated({ file: name, offset: 4, what: 'IDX header' })
  const dims = source.read(4, 4 * rank)
  const view = new DataView(dims.buffer, dims.byteOffset, dims.byteLength)
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 * i, false))
  const dtype = dtypes.get(head[2]!)!
  const expected = byteLengthOf(
    dtype,
    shape.reduce((n, d) => n * d, 1),
  )
  const actual = source.byteLength - dataOffset
  if (actual < expected) {
    throw truncated({
      file: name,
      offset: dataOffset,
      what: 'IDX data',
      expected: `${expected} bytes for ${dtype}${formatShape(shape)}`,
      actual: `${actual}`,
    })
  }
  if (actual > expected) {
    throw malformed({
      file: name,
      offset: dataOffset + expected,
      what: 'IDX data',
      expected: `${expected} bytes for ${dtype}${formatShape(shape)}`,
      actual: `${actual}`,
    })
  }
  return { dtype, shape, source, dataOffset }
}

/** The whole array, little-endian. Throws what `openIdx` throws. */
export function readIdx(file: ByteSource): NdArray {
  const { dtype, shape, source, dataOffset } = openIdx(file)
  const raw = source.read(dataOffset, source.byteLength - dataOffset)
  return { dtype, shape, bytes: byteLengthOf(dtype, 1) > 1 ? swapBytes(dtype, raw) : raw }
}
