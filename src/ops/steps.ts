import type { ConstData } from '../core/bytes.ts'

/*
 * Weights that were trained on a grid (fake quantization) know its steps: for each element the distance of its neighbours. They go along with
 * the bytes, through whatever moves elements or multiplies them, so that an integer mode can store the numbers that were trained.
 */

export interface Steps {
  /** Steps of each element of an f32 constant, f32 of the same shape; every element is a whole number of its steps. */
  readonly of: ConstData
  /** What 0 is stored as in u8: 128 where the grid lies around it. */
  readonly zeroPoint: number
}

const steps = new WeakMap<ConstData, Steps>()

/** Undefined where none are known. */
export function stepsOf(data: ConstData): Steps | undefined {
  return steps.get(data)
}

export function stateSteps(data: ConstData, of: Steps): void {
  steps.set(data, of)
}
