import { type Datatype, readDataspace, readDatatype } from './datatype.ts'
import { type Message, messageTypes } from './object-header.ts'
import { decodeText, type Layout, Region } from './region.ts'

const maxElements = 1 << 20
const maxTextBytes = 64 << 20

/**
 * An attribute of an object as strings, numbers in decimal; undefined when there is none of the name, or it is of the null space.
 * @see HDF5 File Format Specification 3.0, IV.A.2.m
 */
export function readAttribute(layout: Layout, messages: readonly Message[], name: string): string[] | undefined {
  for (const m of messages) {
    if (m.type === messageTypes.attributeInfo) refuseDenseAttributes(m.open())
    if (m.type !== messageTypes.attribute || m.isShared) continue
    const body = m.open()
    const found = openAttribute(body, name)
    if (found) return readElements(layout, body, found)
  }
  return undefined
}

function refuseDenseAttributes(info: Region): void {
  info.skip(1)
  if (info.u8() & 1) info.skip(2)
  if (info.address() !== undefined) throw info.bad('attributes in the object header', 'a fractal heap, which libver="latest" writes')
}

interface Attribute {
  readonly type: Datatype
  readonly shape: readonly number[] | undefined
  readonly data: Region
}

function openAttribute(body: Region, wanted: string): Attribute | undefined {
  const version = body.u8()
  if (version < 1 || version > 3) throw body.bad('version 1, 2 or 3 of an attribute', `${version}`)
  const flags = body.u8()
  const sizes = [body.u16(), body.u16(), body.u16()] as const
  if (version === 3) body.skip(1)
  const part = (what: string, size: number): Region => {
    const region = body.part(what, size)
    if (version === 1) body.skip(Math.min(body.left, (8 - (size % 8)) % 8))
    return region
  }
  if (decodeText(part('attribute', sizes[0]).bytes) !== wanted) return undefined
  if (version > 1 && (flags & 3) !== 0) throw body.bad('a type of its own', 'one shared with other objects')
  const type = readDatatype(part('attribute type', sizes[1]))
  const shape = readDataspace(part('attribute shape', sizes[2]))
  return { type, shape, data: body.part('attribute', body.left) }
}

function readElements(layout: Layout, body: Region, { type, shape, data }: Attribute): string[] | undefined {
  if (!shape) return undefined
  const count = shape.reduce((n, d) => n * d, 1)
  if (!(count <= maxElements)) throw body.limit(`at most ${maxElements} elements`, `${count}`)
  switch (type.kind) {
    case 'text':
      return Array.from({ length: count }, () => data.text(type.size))
    case 'heap-text':
      return readHeapText(layout, data, count)
    case 'number': {
      const read = numberReader(type)
      if (read) return Array.from({ length: count }, () => String(read(data.part('attribute', type.size))))
      throw body.bad('text or numbers', type.dtype)
    }
    case 'other':
      throw body.bad('text or numbers', type.name)
  }
}

function readHeapText(layout: Layout, data: Region, count: number): string[] {
  const collections = new Map<number, Map<number, Uint8Array>>()
  let total = 0
  return Array.from({ length: count }, () => {
    const length = data.u32()
    const address = data.address()
    const index = data.u32()
    if (length === 0 || address === undefined) return ''
    const objects = collections.get(address) ?? readHeapCollection(layout, address)
    collections.set(address, objects)
    const object = objects.get(index)
    if (!object || object.byteLength < length)
      throw data.bad(`an object of ${length} bytes in the global heap`, object ? `${object.byteLength} bytes` : 'none')
    total += length
    if (total > maxTextBytes) throw data.limit(`at most ${maxTextBytes} bytes of text`, 'more')
    return decodeText(object.subarray(0, length))
  })
}

/** The objects of a collection of the global heap by index. @see HDF5 File Format Specification 3.0, III.E */
function readHeapCollection(layout: Layout, address: number): Map<number, Uint8Array> {
  const head = Region.open(layout, 'global heap', address, 8 + layout.lengthSize)
  head.signature('GCOL')
  head.skip(4)
  const size = head.length()
  const body = Region.open(layout, 'global heap', address, size)
  body.skip(head.bytes.byteLength)
  const objects = new Map<number, Uint8Array>()
  while (body.left >= 8 + layout.lengthSize) {
    const index = body.u16()
    body.skip(6)
    const length = body.length()
    // Index 0 is the free space, up to the end.
    if (index === 0) break
    objects.set(index, body.take(length))
    body.skip(Math.min(body.left, (8 - (length % 8)) % 8))
  }
  return objects
}

function numberReader({ dtype, isBigEndian }: Datatype & { kind: 'number' }): ((r: Region) => number | bigint | boolean) | undefined {
  const le = !isBigEndian
  const view = ({ bytes }: Region): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (dtype) {
    case 'bool':
    case 'u8':
      return (r) => view(r).getUint8(0)
    case 'i8':
      return (r) => view(r).getInt8(0)
    case 'u16':
      return (r) => view(r).getUint16(0, le)
    case 'i16':
      return (r) => view(r).getInt16(0, le)
    case 'u32':
      return (r) => view(r).getUint32(0, le)
    case 'i32':
      return (r) => view(r).getInt32(0, le)
    case 'u64':
      return (r) => view(r).getBigUint64(0, le)
    case 'i64':
      return (r) => view(r).getBigInt64(0, le)
    case 'f32':
      return (r) => view(r).getFloat32(0, le)
    case 'f64':
      return (r) => view(r).getFloat64(0, le)
    default:
      return undefined
  }
}
