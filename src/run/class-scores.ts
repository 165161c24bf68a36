import type { Shape } from '../core/shape.ts'
import type { SignatureInfo, TensorInfo } from './runner.ts'

/**
 * The position of the output that holds one score for each class: `[N,C]` or `[C]` of numbers, the first such; -1 when there is none.
 * A single value, `[N,1]`, is the score of class 1 of two, and counts only when nothing else does and `isLabeled`.
 */
export function classOutput({ outputs }: SignatureInfo, isLabeled: boolean): number {
  const several = outputs.findIndex((o) => (classCount(o.shape) ?? 0) >= 2 && isScore(o))
  if (several >= 0 || !isLabeled) return several
  return outputs.length === 1 && classCount(outputs[0]!.shape) === 1 && isScore(outputs[0]!) ? 0 : -1
}

function classCount(shape: Shape): number | undefined {
  const last = shape.at(-1)
  return shape.length >= 1 && shape.length <= 2 && typeof last === 'number' ? last : undefined
}

/** Integers without a scale are answers already, such as the result of an argmax. */
function isScore({ dtype, quant }: TensorInfo): boolean {
  return dtype === 'f32' || dtype === 'f16' || quant !== undefined
}

/** One score for each class of at least two: a single probability is split into both. */
export function scoresOf(values: Float32Array): Float32Array {
  return values.length === 1 ? Float32Array.of(1 - values[0]!, values[0]!) : values
}

/** The index of the largest score, the first of equal ones; NaN is below all. */
export function bestClass(scores: Float32Array): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) {
    if (scores[i]! > scores[best]! || (Number.isNaN(scores[best]!) && !Number.isNaN(scores[i]!))) best = i
  }
  return best
}
