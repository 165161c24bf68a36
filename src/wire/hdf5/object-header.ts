import { type Layout, Region } from './region.ts'

/** Message types that are read. @see HDF5 File Format Specification 3.0, IV.A.2 */
export const messageTypes = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const

export interface Message {
  readonly type: number
  /** The body stands elsewhere in the file; only a reference is here. */
  readonly isShared: boolean
  /** From its beginning, at each call. */
  open(): Region
}

const maxMessages = 65_536
const maxBlocks = 4096

/**
 * The messages of the object at an address, of header versions 1 and 2.
 * @see HDF5 File Format Specification 3.0, IV.A.1
 */
export function readObjectHeader(layout: Layout, address: number): Message[] {
  const head = Region.open(layout, 'object header', address, 4)
  const isVersion2 = String.fromCharCode(...head.bytes) === 'OHDR'
  const messages: Message[] = []
  const blocks = isVersion2 ? [firstBlock2(layout, address)] : [firstBlock1(layout, address)]
  const seen = new Set<number>()
  for (let i = 0; i < blocks.length; i++) {
    const { region, hasOrder } = blocks[i]!
    if (seen.has(region.start) || blocks.length > maxBlocks) throw region.bad('blocks that are listed once', 'a circle')
    seen.add(region.start)
    const headerSize = isVersion2 ? (hasOrder ? 6 : 4) : 8
    while (region.left >= headerSize) {
      const message = isVersion2 ? readMessage2(region, hasOrder) : readMessage1(region)
      if (message.type === messageTypes.continuation) {
        const body = message.open()
        const at = body.address() ?? -1
        const size = body.length()
        blocks.push({ region: isVersion2 ? nextBlock2(layout, at, size) : Region.open(layout, 'object header', at, size), hasOrder })
      } else if (message.type !== 0) messages.push(message)
      if (messages.length > maxMessages) throw region.limit(`at most ${maxMessages} messages`, 'more')
    }
  }
  return messages
}

interface Block {
  readonly region: Region
  /** Messages carry the order in which they were made. */
  readonly hasOrder: boolean
}

function firstBlock1(layout: Layout, address: number): Block {
  const prefix = Region.open(layout, 'object header', address, 16)
  const version = prefix.u8()
  if (version !== 1) throw prefix.bad('version 1 or 2', `${version}`)
  prefix.skip(7)
  return { region: Region.open(layout, 'object header', address + 16, prefix.u32()), hasOrder: false }
}

function readMessage1(region: Region): Message {
  const type = region.u16()
  const size = region.u16()
  const flags = region.u8()
  region.skip(3)
  return { type, isShared: (flags & 2) !== 0, open: opener(region, size) }
}

function firstBlock2(layout: Layout, address: number): Block {
  const prefix = Region.open(layout, 'object header', address, 6)
  prefix.signature('OHDR')
  const version = prefix.u8()
  if (version !== 2) throw prefix.bad('version 2', `${version}`)
  const flags = prefix.u8()
  const sizeBytes = 1 << (flags & 3)
  const optional = (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0)
  const size = Region.open(layout, 'object header', address + 6 + optional, sizeBytes).unsigned(sizeBytes)
  return { region: Region.open(layout, 'object header', address + 6 + optional + sizeBytes, size), hasOrder: (flags & 4) !== 0 }
}

function nextBlock2(layout: Layout, address: number, size: number): Region {
  // Signature before and checksum after the messages.
  const block = Region.open(layout, 'object header', address, size)
  block.signature('OCHK')
  return block.part('object header', Math.max(0, size - 8))
}

function readMessage2(region: Region, hasOrder: boolean): Message {
  const type = region.u8()
  const size = region.u16()
  const flags = region.u8()
  if (hasOrder) region.skip(2)
  // What is left at the end may be a gap too small for a message.
  return { type, isShared: (flags & 2) !== 0, open: opener(region, type === 0 ? Math.min(size, region.left) : size) }
}

function opener(region: Region, size: number): () => Region {
  const { layout, start, bytes } = region.part('message', size)
  return () => new Region(layout, 'message', start, bytes)
}
