import type { ByteSource, ConstData } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import type { DType } from '../../core/dtype.ts'
import { limitExceeded, malformed, truncated } from '../diagnostics.ts'
import { readAttribute } from './attributes.ts'
import { readDataset } from './dataset.ts'
import { type Link, readLinks } from './links.ts'
import { type Message, messageTypes, readObjectHeader } from './object-header.ts'
import { type Layout, Region } from './region.ts'

/** A numeric dataset. Elements are row-major and little-endian; those stored so, in one piece, are a range of the file. */
export interface Hdf5Dataset {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: ConstData
}

/**
 * An HDF5 file. Paths are absolute or relative to the root: `model_weights/dense`. Only what is asked for is read;
 * damage is found then: every method throws `wire/malformed`, `wire/truncated` or `wire/limit-exceeded`.
 * Soft and external links are refused.
 */
export interface Hdf5File {
  readonly name: string
  /** undefined when nothing is at the path. */
  kindOf(path: string): 'group' | 'dataset' | undefined
  /** Names below a group in the file's order: sorted in groups with a symbol table, as made otherwise. Empty when there is no group. */
  childrenOf(path: string): readonly string[]
  /** An attribute as strings (numbers in decimal), one for a scalar; undefined when there is none or it is of the null space. */
  attribute(path: string, name: string): readonly string[] | undefined
  /** Throws also when there is no dataset of numbers at the path. */
  dataset(path: string): Hdf5Dataset
}

const magic = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
/** A superblock may stand after a header of the user's own. */
const superblockOffsets = [0, 512, 1024, 2048]
const maxDepth = 64
/** Of a path as text. */
const maxPathLength = 8192

/** The beginning of an HDF5 file. */
export function isHdf5(head: Uint8Array): boolean {
  return magic.every((b, i) => head[i] === b)
}

/**
 * Opens an HDF5 file: superblocks of versions 0 to 3; groups by symbol table or by links in the header; contiguous, compact
 * and chunked datasets with deflate, shuffle and fletcher32 (whose checksums are not verified). That is what h5py writes
 * unless told otherwise; files of `libver="latest"` with fractal heaps are refused.
 * @see HDF5 File Format Specification 3.0
 */
export function openHdf5(source: ByteSource): Hdf5File {
  const { layout, root } = readSuperblock(source)
  const headers = new Map<number, Message[]>()
  const groups = new Map<number, Map<string, Link> | undefined>()

  const messagesAt = (address: number): Message[] => {
    const known = headers.get(address)
    if (known) return known
    const messages = readObjectHeader(layout, address)
    headers.set(address, messages)
    return messages
  }
  const linksAt = (address: number): Map<string, Link> | undefined => {
    if (groups.has(address)) return groups.get(address)
    const links = readLinks(layout, messagesAt(address))
    groups.set(address, links)
    return links
  }
  const fault = (path: string, expected: string, actual: string): DowncastError =>
    malformed({ file: source.name, path, what: 'HDF5 object', expected, actual })

  /** The address of the object at a path. */
  const find = (path: string): number | undefined => {
    if (path.length > maxPathLength)
      throw limitExceeded({
        file: source.name,
        path: path.slice(0, 80),
        what: 'HDF5 path',
        expected: `at most ${maxPathLength} characters`,
      })
    const parts = path.split('/').filter((p) => p !== '')
    if (parts.length > maxDepth)
      throw limitExceeded({ file: source.name, path, what: 'HDF5 path', expected: `at most ${maxDepth} groups`, actual: `${parts.length}` })
    let address = root
    for (const [i, part] of parts.entries()) {
      const link = linksAt(address)?.get(part)
      if (!link) return undefined
      if ('target' in link)
        throw fault(`/${parts.slice(0, i + 1).join('/')}`, 'an object of this file', `a link to ${JSON.stringify(link.target)}`)
      address = link.address
    }
    return address
  }
  const attribute = (path: string, name: string): readonly string[] | undefined => {
    const address = find(path)
    return address === undefined ? undefined : readAttribute(layout, messagesAt(address), name)
  }
  return {
    name: source.name,
    kindOf(path) {
      const address = find(path)
      if (address === undefined) return undefined
      if (linksAt(address)) return 'group'
      return messagesAt(address).some((m) => m.type === messageTypes.layout) ? 'dataset' : undefined
    },
    childrenOf(path) {
      const address = find(path)
      return address === undefined ? [] : [...(linksAt(address)?.keys() ?? [])]
    },
    attribute,
    dataset(path) {
      const address = find(path)
      if (address === undefined) throw fault(path, 'a dataset', 'nothing')
      const messages = messagesAt(address)
      const stated = messages.some((m) => m.type === messageTypes.attribute) ? readAttribute(layout, messages, 'dtype')?.[0] : undefined
      const dataset = readDataset(layout, messages, stated)
      if (!dataset) throw fault(path, 'a dataset', linksAt(address) ? 'a group' : 'another object')
      return dataset
    },
  }
}

/** @see HDF5 File Format Specification 3.0, II.A */
function readSuperblock(source: ByteSource): { layout: Layout; root: number } {
  const file = source.name
  const start = superblockOffsets.find((at) => source.byteLength >= at + 8 && isHdf5(source.read(at, 8)))
  if (start === undefined) throw malformed({ file, offset: 0, what: 'HDF5 file', expected: 'the bytes \\x89HDF' })
  const probe: Layout = { source, base: start, addressSize: 8, lengthSize: 8 }
  const head = Region.open(probe, 'superblock', 8, 8)
  const version = head.u8()
  if (version > 3) throw head.bad('version 0 to 3', `${version}`)
  const isOld = version < 2
  if (isOld) head.skip(4)
  const addressSize = sizeOf(head)
  const lengthSize = sizeOf(head)
  const fieldsAt = isOld ? (version === 0 ? 24 : 28) : 12
  const layout: Layout = { source, base: start, addressSize, lengthSize }
  // Base, then three other addresses, of which the root comes last in the new form and before an entry in the old.
  const fields = Region.open(layout, 'superblock', fieldsAt, (isOld ? 6 : 4) * addressSize)
  const base = fields.unsigned(addressSize)
  fields.skip(addressSize)
  const end = fields.address()
  if (end !== undefined && base + end > source.byteLength)
    throw truncated({ file, offset: source.byteLength, what: 'HDF5 file', expected: `${base + end} bytes`, actual: `${source.byteLength}` })
  if (isOld) fields.skip(2 * addressSize)
  const root = fields.address() ?? -1
  // Addresses count from the base, which is 0 or the superblock's own place.
  if (base !== 0 && base !== start) throw fields.bad(`a base address of 0 or ${start}`, `${base}`)
  return { layout: { ...layout, base }, root }
}

function sizeOf(head: Region): 2 | 4 | 8 {
  const size = head.u8()
  if (size !== 2 && size !== 4 && size !== 8) throw head.bad('sizes of 2, 4 or 8 bytes', `${size}`)
  return size
}
