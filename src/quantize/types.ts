import type { Diagnostic } from '../core/diagnostics.ts'
import type { Model, Origin } from '../ir/types.ts'
import type { BiasCorrection } from './bias-correction/correct-biases.ts'
import type { Means } from './means.ts'
import type { Ranges } from './ranges.ts'
import type { Recipe } from './recipe/recipe.ts'
import type { Hessians } from './weights/hessian.ts'
import type { LayerError } from './weights/rounded-layer.ts'
import type { BlockSize, WeightAlgorithm } from './weights/scheme.ts'

/** Modes of quantization that are implemented. */
export const quantizeModes = [
  'none',
  'dynamic',
  'dynamic-int4',
  'weight-only-int8',
  'weight-only-int4',
  'float16',
  'int8',
  'int8-only',
  'uint8',
  'int16x8',
  'int16x8-only',
] as const
export type QuantizeMode = (typeof quantizeModes)[number]

/** Types in which numbers cross the border of an integer model. */
export const portTypes = ['float32', 'int8', 'uint8', 'int16'] as const
export type PortType = (typeof portTypes)[number]
/** One type for every float input and output, or one by port name; `''` stands for all that are not named. */
export type PortTypes = PortType | Readonly<Record<string, PortType>>

/** `real = (stored - mean) / std` of inputs by their names; `''` stands for the only float one. */
export type InputStats = Readonly<Record<string, { readonly mean: number; readonly std: number }>>

export interface QuantizeOptions {
  /** Default `none`. */
  readonly mode?: QuantizeMode
  /** Rules for each op, in place of one mode for all. */
  readonly recipe?: Recipe | undefined
  /** Weights with fewer elements stay float. Default 1024 in `dynamic`, as TensorFlow; 0 in the other modes that store weights alone, as litert-quantizer. */
  readonly minElements?: number | undefined
  /** One scale for a whole weight instead of one per channel. Default false. */
  readonly perTensor?: boolean
  /** One scale for so many elements of a row, in `dynamic-int4` and the weight-only modes. Default none. */
  readonly blockSize?: BlockSize | undefined
  /** A zero point of its own for each scale in the weight-only modes. Default false. */
  readonly asymmetric?: boolean
  /**
   * How scales of weights are chosen in `dynamic`, `dynamic-int4` and the weight-only modes, and there and in the integer modes their integers.
   * Default `min-max`.
   */
  readonly weightsAlgorithm?: WeightAlgorithm | undefined
  /** What samples made of the inputs of layers: the algorithms that ask for it need it, see `layersToObserve`. */
  readonly hessians?: Hessians | undefined
  /** Take from biases by what weights that are stored as integers move the mean of results, see `correctBiases`; `means` are needed. Default false. */
  readonly biasCorrection?: boolean | undefined
  /** Means of what ops with weights read, over samples. */
  readonly means?: Means | undefined
  /** Source layers or tensor names that stay float: globs where `*` is any text. Default none. */
  readonly keepFloat?: readonly string[]
  /** Ranges of the activations; the static modes need them, unless the model states its own. */
  readonly ranges?: Ranges
  /** Range of activations in `uint8` and `int8` for which nothing gives one: to try the speed, not for accuracy. Default none. */
  readonly defaultRange?: readonly [min: number, max: number] | undefined
  /** How integer inputs are stored, in `uint8`, `int8` and `none`. Default: on the grid of their range; float in `none`. */
  readonly inputStats?: InputStats | undefined
  /** Types of inputs and outputs in the static modes. Default `float32`, in `uint8` that. */
  readonly io?: PortTypes | undefined
  /** Type of the biases in `int16x8`. Default `i64`. */
  readonly biasType?: 'i32' | 'i64'
}

/** Scales and zero points of a tensor, from the smallest to the largest. */
export interface GridSummary {
  /** How many scales there are. */
  readonly scales: number
  readonly scale: readonly [number, number]
  readonly zeroPoint: readonly [number, number]
}

export interface StoredError {
  /** Power of the elements over that of the errors, in dB; null where there is no error. */
  readonly sqnrDb: number | null
  /** Largest difference between an element and what it is stored as. */
  readonly maxAbs: number
}

/** What was decided for one constant, and why. */
export interface Decision {
  readonly tensor: string
  /** Op that reads it. */
  readonly op: string
  readonly operand: string
  /** Source layer of that op. */
  readonly layer: string | undefined
  readonly elements: number
  readonly from: string
  /** dtype after; equal to `from` when it stays. */
  readonly to: string
  readonly granularity: 'per-axis' | 'per-tensor' | 'blockwise' | 'none'
  /** Elements that share a scale, where it is blockwise. */
  readonly blockSize?: number
  /** The steps it is stored on; absent where it stays or is not integer. */
  readonly grid?: GridSummary
  /** What storing it so loses, where that was measured. */
  readonly error?: StoredError
  /** How its scales or integers were chosen, where that was asked for. */
  readonly algorithm?: WeightAlgorithm
  /** Why that is not the algorithm that was asked for. */
  readonly note?: string
  /** Smallest and largest number by which channels of the input are divided, as many columns as there are multiplied before they are stored. */
  readonly columnFactors?: readonly [number, number]
  /** What the results of its layer lose over the samples, where these chose its integers. */
  readonly results?: LayerError
  /** Of one element after. */
  readonly bits: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Why it stays as it is; undefined when it was changed. */
  readonly reason: string | undefined
}

export interface Quantized {
  readonly model: Model
  readonly decisions: readonly Decision[]
  readonly diagnostics: readonly Diagnostic[]
  /** Which biases were corrected and which were not, where it was asked for. */
  readonly biasCorrection?: BiasCorrection
  /** The float model with these biases. */
  readonly correctedModel?: Model
}

/** Whether a `--keep-float` pattern names this op's layer or this tensor. */
export type KeepFloat = (origin: Origin, tensor: string) => boolean
