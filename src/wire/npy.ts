import type { ByteSource } from '../core/bytes.ts'
import { byteLengthOf, type DType } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { formatShape, stridesOf } from '../core/shape.ts'
import { limitExceeded, malformed, truncated } from './diagnostics.ts'
import { parseNpyHeader } from './npy-header.ts'
import { swapBytes } from './swap-bytes.ts'

/** What a `.npy` file holds, before its elements are read. */
export interface NpyFile {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Column-major elements. */
  readonly isFortran: boolean
  readonly isBigEndian: boolean
  readonly dataOffset: number
  readonly byteLength: number
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** A header states one shape; anything longer is not one. */
const maxHeaderBytes = 1 << 16
const maxRank = 64

/** Bytes that begin like a `.npy` file. */
export function isNpy(head: Uint8Array): boolean {
  return magic.every((b, i) => head[i] === b)
}

/**
 * Reads the header of a `.npy` file and checks that the elements are there.
 * Throws `wire/malformed`, `wire/truncated`, `wire/limit-exceeded`.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function openNpy(source: ByteSource): NpyFile {
  const file = source.name
  if (source.byteLength < 10) throw truncated({ file, what: 'npy header' })
  const head = source.read(0, Math.min(12, source.byteLength))
  if (!isNpy(head))
    throw malformed({ file, offset: 0, what: 'npy header', expected: 'the bytes \\x93NUMPY', hint: 'Save the array with numpy.save.' })
  const major = head[6]!
  if (major < 1 || major > 3)
    throw malformed({ file, offset: 6, what: 'npy header', expected: 'version 1, 2 or 3', actual: `${major}.${head[7]}` })
  const prefix = major === 1 ? 10 : 12
  if (source.byteLength < prefix) throw truncated({ file, what: 'npy header' })
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (headerLength > maxHeaderBytes) {
    throw limitExceeded({ file, offset: 8, what: 'npy header', expected: `at most ${maxHeaderBytes} bytes`, actual: `${headerLength}` })
  }
  const dataOffset = prefix + headerLength
  if (dataOffset > source.byteLength) {
    throw truncated({ file, what: 'npy header', expected: `${headerLength} bytes`, actual: `${source.byteLength - prefix}` })
  }
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(source.read(prefix, headerLength))
  const { dtype, isBigEndian, isFortran, shape } = parseNpyHeader(file, text, prefix)
  if (shape.length > maxRank)
    throw limitExceeded({ file, what: 'npy shape', expected: `at most ${maxRank} dims`, actual: `${shape.length}` })
  const byteLength = byteLengthOf(
    dtype,
    shape.reduce((n, d) => n * d, 1),
  )
  if (!(byteLength <= source.byteLength - dataOffset)) {
    throw truncated({
      file,
      offset: dataOffset,
      what: 'npy data',
      expected: `${byteLength} bytes for ${dtype}${formatShape(shape)}`,
      actual: `${source.byteLength - dataOffset}`,
    })
  }
  return { dtype, shape, isFortran, isBigEndian, dataOffset, byteLength }
}

/** The whole array, row-major and little-endian: a view where the file is so and in memory. Throws what `openNpy` throws. */
export function readNpy(source: ByteSource): NdArray {
  const npy = openNpy(source)
  const raw = source.read(npy.dataOffset, npy.byteLength)
  const ordered = npy.isFortran ? toRowMajor(raw, npy) : raw
  return { dtype: npy.dtype, shape: npy.shape, bytes: npy.isBigEndian ? swapBytes(npy.dtype, ordered) : ordered }
}

/** Column-major elements in row-major order. */
function toRowMajor(raw: Uint8Array, { dtype, shape }: NpyFile): Uint8Array {
  const count = shape.reduce((n, d) => n * d, 1)
  if (shape.length < 2 || count === 0) return raw
  const size = byteLengthOf(dtype, 1)
  const out = new Uint8Array(raw.length)
  const strides = stridesOf(shape)
  const index = new Array<number>(shape.length).fill(0)
  let target = 0
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < size; b++) out[target * size + b] = raw[i * size + b]!
    for (let axis = 0; axis < shape.length; axis++) {
      target += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      target -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return out
}
