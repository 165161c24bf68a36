import type { ConstData } from '../core/bytes.ts'
import { pieceBytes } from '../core/scratch.ts'

const sampledWords = 256
/** Constants that look alike in every sampled word and still differ are rare; comparing with more of them is not worth their recomputation. */
const maxCandidates = 8

/**
 * Finds constants with equal bytes among those seen, without keeping any bytes: a fingerprint over sampled words
 * finds candidates, and their bytes are asked for again and compared in full.
 */
export class ConstIndex {
  readonly #seen = new Map<string, { readonly data: ConstData; readonly id: number }[]>()

  /** The id of an earlier constant with the same bytes; else undefined, and this one is remembered as `id`. `head` is how its bytes begin. */
  find(data: ConstData, head: Uint8Array, id: number): number | undefined {
    const key = `${data.byteLength}:${fingerprint(head.subarray(0, pieceBytes))}`
    const candidates = this.#seen.get(key)
    const bytes = candidates && (head.byteLength === data.byteLength ? head : data.bytes())
    const equal = bytes && candidates.find((candidate) => equalBytes(candidate.data.bytes(), bytes))
    if (equal) return equal.id
    if (!candidates) this.#seen.set(key, [{ data, id }])
    else if (candidates.length < maxCandidates) candidates.push({ data, id })
    return undefined
  }
}

/** FNV-1a over at most 256 evenly spaced 32-bit words and the last bytes. */
function fingerprint(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = Math.floor(bytes.byteLength / 4)
  const step = Math.max(1, words / sampledWords)
  let hash = 0x811c9dc5
  for (let i = 0; i < words; i += step) hash = mix(hash, view.getUint32(4 * Math.floor(i), true))
  for (let i = 4 * words; i < bytes.byteLength; i++) hash = mix(hash, bytes[i]!)
  return hash
}

function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193)
  return (product ^ (product >>> 15)) >>> 0
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const length = a.byteLength
  if (length !== b.byteLength) return false
  const words = a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0 ? Math.floor(length / 4) : 0
  const wordsA = new Uint32Array(a.buffer, words ? a.byteOffset : 0, words)
  const wordsB = new Uint32Array(b.buffer, words ? b.byteOffset : 0, words)
  for (let i = 0; i < words; i++) if (wordsA[i] !== wordsB[i]) return false
  for (let i = 4 * words; i < length; i++) if (a[i] !== b[i]) return false
  return true
}
