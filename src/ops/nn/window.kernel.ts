import type { Attrs } from '../../ir/types.ts'
import { samePadding } from './window.ts'

/** How a window walks along one axis. */
export interface Walk {
  readonly size: number
  readonly stride: number
  readonly dilation: number
  /** First input position of the first window, negative when it begins in the padding. */
  readonly origin: number
}

/** Walks along the spatial axes of an op with the attributes `padding`, `stride` and, where it has it, `dilation`. */
export function walksOf(input: readonly number[], sizes: readonly number[], attrs: Attrs): Walk[] {
  return sizes.map((size, i) => {
    const stride = (attrs.stride as readonly number[])[i]!
    const dilation = ((attrs.dilation as readonly number[] | undefined) ?? [])[i] ?? 1
    const before = attrs.padding === 'same' ? samePadding(input[i]!, size, stride, dilation)[0] : 0
    return { size, stride, dilation, origin: -before }
  })
}

/** Sum of a[i..] * b[j..] over n elements in float64. */
export function dot(n: number, a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  let even = 0
  let odd = 0
  const paired = n - (n % 2)
  for (let k = 0; k < paired; k += 2) {
    even += a[i + k]! * b[j + k]!
    odd += a[i + k + 1]! * b[j + k + 1]!
  }
  return paired < n ? even + odd + a[i + paired]! * b[j + paired]! : even + odd
}
