import type { Value } from '../ir/types.ts'

/** Real ranges of activations, seen in a calibration or declared. */
export interface Ranges {
  /** Smallest and largest value of `value` in graph number `graph` of the float model; undefined when it was not seen. */
  of(graph: number, value: Value): readonly [min: number, max: number] | undefined
  /** Of the masks that the range leaves out, see `cutMasks`, the smallest and the largest finite one; undefined when there were none. Absent: nowhere any. */
  masks?(graph: number, value: Value): { readonly finite?: readonly [min: number, max: number] | undefined } | undefined
}
