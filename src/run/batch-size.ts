import { byteLengthOf } from '../core/dtype.ts'
import type { SignatureInfo } from './runner.ts'

/** Inputs of a batch together; what a model computes in between is many times that. */
const maxInputBytes = 4 << 20
const maxSamples = 256

/** How many samples to run together: as many as keep the inputs below 4 MB, 256 at most. Sizes that are open count as 1. */
export function batchSizeFor({ inputs }: SignatureInfo): number {
  const sampleBytes = inputs.reduce((n, { dtype, shape }) => {
    return (
      n +
      byteLengthOf(
        dtype,
        shape.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1),
      )
    )
  }, 0)
  return Math.max(1, Math.min(maxSamples, Math.floor(maxInputBytes / Math.max(1, sampleBytes))))
}
