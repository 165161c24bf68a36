import type { ActivationMemory } from './types.ts'

/** Sizes and users of the tensors of one subgraph that live in the arena; null for those that do not. */
export interface LiveTensor {
  readonly sizeBytes: number
  readonly producer: number | null
  readonly consumers: readonly number[]
  /** Inputs and outputs of the subgraph and variables are never freed within a run. */
  readonly isInput: boolean
  readonly isOutput: boolean
  readonly isVariable: boolean
}

/** Peak of the bytes alive while each operator runs: its operands and results, and what later operators still need. */
export function activationMemory(tensors: readonly LiveTensor[], operators: number): ActivationMemory {
  const change = new Float64Array(operators + 1)
  let totalBytes = 0
  for (const t of tensors) {
    const first = t.isInput || t.isVariable ? 0 : t.producer
    if (first === null) continue
    totalBytes += t.sizeBytes
    const last = t.isOutput || t.isVariable ? operators - 1 : Math.max(first, ...t.consumers.slice(-1))
    if (operators === 0 || last < first) continue
    change[first]! += t.sizeBytes
    change[last + 1]! -= t.sizeBytes
  }
  let live = 0
  let peakBytes = 0
  let peakOperator: number | null = null
  for (let i = 0; i < operators; i++) {
    live += change[i]!
    if (live > peakBytes) {
      peakBytes = live
      peakOperator = i
    }
  }
  return { peakBytes, peakOperator, totalBytes }
}
