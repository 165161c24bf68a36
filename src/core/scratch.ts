import { memoryOf } from './wasm-code.ts'

/** About how long a piece is: small enough to stay in a processor's second-level cache between reading and writing. */
export const pieceBytes = 1 << 20

/**
 * Memory that is used again by the next who asks for the same use, so that weights stream through it. Kernels in WebAssembly work on it
 * where it lies; only pages that are written to are taken from the system. Beyond 64 MiB an operand is moved and scaled by plain code.
 */
const operandBytes = 1 << 26
const regions = {
  piece: { start: 0, byteLength: pieceBytes },
  scaled: { start: pieceBytes, byteLength: pieceBytes },
  operand: { start: 2 * pieceBytes, byteLength: operandBytes },
} as const
/** What is less needs no kernel, and making the memory takes a while. */
const worthSharing = pieceBytes / 2

let memory: WebAssembly.Memory | undefined
const outside = new Map<string, Uint8Array>()

/** The memory that scratches lie in; it does not grow. */
export function scratchMemory(): WebAssembly.Memory {
  memory ??= memoryOf(2 * pieceBytes + operandBytes)
  return memory
}

/** Whether kernels on `scratchMemory` can reach what is viewed. */
export function isScratch({ buffer }: ArrayBufferView): boolean {
  return buffer === memory?.buffer
}

/** Memory for one use, holding what was left in it. What is larger than the part of the shared memory for this use lies outside of it. */
export function scratch(use: keyof typeof regions | 'encoded', byteLength: number): Uint8Array {
  if ((memory || byteLength >= worthSharing) && use !== 'encoded' && byteLength <= regions[use].byteLength)
    return new Uint8Array(scratchMemory().buffer, regions[use].start, byteLength)
  const known = outside.get(use)
  if (known && known.byteLength >= byteLength) return known.subarray(0, byteLength)
  const made = new Uint8Array(Math.max(byteLength, pieceBytes))
  outside.set(use, made)
  return made.subarray(0, byteLength)
}
