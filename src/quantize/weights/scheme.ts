import type { Attrs } from '../../ir/types.ts'
import type { OpSpec, WeightBits, WeightTrait } from '../../ops/spec.ts'

import { rotationSize } from './hadamard.ts'

/** Elements that share a scale along the axis that a matrix product sums over. @see litert-quantizer 0.11, QuantGranularity */
export const blockSizes = [32, 64, 128, 256] as const
export type BlockSize = (typeof blockSizes)[number]

/** One scale for a tensor, one for each channel, or one for each block of so many elements. */
export type Granularity = 'per-tensor' | 'per-axis' | number

/**
 * By what rule scales are chosen from the elements (`recover`: these are integers times a scale already; `oscar`: of columns that are multiplied
 * by factors, which the input is divided by), or integers on the scales of min-max.
 */
export const plainAlgorithms = ['min-max', 'mse', 'octav', 'recover', 'gptq', 'adaround', 'oscar'] as const
/** Of rows that are rotated, by OCTAV; an op of its own, or ops that all runtimes have, undo it. */
export const rotatingAlgorithms = ['hadamard', 'decomposed-hadamard'] as const
export type WeightAlgorithm = (typeof plainAlgorithms)[number] | (typeof rotatingAlgorithms)[number]

/** Those that choose integers by what samples make of the inputs of a layer. */
export const sampledAlgorithms = ['gptq', 'adaround'] as const satisfies readonly (typeof plainAlgorithms)[number][]
export type SampledAlgorithm = (typeof sampledAlgorithms)[number]
/** Those that need samples. */
export const observingAlgorithms = [...sampledAlgorithms, 'oscar'] as const
export type ObservingAlgorithm = (typeof observingAlgorithms)[number]

/** How the weights of an op are stored while its activations stay float. */
export interface WeightScheme {
  /** `dynamic`: the kernel takes the stored numbers and quantizes activations as it runs; `weight-only`: a DEQUANTIZE comes before the op. */
  readonly compute: 'dynamic' | 'weight-only'
  readonly bits: WeightBits
  readonly isSymmetric: boolean
  readonly granularity: Granularity
  readonly algorithm: WeightAlgorithm
  readonly minElements: number
  /** Whose: those of TensorFlow's dynamic range are rounded in float64, and tables move as int8 to a DEQUANTIZE behind. Default litert-quantizer. */
  readonly numbers?: 'tensorflow'
  /** Ops that pick rows of a table become lookups, whose kernel takes what theirs does not. */
  readonly usesLookups?: true
  /** Tried where this scheme cannot be. */
  readonly otherwise?: WeightScheme
  /** Elements that are rotated together at most, 0 for any number, where the algorithm rotates. */
  readonly maxRotation?: number
  /** Also where no kernel is known to take it, or nothing was recovered. */
  readonly isUnchecked?: boolean
}

/** Weights with fewer elements stay float in TensorFlow. @see TensorFlow Lite tools/optimize/quantize_weights.cc */
const dynamicRangeMin = 1024

/**
 * TensorFlow's dynamic range: weights become int8, activations stay float and are quantized row by row inside the kernels. Another algorithm
 * has those that it can have.
 */
export function dynamicRange(
  algorithm: WeightAlgorithm,
  granularity: 'per-tensor' | 'per-axis',
  minElements = dynamicRangeMin,
): WeightScheme {
  const common = { compute: 'dynamic', bits: 8, isSymmetric: true, granularity, minElements } as const
  const plain: WeightScheme = { ...common, algorithm: 'min-max', numbers: 'tensorflow' }
  return algorithm === 'min-max' ? plain : { ...common, algorithm, otherwise: plain }
}

/** Symmetric weights beside integer activations. */
export type StaticWeights = Pick<WeightScheme, 'bits' | 'algorithm' | 'isUnchecked'> & { readonly granularity: 'per-tensor' | 'per-axis' }

export function isRotating(algorithm: WeightAlgorithm): boolean {
  return rotatingAlgorithms.some((a) => a === algorithm)
}

/** Whether weights are turned or scaled before they are stored: not they are stored, but others. */
export function changesWeights(algorithm: WeightAlgorithm): boolean {
  return isRotating(algorithm) || algorithm === 'oscar'
}

export function isSampled(algorithm: WeightAlgorithm | undefined): algorithm is SampledAlgorithm {
  return sampledAlgorithms.some((a) => a === algorithm)
}

/** Along which axis scales lie: null for one scale; with blocks, the axis they divide. `blocks`: others than the scheme's, and why. */
export type Placement =
  | { readonly axis: number | null; readonly blocks?: { readonly size: number; readonly note: string } }
  | { readonly reason: string }

/** Where the scales of a weight go under a scheme, or why no kernel takes it so. */
export function placeScales(spec: OpSpec, attrs: Attrs, trait: WeightTrait, shape: readonly number[], scheme: WeightScheme): Placement {
  const { granularity, bits, compute, algorithm, isSymmetric } = scheme
  const { small } = trait
  const inKernel = spec.quant?.dynamicRange
  if (scheme.numbers === 'tensorflow') {
    if (small?.dynamic.length === 0) return { reason: `${spec.builtin} takes ${trait.operand} as float` }
    if (!inKernel && !spec.movesElements) return { reason: `${spec.builtin} has no kernel for int8 weights with float activations` }
    return { axis: granularity === 'per-tensor' && !inKernel?.perChannel ? null : trait.axis }
  }
  const isBlockwise = typeof granularity === 'number'
  if (!small) return { reason: `${spec.builtin} has no kernel for ${trait.operand} of ${bits} bits with float activations` }
  const inKernelBlocks = isBlockwise && compute === 'dynamic'
  const able = compute === 'weight-only' ? small.weightOnly : isBlockwise ? small.blocks : small.dynamic
  if (!scheme.isUnchecked && (!able?.includes(bits) || (isBlockwise && !small.blocks))) {
    const how = isBlockwise ? ` in blocks` : ''
    const which =
      compute === 'dynamic' ? `takes no ${bits}-bit weights${how} with float activations` : `has no ${bits}-bit weight-only form${how}`
    const isOtherwise = inKernelBlocks && small.blocks && small.weightOnly.includes(bits)
    return { reason: `${spec.builtin} ${which}${isOtherwise ? ', but does behind a DEQUANTIZE (weight-only)' : ''}` }
  }
  if (!isSymmetric && compute === 'dynamic') return { reason: `only weights before a DEQUANTIZE may be asymmetric` }
  if (algorithm !== 'min-max' && !isSymmetric) return { reason: `${algorithm} gives symmetric weights only` }
  if (algorithm === 'mse' && (inKernelBlocks || bits === 2))
    return { reason: 'mse has factors for 4 and 8 bits per tensor or channel, and for blocks before a DEQUANTIZE' }
  if (algorithm === 'oscar' && !trait.product?.isDense) return { reason: `oscar is not for ${spec.builtin}` }
  if (algorithm === 'oscar' && isBlockwise && !inKernelBlocks) return { reason: 'oscar has no blocks before a DEQUANTIZE' }
  if (isRotating(algorithm)) {
    if (!trait.rotates || compute !== 'dynamic')
      return { reason: `${spec.builtin} has no rotated form${trait.rotates ? ' behind a DEQUANTIZE' : ''}` }
    if (rotationSize(shape.at(-1)!, scheme.maxRotation) === 1)
      return { reason: `rows of ${shape.at(-1)} elements cannot be rotated: no power of 2 divides them` }
  }
  const readsChannels = compute === 'dynamic' && !scheme.isUnchecked && inKernel?.perChannel
  const isOne = granularity === 'per-tensor' && !readsChannels
  if (isOne) return { axis: null }
  if (!isBlockwise) return { axis: small.channelAxis?.(attrs, shape.length) ?? trait.axis }
  const axis = shape.length - 1
  if (shape.length !== 2) return { reason: 'blocks divide the rows of matrices only' }
  const row = shape[axis]!
  if (row % granularity === 0) return { axis }
  const reason = `rows of ${row} elements do not divide into blocks of ${granularity}`
  const size = inKernelBlocks ? undefined : blockWithin(row, granularity)
  return size === undefined ? { reason } : { axis, blocks: { size, note: `blocks of ${size}: ${reason}` } }
}

/** No kernel says how large blocks before a DEQUANTIZE are: the largest that divide a row, where they are half as large as was asked for, or a row. */
function blockWithin(row: number, most: number): number | undefined {
  if (row <= most) return row
  for (let size = most; 2 * size >= most; size--) if (row % size === 0) return size
  return undefined
}
