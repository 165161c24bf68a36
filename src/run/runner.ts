import type { DType } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Shape } from '../core/shape.ts'
import type { QuantParams } from '../ir/types.ts'

/** An input or output as its signature names it. */
export interface TensorInfo {
  readonly name: string
  readonly dtype: DType
  /** Symbolic where the file says -1: `N` for the first axis, `d1`, `d2`, ... for the others. */
  readonly shape: Shape
  readonly quant?: QuantParams | undefined
}

export interface SignatureInfo {
  /** `serving_default` in most files. */
  readonly key: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

export type Feeds = ReadonlyMap<string, NdArray>

export interface RunSettings {
  /** Default: the first signature of the file. */
  readonly signature?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A model ready to run. Several can be loaded at once; each is disposed of when done. */
export interface LoadedModel {
  readonly signatures: readonly SignatureInfo[]
  /**
   * One inference. Feeds are in the model's own types and fit its shapes; sizes that are symbolic are taken from the
   * feeds, and the first run with new sizes prepares the model for them. The results are copies.
   * Throws run/unknown-signature, run/unknown-input, run/missing-input, run/wrong-shape, run/wrong-dtype,
   * run/unsupported-dtype, run/failed, run/crashed, run/out-of-memory.
   */
  run(feeds: Feeds, settings?: RunSettings): Promise<Map<string, NdArray>>
  /**
   * Hands the feeds over once, for runs that are timed: `run` infers with them and leaves the results where they are. Runners in other
   * threads do not have it. Throws what `run` throws.
   */
  hold?(feeds: Feeds, settings?: RunSettings): Promise<HeldRun>
  /** Forgets state kept between runs (of stateful LSTM and the like). */
  reset(): Promise<void>
  dispose(): Promise<void>
}

/** Feeds in the runner's memory. */
export interface HeldRun {
  run(): Promise<void>
  dispose(): void
}

export interface LoadSettings {
  /** What errors call the model; a file name. */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Runs `.tflite` models: LiteRT in this thread, in a worker, or any other interpreter. */
export interface Runner {
  /** What runs the models, for reports: `LiteRT.js 2.5.3 (relaxed SIMD)`. */
  describe(): Promise<string>
  /**
   * The bytes are not to change while the model is loaded.
   * Throws wire/truncated, wire/malformed, wire/limit-exceeded, run/not-loadable, run/missing-op, run/unsupported-dtype,
   * run/out-of-memory, run/crashed.
   */
  load(model: Uint8Array, settings?: LoadSettings): Promise<LoadedModel>
  dispose(): Promise<void>
}
