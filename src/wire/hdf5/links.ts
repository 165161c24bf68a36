import { type Message, messageTypes } from './object-header.ts'
import { decodeText, type Layout, Region } from './region.ts'

/** What a name in a group leads to. */
export type Link = { readonly address: number } | { readonly target: string }

const maxEntries = 1 << 20
const maxTreeNodes = 65_536

/**
 * The links of a group by name, or undefined when the object is none.
 * @see HDF5 File Format Specification 3.0, III.A-D and IV.A.2.g
 */
export function readLinks(layout: Layout, messages: readonly Message[]): Map<string, Link> | undefined {
  const table = messages.find((m) => m.type === messageTypes.symbolTable)
  if (table) return readSymbolTable(layout, table.open())
  const info = messages.find((m) => m.type === messageTypes.linkInfo)
  if (!info) return undefined
  const links = new Map<string, Link>()
  for (const m of messages) if (m.type === messageTypes.link) readLink(m.open(), links)
  if (links.size === 0) refuseDenseLinks(info.open())
  return links
}

function refuseDenseLinks(info: Region): void {
  info.skip(1)
  if (info.u8() & 1) info.skip(8)
  if (info.address() !== undefined) {
    throw info.bad('links in the object header or a symbol table', 'a fractal heap, which libver="latest" writes')
  }
}

function readLink(body: Region, links: Map<string, Link>): void {
  const version = body.u8()
  if (version !== 1) throw body.bad('version 1 of a link', `${version}`)
  const flags = body.u8()
  const type = flags & 8 ? body.u8() : 0
  if (flags & 4) body.skip(8)
  if (flags & 0x10) body.skip(1)
  const name = nameIn(body, body.take(body.unsigned(1 << (flags & 3))))
  if (type === 0) links.set(name, { address: body.address() ?? -1 })
  else links.set(name, { target: body.text(body.u16()) })
}

/** Names are parts of paths: neither empty nor with a slash. */
function nameIn(region: Region, bytes: Uint8Array): string {
  const name = decodeText(bytes)
  if (name === '' || name.includes('/')) throw region.bad('a name without a slash', JSON.stringify(name.slice(0, 80)))
  return name
}

function readSymbolTable(layout: Layout, body: Region): Map<string, Link> {
  const tree = body.address() ?? -1
  const names = readHeap(layout, body.address() ?? -1)
  const links = new Map<string, Link>()
  for (const leaf of treeLeaves(layout, tree, 0, (region) => region.skip(layout.lengthSize))) {
    readSymbols(layout, leaf.child, names, links)
    if (links.size > maxEntries) throw body.limit(`at most ${maxEntries} links`, 'more')
  }
  return links
}

/** The data segment of a local heap. */
function readHeap(layout: Layout, address: number): Uint8Array {
  const head = Region.open(layout, 'local heap', address, 8 + 2 * layout.lengthSize + layout.addressSize)
  head.signature('HEAP')
  head.skip(4)
  const size = head.length()
  head.skip(layout.lengthSize)
  return Region.open(layout, 'local heap', head.address() ?? -1, size).bytes
}

function readSymbols(layout: Layout, address: number, names: Uint8Array, links: Map<string, Link>): void {
  const head = Region.open(layout, 'symbol table node', address, 8)
  head.signature('SNOD')
  head.skip(2)
  const count = head.u16()
  const size = 2 * layout.addressSize + 24
  const entries = Region.open(layout, 'symbol table node', address + 8, count * size)
  for (let i = 0; i < count; i++) {
    const nameAt = entries.unsigned(layout.addressSize)
    const object = entries.address()
    const isSoft = entries.u32() === 2
    entries.skip(4)
    const scratch = entries.part('symbol table entry', 16)
    if (nameAt >= names.length) throw entries.bad('a name in the heap', `an offset of ${nameAt}`)
    const name = nameIn(entries, names.subarray(nameAt))
    links.set(name, isSoft ? { target: decodeText(names.subarray(scratch.u32())) } : { address: object ?? -1 })
  }
}

export interface TreeLeaf<K> {
  readonly key: K
  readonly child: number
}

/**
 * The children of the leaves of a B-tree of version 1, each with the key before it. `type` is 0 for groups, 1 for chunks.
 * @see HDF5 File Format Specification 3.0, III.A.1
 */
export function* treeLeaves<K>(layout: Layout, root: number, type: 0 | 1, readKey: (region: Region) => K): Generator<TreeLeaf<K>> {
  const stack = [root]
  const seen = new Set<number>()
  while (stack.length > 0) {
    const address = stack.pop()!
    const head = Region.open(layout, 'B-tree node', address, 8 + 2 * layout.addressSize)
    if (seen.has(address)) throw head.bad('nodes that are listed once', 'a circle')
    seen.add(address)
    if (seen.size > maxTreeNodes) throw head.limit(`at most ${maxTreeNodes} nodes`, 'more')
    head.signature('TREE')
    if (head.u8() !== type) throw head.bad(type === 0 ? 'a node of a group' : 'a node of chunks', 'another')
    const level = head.u8()
    const count = head.u16()
    const start = head.start - layout.base + head.bytes.byteLength
    const rest = layout.source.byteLength - layout.base - start
    // How long a key is, its reader knows; no key of a group or of chunks takes more.
    const entries = Region.open(layout, 'B-tree node', start, Math.min(rest, count * (8 + 8 * 34 + layout.addressSize)))
    const children: number[] = []
    for (let i = 0; i < count; i++) {
      const key = readKey(entries)
      const child = entries.address() ?? -1
      if (level === 0) yield { key, child }
      else children.push(child)
    }
    stack.push(...children.reverse())
  }
}
