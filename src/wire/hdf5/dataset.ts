import { unzlibSync } from 'fflate'
import { type ConstData, constFromBytes, constFromSource, lazyConst } from '../../core/bytes.ts'
import { stridesOf } from '../../core/shape.ts'
import { swapBytes } from '../swap-bytes.ts'
import { type Datatype, readDataspace, readDatatype } from './datatype.ts'
import type { Hdf5Dataset } from './hdf5.ts'
import { treeLeaves } from './links.ts'
import { type Message, messageTypes } from './object-header.ts'
import { type Layout, Region } from './region.ts'

/** Bytes of one dataset; larger ones are not weights that any format could hold. */
const maxBytes = 2 ** 40
const filterNames: ReadonlyMap<number, string> = new Map([
  [1, 'deflate'],
  [2, 'shuffle'],
  [3, 'fletcher32'],
  [4, 'szip'],
  [5, 'nbit'],
  [6, 'scaleoffset'],
])
/** Bytes of a dataset in chunks, which is put together in memory. */
const maxChunkedBytes = 2 ** 32
/** No stream of deflate expands more than this. @see https://zlib.net/zlib_tech.html */
const maxDeflateRatio = 1032

/** The numeric dataset that the messages describe. `stated` is its attribute `dtype`, by which Keras marks bfloat16. */
export function readDataset(layout: Layout, messages: readonly Message[], stated: string | undefined): Hdf5Dataset | undefined {
  const find = (type: number): Region | undefined => {
    const message = messages.find((m) => m.type === type)
    const body = message?.open()
    if (message?.isShared) throw body!.bad('a description of its own', 'one shared with other objects')
    return body
  }
  const space = find(messageTypes.dataspace)
  const type = find(messageTypes.datatype)
  const storage = find(messageTypes.layout)
  if (!space || !type || !storage) return undefined
  const shape = readDataspace(space)
  const datatype = asBfloat16(readDatatype(type), stated)
  if (datatype.kind !== 'number') throw type.bad('numbers', datatype.kind === 'other' ? datatype.name : 'text')
  if (!shape) throw space.bad('sizes', 'the null space')
  const byteLength = shape.reduce((n, d) => n * d, 1) * datatype.size
  if (!(byteLength <= maxBytes)) throw space.limit(`at most ${maxBytes} bytes`, `${byteLength}`)
  if (find(messageTypes.externalFiles)) throw storage.bad('elements in this file', 'elements in other files')
  const data = readStorage(layout, storage, find(messageTypes.filters), shape, datatype.size, byteLength)
  const { dtype, isBigEndian } = datatype
  return { dtype, shape, data: isBigEndian && datatype.size > 1 ? lazyConst(byteLength, () => swapBytes(dtype, data.bytes())) : data }
}

/** Keras states the type of weights that h5py writes as two bytes of no known kind; files of Keras 2 and legacy files leave it out. */
function asBfloat16(type: Datatype, stated: string | undefined): Datatype {
  const isOpaque = stated === 'bfloat16' ? type.kind === 'other' || type.kind === 'number' : stated === undefined && isOpaqueType(type)
  return isOpaque && type.size === 2 ? { kind: 'number', dtype: 'bf16', size: 2, isBigEndian: false } : type
}

const isOpaqueType = (type: Datatype): boolean => type.kind === 'other' && type.name === 'opaque'

/** @see HDF5 File Format Specification 3.0, IV.A.2.i */
function readStorage(
  layout: Layout,
  body: Region,
  filters: Region | undefined,
  shape: readonly number[],
  size: number,
  byteLength: number,
): ConstData {
  const version = body.u8()
  if (version !== 3 && version !== 4) throw body.bad('version 3 or 4 of a storage layout', `${version}`)
  const storage = body.u8()
  if (storage === 0) {
    const bytes = body.take(body.u16())
    if (bytes.byteLength < byteLength) throw body.bad(`${byteLength} bytes`, `${bytes.byteLength}`)
    return constFromBytes(bytes.subarray(0, byteLength))
  }
  if (storage === 1) {
    const address = body.address()
    if (address === undefined) return neverWritten(body, byteLength)
    const stored = body.length()
    if (stored < byteLength) throw body.bad(`${byteLength} bytes`, `${stored}`)
    // Checked here, so that what reads the elements later need not.
    Region.check(layout, 'dataset', address, byteLength)
    return constFromSource(layout.source, layout.base + address, byteLength)
  }
  if (storage !== 2 || version !== 3)
    throw body.bad(
      'elements in one piece, or in chunks of a B-tree',
      storage === 3 ? 'a virtual dataset' : `storage of class ${storage}, version ${version}`,
    )
  return readChunked(layout, body, filters, shape, size, byteLength)
}

function neverWritten(body: Region, byteLength: number): ConstData {
  if (byteLength === 0) return constFromBytes(new Uint8Array())
  throw body.bad('elements', 'a dataset that was never written')
}

interface Filter {
  readonly id: number
}

function readChunked(
  layout: Layout,
  body: Region,
  filters: Region | undefined,
  shape: readonly number[],
  size: number,
  byteLength: number,
): ConstData {
  const rank = body.u8() - 1
  const address = body.address()
  const chunk = Array.from({ length: rank + 1 }, () => body.u32())
  if (rank !== shape.length || chunk.pop() !== size || chunk.some((d) => d === 0))
    throw body.bad(`chunks of ${shape.length} axes`, `${rank}`)
  if (address === undefined) return neverWritten(body, byteLength)
  const pipeline = filters ? readFilters(filters) : []
  const chunkBytes = chunk.reduce((n, d) => n * d, 1) * size
  const limit = Math.min(layout.source.byteLength * maxDeflateRatio, maxChunkedBytes)
  const grid = shape.reduce((n, d, axis) => n * Math.ceil(d / chunk[axis]!), 1)
  if (!(byteLength <= limit && chunkBytes <= limit))
    throw body.limit(`at most ${limit} bytes, as large as the file can expand to`, `${Math.max(byteLength, chunkBytes)}`)
  const readKey = (region: Region) => {
    const stored = region.u32()
    const mask = region.u32()
    const origin = Array.from({ length: rank + 1 }, () => region.unsigned(8))
    return { stored, mask, origin: origin.slice(0, rank) }
  }
  return lazyConst(byteLength, () => {
    const out = new Uint8Array(byteLength)
    let left = grid
    for (const { key, child } of treeLeaves(layout, address, 1, readKey)) {
      const raw = Region.open(layout, 'chunk', child, key.stored)
      if (--left < 0) throw raw.bad(`${grid} chunks`, 'more')
      if (chunkBytes > key.stored * maxDeflateRatio)
        throw raw.limit(`at most ${maxDeflateRatio} bytes for each of ${key.stored}`, `${chunkBytes}`)
      const bytes = pipeline.reduceRight((b, f, i) => ((key.mask >> i) & 1 ? b : undoFilter(raw, f, b, size, chunkBytes)), raw.bytes)
      if (bytes.byteLength < chunkBytes) throw raw.bad(`${chunkBytes} bytes`, `${bytes.byteLength}`)
      if (key.origin.some((o, axis) => o >= shape[axis]!)) continue
      placeChunk(out, bytes, shape, chunk, key.origin, size)
    }
    return out
  })
}

/** @see HDF5 File Format Specification 3.0, IV.A.2.l */
function readFilters(body: Region): Filter[] {
  const version = body.u8()
  if (version !== 1 && version !== 2) throw body.bad('version 1 or 2 of a filter pipeline', `${version}`)
  const count = body.u8()
  if (version === 1) body.skip(6)
  return Array.from({ length: count }, () => {
    const id = body.u16()
    const nameLength = version === 1 || id >= 256 ? body.u16() : 0
    body.skip(2)
    const values = body.u16()
    body.skip(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength)
    body.skip(4 * (version === 1 && values % 2 === 1 ? values + 1 : values))
    if (id !== 1 && id !== 2 && id !== 3) throw body.bad('deflate, shuffle or fletcher32', filterNames.get(id) ?? `filter ${id}`)
    return { id }
  })
}

function undoFilter(raw: Region, { id }: Filter, bytes: Uint8Array, size: number, chunkBytes: number): Uint8Array {
  if (id === 3) return bytes.subarray(0, Math.max(0, bytes.byteLength - 4))
  if (id === 2) return unshuffle(bytes, size)
  try {
    return unzlibSync(bytes, { out: new Uint8Array(chunkBytes) })
  } catch (cause) {
    throw raw.bad('a deflate stream', cause instanceof Error ? cause.message : String(cause))
  }
}

/** Bytes that were grouped by their place in the element, as elements again. */
function unshuffle(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.byteLength / size)
  const out = new Uint8Array(bytes)
  for (let b = 0; b < size; b++) for (let i = 0; i < count; i++) out[i * size + b] = bytes[b * count + i]!
  return out
}

function placeChunk(
  out: Uint8Array,
  bytes: Uint8Array,
  shape: readonly number[],
  chunk: readonly number[],
  origin: readonly number[],
  size: number,
): void {
  if (shape.length === 0) {
    out.set(bytes.subarray(0, size))
    return
  }
  const last = shape.length - 1
  const extent = shape.map((d, axis) => Math.min(chunk[axis]!, d - origin[axis]!))
  const outStrides = stridesOf(shape)
  const chunkStrides = stridesOf(chunk)
  const run = extent[last]! * size
  const rows = extent.slice(0, last).reduce((n, d) => n * d, 1)
  const index = new Array<number>(last).fill(0)
  for (let r = 0; r < rows; r++) {
    let from = 0
    let to = origin[last]!
    for (let axis = 0; axis < last; axis++) {
      from += index[axis]! * chunkStrides[axis]!
      to += (origin[axis]! + index[axis]!) * outStrides[axis]!
    }
    out.set(bytes.subarray(from * size, from * size + run), to * size)
    for (let axis = last - 1; axis >= 0; axis--) {
      if (++index[axis]! < extent[axis]!) break
      index[axis] = 0
    }
  }
}
