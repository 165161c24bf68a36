import type { ConstData } from '../core/bytes.ts'

/*
 * Weights that were trained on a grid (fake quantization) know its steps: for each element the distance of its neighbours, around 0. They go
 * along with the bytes, through whatever moves elements or multiplies them, so that an integer mode can store the numbers that were trained.
 */

const steps = new WeakMap<ConstData, ConstData>()

/** Steps of each element of an f32 constant, f32 of the same shape; undefined where none are known. */
export function stepsOf(data: ConstData): ConstData | undefined {
  return steps.get(data)
}

/** States the steps of a constant: every element is a whole number of its steps. */
export function stateSteps(data: ConstData, of: ConstData): void {
  steps.set(data, of)
}
