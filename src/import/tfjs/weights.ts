import { type ByteSource, type ConstData, constFromSource, lazyConst } from '../../core/bytes.ts'
import { Diagnostics } from '../../core/diagnostics.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { f16ToFloat32 } from '../../core/nd-array.ts'
import { type Folder, openInside } from '../folder.ts'
import { storedBytes } from '../graph-def/constant.ts'
import type { JsonCursor } from '../json-cursor.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'
import { bytesLeftOver, duplicateWeight, roundedWeights, shardNotFound, shardsTooShort } from './diagnostics.ts'

/** Weights by name, in the order of the manifest. */
export type Weights = ReadonlyMap<string, SourceConst>

/** Element types of a weights manifest. @see tfjs-core/src/io/types.ts */
const dtypes: ReadonlyMap<string, SourceConst['dtype']> = new Map<string, SourceConst['dtype']>([
  ['float32', 'f32'],
  ['float16', 'f16'],
  ['int32', 'i32'],
  ['uint8', 'u8'],
  ['uint16', 'u16'],
  ['bool', 'bool'],
  ['complex64', 'c64'],
  ['string', 'string'],
])

/**
 * Weights of a manifest: groups of weights whose bytes follow one another in the group's files. A weight is a view of its file; one
 * that crosses into the next file is put together, and a quantized one made float, when it is asked for.
 * Faults of all groups are collected: `import/path-outside-folder`, `import/tfjs-*`. `notes` takes warnings, and says how much larger rounded weights become.
 */
export function readWeights(manifest: JsonCursor, folder: Folder, notes: Diagnostics): Weights {
  const weights = new Map<string, SourceConst>()
  const rounded: Rounded = { storedBytes: 0, bytes: 0 }
  const problems = new Diagnostics()
  const opened = new Map<string, ByteSource>()
  const open = (path: string): ByteSource | undefined => {
    // A browser's download begins with "./".
    const name = path.replace(/^\.\//, '')
    const shard = opened.get(name) ?? openInside(folder, name)
    if (shard) opened.set(name, shard)
    else problems.add('error', shardNotFound(folder.name, name))
    return shard
  }
  for (const group of manifest.array()) {
    const shards: ByteSource[] = []
    for (const path of group.at('paths').array()) {
      const shard = problems.collect(() => open(path.string()))
      if (shard) shards.push(shard)
    }
    if (shards.length === group.at('paths').array().length) problems.collect(() => readGroup(group, shards, { weights, notes, rounded }))
  }
  problems.throwIfErrors()
  if (rounded.storedBytes < rounded.bytes) notes.add('info', roundedWeights(manifest.file, rounded.storedBytes, rounded.bytes))
  return weights
}

/** Of the weights that are stored rounded: what they take in the files, and as they are read. */
interface Rounded {
  storedBytes: number
  bytes: number
}

function readGroup(
  group: JsonCursor,
  shards: readonly ByteSource[],
  { weights, notes, rounded }: { readonly weights: Map<string, SourceConst>; readonly notes: Diagnostics; readonly rounded: Rounded },
): void {
  const bytes = new JoinedSources(shards)
  let offset = 0
  for (const entry of group.at('weights').array()) {
    const name = entry.at('name').string()
    if (weights.has(name)) throw duplicateWeight(group.file, name)
    const weight = readWeight(entry, name, bytes, offset)
    weights.set(name, weight.value)
    if (!entry.at('quantization').isAbsent && weight.value.dtype !== 'string') {
      rounded.storedBytes += weight.end - offset
      rounded.bytes += weight.value.data.byteLength
    }
    offset = weight.end
  }
  if (offset < bytes.byteLength) notes.add('warning', bytesLeftOver(shards.at(-1)!.name, offset, bytes.byteLength))
}

function readWeight(entry: JsonCursor, name: string, bytes: JoinedSources, offset: number): { value: SourceConst; end: number } {
  const shape = entry
    .at('shape')
    .array()
    .map((d) => d.index())
  const count = shape.reduce((n, d) => n * d, 1)
  if (!Number.isSafeInteger(count)) entry.at('shape').fail('sizes whose product is a number of elements')
  const dtype = dtypeAt(entry.at('dtype'))
  if (dtype === 'string') {
    const { strings, end } = readStrings(bytes, name, offset, count)
    return { value: { dtype, shape, strings }, end }
  }
  const quantization = entry.at('quantization')
  const stored = quantization.isAbsent ? dtype : dtypeAt(quantization.at('dtype'))
  if (stored === 'string') return quantization.at('dtype').fail('uint8, uint16 or float16')
  const end = offset + count * storedBytes(stored)
  const data = bytes.range(name, offset, end)
  const value: NumericConst = { dtype, shape, data: quantization.isAbsent ? data : dequantized(quantization, stored, dtype, data, count) }
  return { value, end }
}

function dtypeAt(at: JsonCursor): SourceConst['dtype'] {
  return dtypes.get(at.string()) ?? at.fail(`one of ${[...dtypes.keys()].join(', ')}`)
}

/**
 * Weights stored as uint8 or uint16 with `scale` and `min`, or as float16, computed as TensorFlow.js does: in double precision,
 * then rounded to the weight's type. @see tfjs-core/src/io/io_utils.ts
 */
function dequantized(
  at: JsonCursor,
  stored: NumericConst['dtype'],
  dtype: NumericConst['dtype'],
  data: ConstData,
  count: number,
): ConstData {
  if (stored === 'f16') {
    if (dtype !== 'f32') return at.fail('a weight of float32 where float16 is stored')
    return lazyConst(4 * count, () => bytesOf(f16ToFloat32(typedView('f16', data.bytes()))))
  }
  if (stored !== 'u8' && stored !== 'u16') return at.at('dtype').fail('uint8, uint16 or float16')
  const scale = at.at('scale').number()
  const min = at.at('min').number()
  const real = (q: number): number => q * scale + min
  if (dtype === 'f32') return lazyConst(4 * count, () => bytesOf(mapped(new Float32Array(count), typedView(stored, data.bytes()), real)))
  if (dtype !== 'i32') return at.fail('a weight of float32 or int32')
  return lazyConst(4 * count, () => bytesOf(mapped(new Int32Array(count), typedView(stored, data.bytes()), (q) => Math.round(real(q)))))
}

function mapped<T extends Float32Array | Int32Array>(out: T, values: ArrayLike<number>, of: (value: number) => number): T {
  for (let i = 0; i < out.length; i++) out[i] = of(values[i]!)
  return out
}

/** Each with its length in four bytes before it. */
function readStrings(bytes: JoinedSources, name: string, offset: number, count: number): { strings: Uint8Array[]; end: number } {
  const strings: Uint8Array[] = []
  let at = offset
  const take = (length: number): Uint8Array => {
    at += length
    return bytes.range(name, at - length, at).bytes()
  }
  for (let i = 0; i < count; i++) {
    const length = take(4)
    strings.push(take(new DataView(length.buffer, length.byteOffset).getUint32(0, true)))
  }
  return { strings, end: at }
}

/** Files that follow one another, as one range of bytes. */
class JoinedSources {
  readonly byteLength: number
  readonly #parts: readonly { readonly source: ByteSource; readonly start: number; readonly end: number }[]

  constructor(sources: readonly ByteSource[]) {
    let end = 0
    this.#parts = sources.map((source) => {
      const start = end
      end += source.byteLength
      return { source, start, end }
    })
    this.byteLength = end
  }

  /** Throws `import/tfjs-shard-too-short`; `weight` names the range in it. */
  range(weight: string, start: number, end: number): ConstData {
    if (end > this.byteLength) {
      const names = this.#parts.map((p) => p.source.name)
      throw shardsTooShort(names, weight, end, this.byteLength)
    }
    const first = this.#partAt(start)
    const from = this.#parts[first]
    if (from && end <= from.end) return constFromSource(from.source, start - from.start, end - start)
    return lazyConst(end - start, () => {
      const out = new Uint8Array(end - start)
      for (let i = first, at = start; at < end; i++) {
        const part = this.#parts[i]!
        const until = Math.min(end, part.end)
        out.set(part.source.read(at - part.start, until - at), at - start)
        at = until
      }
      return out
    })
  }

  /** Number of the file that the byte at `offset` is in. */
  #partAt(offset: number): number {
    let low = 0
    for (let high = this.#parts.length; low < high; ) {
      const middle = (low + high) >> 1
      if (this.#parts[middle]!.end <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
