import type { ConstData } from '../core/bytes.ts'
import type { BufferInfo } from './types.ts'

interface BufferUse {
  readonly tensors: { readonly subgraph: number; readonly tensor: number }[]
  readonly metadata: string[]
  /** Bytes of one element of the first tensor; 1 when they vary. */
  elementBytes: number
}

/**
 * Sizes and users of the buffers; with `contents` each buffer is read once to find equal ones and those filled with one value.
 * Buffers are read one at a time, and let go.
 */
export function describeBuffers(buffers: readonly ConstData[], uses: ReadonlyMap<number, BufferUse>, contents: boolean): BufferInfo[] {
  const bySize = new Map<number, number>()
  for (const b of buffers) bySize.set(b.byteLength, (bySize.get(b.byteLength) ?? 0) + 1)
  const earlier = new Map<string, number[]>()
  return buffers.map((buffer, index) => {
    const use = uses.get(index)
    const sizeBytes = buffer.byteLength
    let fill: BufferInfo['fill'] = null
    let duplicateOf: number | null = null
    if (contents && sizeBytes > 0) {
      const bytes = buffer.bytes()
      fill = fillOf(bytes, use?.elementBytes ?? 1)
      if (bySize.get(sizeBytes)! > 1) {
        const key = `${sizeBytes}:${hash(bytes.subarray(0, hashedBytes))}`
        const candidates = earlier.get(key) ?? []
        duplicateOf = candidates.find((i) => equal(buffers[i]!.bytes(), bytes)) ?? null
        if (duplicateOf === null) earlier.set(key, [...candidates, index].slice(0, maxCandidates))
      }
    }
    return { index, sizeBytes, tensors: use?.tensors ?? [], metadata: use?.metadata ?? [], fill, duplicateOf }
  })
}

export function newBufferUse(): BufferUse {
  return { tensors: [], metadata: [], elementBytes: 1 }
}

/** Weights that differ do so early on; bytes are compared in any case. */
const hashedBytes = 16384
/** Buffers that share a hash and differ are compared with at most so many, lest a crafted file makes it quadratic. */
const maxCandidates = 4

function fillOf(bytes: Uint8Array, elementBytes: number): BufferInfo['fill'] {
  if (bytes.length <= elementBytes) return null
  for (let i = elementBytes; i < bytes.length; i++) if (bytes[i] !== bytes[i - elementBytes]) return null
  return bytes.subarray(0, elementBytes).every((b) => b === 0) ? 'zeros' : 'splat'
}

/** FNV-1a over 32-bit words, then over the bytes left; a filter before bytes are compared. */
function hash(bytes: Uint8Array): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2)
  let h = 0x811c9dc5
  for (let i = 0; i < words.length; i++) h = Math.imul(h ^ words[i]!, 0x01000193)
  for (let i = words.length * 4; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
  return h >>> 0
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
