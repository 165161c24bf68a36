import { type ByteSource, constFromSource } from '../../core/bytes.ts'
import { BundleEntry, BundleHeader } from '../../schema/tensorflow/checkpoint.ts'
import { dtypeOfCode, nameOfCode } from '../../schema/tensorflow/data-type.ts'
import { maskedCrc32c } from '../../wire/crc32c.ts'
import { checksumMismatch, malformed, truncated } from '../../wire/diagnostics.ts'
import { decodeBytes } from '../../wire/protobuf.ts'
import { readTable, type TableEntry } from '../../wire/sstable.ts'
import { type Folder, openInside } from '../folder.ts'
import { isNumeric, staticDims, storedBytes } from '../graph-def/constant.ts'
import { unsupportedDataType } from '../graph-def/diagnostics.ts'
import type { NumericConst, SourceConst, StringConst } from '../source-graph.ts'
import { bigEndianCheckpoint, shardMissing, shardTooShort } from './diagnostics.ts'
import { boxOf, parseSlice, partOf, type Stored, sliceKey, wholeOf } from './slices.ts'

const utf8 = new TextDecoder()
/** Partitions of one variable; thousands are more than parameter servers had. */
const maxSlices = 4096
/** A string tensor is read whole; the largest is the object graph. */
const maxStringBytes = 2 ** 28

/** Tensors by their keys. */
export interface CheckpointFile {
  /** What errors call it. */
  readonly file: string
  has(key: string): boolean
  /** The tensor under a key that is there, or a part of it (`4 6 0,2:-`, see `parseSlice`). */
  tensor(key: string, slice?: string): SourceConst
}

/**
 * The variables of a SavedModel: a table of names with places in shard files.
 * @see tensorflow/core/util/tensor_bundle/tensor_bundle.h
 */
export class Checkpoint implements CheckpointFile {
  readonly #folder: Folder
  /** `variables/variables`: the shards are `<prefix>.data-00000-of-00001`. */
  readonly #prefix: string
  readonly #index: ByteSource
  readonly #entries = new Map<string, TableEntry>()
  readonly #shardCount: number
  readonly #shards = new Map<number, ByteSource>()

  /** Reads the index. Throws `wire/*` and `import/big-endian`. */
  constructor(folder: Folder, prefix: string, index: ByteSource) {
    this.#folder = folder
    this.#prefix = prefix
    this.#index = index
    for (const entry of readTable(index)) this.#entries.set(keyText(entry.key), entry)
    const stored = this.#entries.get('')
    if (!stored) throw malformed({ file: index.name, what: 'checkpoint index', expected: 'a header under the empty key' })
    const header = decodeBytes(BundleHeader, stored.value, index.name, stored.blockOffset)
    if (header.endianness !== 0) throw bigEndianCheckpoint(index.name)
    this.#shardCount = header.numShards
  }

  get file(): string {
    return this.#index.name
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /**
   * The tensor under a key that is there, or a part of it (`4 6 0,2:-`, see `parseSlice`); its bytes are read when asked for. Throws
   * `import/shard-missing`, `import/shard-too-short`, `import/unsupported-data-type`, `wire/*`.
   */
  tensor(key: string, slice?: string): SourceConst {
    const entry = this.#entry(key)
    if (slice !== undefined || entry.slices.length > 0) return this.#sliced(key, entry, slice)
    return this.#whole(key, entry)
  }

  #whole(key: string, entry: BundleEntry): NumericConst | StringConst {
    const dtype = dtypeOfCode(entry.dtype)
    if (dtype === 'string') return { dtype, shape: staticDims(entry.shape, this.file, key).dims, strings: this.strings(key) }
    if (dtype === undefined || !isNumeric(dtype))
      throw unsupportedDataType(this.file, `the variable ${JSON.stringify(key)}`, nameOfCode(entry.dtype))
    const { dims, count } = staticDims(entry.shape, this.file, JSON.stringify(key))
    const byteLength = count * storedBytes(dtype)
    if (entry.size !== byteLength) {
      throw malformed({
        file: this.file,
        what: `entry of the variable ${JSON.stringify(key)}`,
        expected: `${byteLength} bytes for ${nameOfCode(entry.dtype)}[${dims}]`,
        actual: `${entry.size}`,
      })
    }
    return { dtype, shape: dims, data: constFromSource(this.#place(entry, key), entry.offset, byteLength) }
  }

  /** The elements of a string tensor, checked by their CRC. @see WriteStringTensor in tensor_bundle.cc */
  strings(key: string): Uint8Array[] {
    const entry = this.#entry(key)
    const { count } = staticDims(entry.shape, this.file, JSON.stringify(key))
    const shard = this.#place(entry, key)
    const at = { file: shard.name, offset: entry.offset, what: `string tensor ${JSON.stringify(key)}` }
    // A length takes a byte at least, the lengths' checksum four.
    if (entry.size > maxStringBytes || count > entry.size)
      throw malformed({ ...at, expected: `${count} strings`, actual: `${entry.size} bytes` })
    const bytes = shard.read(entry.offset, entry.size)
    const lengths: number[] = []
    let p = 0
    for (let i = 0; i < count; i++) {
      let n = 0
      for (let shift = 0; ; shift += 7) {
        const b = bytes[p++]
        if (b === undefined || shift > 42) throw truncated({ ...at, expected: `${count} lengths`, actual: `${i}` })
        n += (b & 0x7f) * 2 ** shift
        if (b < 0x80) break
      }
      lengths.push(n)
    }
    p += 4
    const total = lengths.reduce((a, b) => a + b, 0)
    if (total !== bytes.length - p) throw truncated({ ...at, expected: `${total} bytes of strings`, actual: `${bytes.length - p}` })
    // The CRC covers the lengths as 32-bit numbers, their own CRC as stored, and the strings.
    if (entry.crc32c !== undefined && lengths.every((n) => n < 2 ** 32)) {
      const words = new Uint8Array(Uint32Array.from(lengths).buffer)
      const covered = new Uint8Array(words.length + bytes.length - p + 4)
      covered.set(words)
      covered.set(bytes.subarray(p - 4), words.length)
      const actual = maskedCrc32c(covered)
      if (actual !== entry.crc32c) throw checksumMismatch({ ...at, expected: `${entry.crc32c}`, actual: `${actual}` })
    }
    return lengths.map((n) => {
      p += n
      return bytes.subarray(p - n, p)
    })
  }

  #entry(key: string): BundleEntry {
    const stored = this.#entries.get(key)!
    return decodeBytes(BundleEntry, stored.value, this.file, stored.blockOffset)
  }

  /** What is stored in parts under keys of their own, or asked for in part. */
  #sliced(key: string, entry: BundleEntry, slice: string | undefined): SourceConst {
    const { dims } = staticDims(entry.shape, this.file, JSON.stringify(key))
    const fail = (what: string, expected: string): never => {
      throw malformed({ file: this.file, what: `${what} of the variable ${JSON.stringify(key)}`, expected })
    }
    const wanted = slice === undefined ? wholeOf(dims) : (parseSlice(slice, dims) ?? fail('slice', `a part of [${dims}]`))
    if (entry.slices.length > maxSlices) fail('list of slices', `at most ${maxSlices}`)
    const stored: Stored[] = entry.slices.map((s) => {
      const box = boxOf(s, dims) ?? fail('slice', `a part of [${dims}]`)
      const partKey = sliceKey(key, s)
      return { box, read: () => (this.has(partKey) ? this.#whole(partKey, this.#entry(partKey)) : fail('slice', 'an entry of its own')) }
    })
    if (stored.length === 0) stored.push({ box: wholeOf(dims), read: () => this.#whole(key, entry) })
    return partOf(wanted, stored) ?? fail('slices', 'slices that cover it once, of one numeric type')
  }

  /** The shard of an entry, which ends within it. */
  #place(entry: BundleEntry, key: string): ByteSource {
    const { shardId, offset, size } = entry
    if (shardId < 0 || shardId >= this.#shardCount || offset < 0 || size < 0) {
      throw malformed({
        file: this.file,
        what: `entry of the variable ${JSON.stringify(key)}`,
        expected: `a place in one of ${this.#shardCount} shards`,
        actual: `${size} bytes at ${offset} of shard ${shardId}`,
      })
    }
    let shard = this.#shards.get(shardId)
    if (!shard) {
      const digits = (n: number): string => String(n).padStart(5, '0')
      const path = `${this.#prefix}.data-${digits(shardId)}-of-${digits(this.#shardCount)}`
      shard = openInside(this.#folder, path)
      if (!shard) throw shardMissing(this.#folder.name, path)
      this.#shards.set(shardId, shard)
    }
    if (offset + size > shard.byteLength) throw shardTooShort(shard.name, key, offset + size, shard.byteLength)
    return shard
  }
}

/** Keys of slices are binary, after a zero byte; all others are names. */
function keyText(key: Uint8Array): string {
  return key[0] === 0 ? String.fromCharCode(...key) : utf8.decode(key)
}
