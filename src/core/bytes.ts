import { pieceBytes, scratch } from './scratch.ts'

/**
 * Random access to bytes that may be far larger than memory: a file, a Blob in a worker, an array.
 * Reading is synchronous; whoever made the source closes it.
 */
export interface ByteSource {
  /** What errors call it: a path or a file name. */
  readonly name: string
  readonly byteLength: number
  /**
   * Exactly `length` bytes from `offset`; a view where the source is in memory, else at the start of `into` when that is given and
   * large enough. The caller has checked the bounds.
   */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array
}

/** A source over bytes in memory; `read` gives views. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return { name, byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) }
}

/** What a file holds: in memory, or to be read as it is needed. */
export type Contents = Uint8Array | ByteSource

export function sourceOf(name: string, contents: Contents): ByteSource {
  return contents instanceof Uint8Array ? memorySource(name, contents) : contents
}

/** All bytes of a source into the beginning of `target`. */
export function copyInto(target: Uint8Array, source: ByteSource): void {
  const place = target.subarray(0, source.byteLength)
  const bytes = source.read(0, source.byteLength, place)
  if (bytes.buffer !== place.buffer || bytes.byteOffset !== place.byteOffset) place.set(bytes)
}

/**
 * The bytes of a constant, made when asked for: a view on the source file, or computed from other constants
 * (a transpose, a fold, a quantization). `bytes()` may compute anew at each call, so callers ask once and let go.
 */
export interface ConstData {
  readonly byteLength: number
  /** Where the bytes come from, when that is known: constants with equal keys have equal bytes, so neither needs to be read to tell. */
  readonly key?: string | undefined
  /** Where it begins in the source that it is a range of. */
  readonly offset?: number | undefined
  /** The first `byteLength` bytes, where they can be had without the others. */
  head?(byteLength: number): Uint8Array
  /** Bytes of the one element that all others are like, where it was made from one. */
  readonly element?: Uint8Array | undefined
  /** May use `into`, of at least `byteLength` bytes, to hold them. */
  bytes(into?: Uint8Array): Uint8Array
  /** The same bytes in order, piece by piece, where that takes less memory: each is valid until the next piece of any constant is asked for. */
  pieces?(): Iterable<Uint8Array>
}

const sourceNumbers = new WeakMap<ByteSource, number>()
let nextSourceNumber = 0

function numberOf(source: ByteSource): number {
  const known = sourceNumbers.get(source) ?? nextSourceNumber++
  sourceNumbers.set(source, known)
  return known
}

/** A constant that is a range of a source. */
export function constFromSource(source: ByteSource, offset: number, byteLength: number): ConstData {
  return {
    byteLength,
    offset,
    key: `${numberOf(source)}:${offset}+${byteLength}`,
    head: (n) => source.read(offset, Math.min(n, byteLength)),
    bytes: (into) => source.read(offset, byteLength, into),
    *pieces() {
      for (let at = 0; at < byteLength; at += pieceBytes) {
        const length = Math.min(pieceBytes, byteLength - at)
        yield source.read(offset + at, length, scratch('piece', length))
      }
    },
  }
}

/** A constant that is in memory already. */
export function constFromBytes(bytes: Uint8Array): ConstData {
  return { byteLength: bytes.byteLength, head: (n) => bytes.subarray(0, n), bytes: () => bytes }
}

/** A constant whose elements all have these bytes; nothing is held. */
export function repeatedConst(element: Uint8Array, byteLength: number): ConstData {
  const bytes = (): Uint8Array => {
    const out = new Uint8Array(byteLength)
    out.set(element.subarray(0, byteLength))
    // What is filled doubles until the end.
    for (let n = element.byteLength; n < byteLength; n *= 2) out.copyWithin(n, 0, Math.min(n, byteLength - n))
    return out
  }
  return { byteLength, element, bytes }
}

/** A constant computed at each read, for large results; nothing is kept. `parts`: what takes less than all of it. */
export function lazyConst(
  byteLength: number,
  compute: () => Uint8Array,
  key?: string,
  parts: { readonly pieces?: ConstData['pieces'] | undefined; readonly head?: ConstData['head'] | undefined } = {},
): ConstData {
  const { pieces, head } = parts
  return { byteLength, key, bytes: compute, ...(pieces && { pieces }), ...(head && { head }) }
}

/**
 * Random-access output: a file, or an array that grows. Writing is synchronous; whoever made the sink closes it.
 * Bytes that were never written read as zero.
 */
export interface ByteSink {
  /** Writes all of `bytes` at byte `position`, at or beyond the present end included. `bytes` may be reused afterwards. */
  write(bytes: Uint8Array, position: number): void
}

/** A sink in memory, which grows beyond the bytes that are expected; `bytes()` is a view of what was written so far. */
export function memorySink(expectedBytes = 1024): ByteSink & { bytes(): Uint8Array } {
  let buffer = new Uint8Array(expectedBytes)
  let end = 0
  return {
    write(bytes, position) {
      const needed = position + bytes.byteLength
      if (needed > buffer.byteLength) {
        const grown = new Uint8Array(Math.max(needed, 2 * buffer.byteLength))
        grown.set(buffer.subarray(0, end))
        buffer = grown
      }
      buffer.set(bytes, position)
      end = Math.max(end, needed)
    },
    bytes: () => buffer.subarray(0, end),
  }
}
