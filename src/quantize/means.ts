import type { Value } from '../ir/types.ts'

/** Mean of each channel of what ops with weights read, over samples. */
export interface Means {
  /** Of rows of so many channels; undefined where it was not observed. */
  of(graph: number, value: Value, channels: number): Float64Array | undefined
}
