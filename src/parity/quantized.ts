import type { Contents } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Shape } from '../core/shape.ts'
import type { Graph, Model, ValueId } from '../ir/types.ts'
import { carriesElements } from '../ops/fold.ts'
import { findSpec } from '../ops/index.ts'
import type { Decision } from '../quantize/types.ts'
import { changesWeights } from '../quantize/weights/scheme.ts'
import { differenceOf, errorRatio, sizeOf, type Verdict } from './compare.ts'
import { isUnknown, type Unknown } from './evaluate-source.ts'
import type { ParityMode } from './types.ts'

/*
 * What is asked of the results of a quantized file.
 */

export type QuantizedMode = Exclude<ParityMode, 'none'>

export interface QuantizedFile {
  readonly contents: Contents
  /** Undefined where activations are integers, which hold on what they were calibrated with. */
  readonly mode: QuantizedMode | undefined
  /** Then, whether the caller compares results on such samples. */
  readonly isRunOnSamples?: boolean
  readonly decisions: readonly Decision[]
  /** The float model with the biases that were corrected, where they were. */
  readonly correctedModel?: Model | undefined
}

/** Why the results of a quantized file tell nothing. */
export function notComparedBecause({ mode, decisions, isRunOnSamples }: QuantizedFile): string | undefined {
  if (!mode && isRunOnSamples) return undefined
  if (!mode)
    return 'its activations are integers, which hold on inputs as those it was calibrated with, and those are not here: its weights were compared, its results were not'
  if (decisions.some((d) => d.to === 'i2'))
    return 'LiteRT.js computes wrong numbers with weights of 2 bits: these were compared, its results were not'
  if (!decisions.some((d) => d.algorithm && changesWeights(d.algorithm))) return undefined
  return 'its weights are turned or scaled before they are stored: neither they nor its results were compared'
}

/**
 * Quantized weights move results; how far, depends on the model and is not for this check. An error whose root mean square is above this
 * share of the results' own is no rounding of weights any more: scales or layouts are wrong.
 */
const grossError: Readonly<Record<QuantizedMode, number>> = {
  float16: 0.1,
  dynamic: 0.5,
  'dynamic-int4': 0.5,
  'weight-only-int8': 0.5,
  'weight-only-int4': 0.5,
  recipe: 0.5,
}
/** In these, activations are quantized on the way by their largest element: what is at the edges leaves little of the rest. */
const grossErrorAtEdges: Readonly<Partial<Record<QuantizedMode, number>>> = { dynamic: 0.75, 'dynamic-int4': 0.75, recipe: 0.75 }
/** Times what the rounded weights alone do to results, where that is more. */
const weightsFactor = 4

/** Of an output in the sample in which it is largest; 0 where it was computed in none. */
export function largestSize(results: readonly (NdArray | Unknown)[]): number {
  return Math.max(0, ...results.map((r) => (isUnknown(r) ? 0 : sizeOf(r))))
}

/** Steps that results are worth: below, a probability is 0 to all that read it. */
const worthSteps = 8

/** Of results of ops such as LOGISTIC, whose range is known, that many steps of their int8 form; 0 of others. */
export function leastSize(graph: Graph, value: ValueId | null | undefined): number {
  const maker = graph.nodes.find((n) => value != null && n.outputs.includes(value))
  const spec = maker && findSpec(maker.op)
  const grid = spec?.quant?.fixedRange?.i8
  if (grid) return worthSteps * grid.scale
  return spec && carriesElements(spec, 0) ? leastSize(graph, maker?.inputs[0]) : 0
}

/**
 * What is allowed, or in words what is not. `size`: that of the output, or that in another sample without edge values, for a
 * probability that is nearly 0 is still right at three times as much. `isAtEdges`: inputs are edge values alone. `byWeights`: what the float model gives with its weights as they are stored.
 */
export async function grossVerdict(
  mode: QuantizedMode,
  found: NdArray,
  expected: NdArray,
  { size, isAtEdges }: { readonly size: number; readonly isAtEdges: boolean },
  byWeights: () => Promise<NdArray>,
): Promise<Verdict | string> {
  const { largest } = differenceOf(found, expected, 0, {})
  const ratio = /^f/.test(expected.dtype) ? errorRatio(found, expected, size) : 0
  const limit = (isAtEdges && grossErrorAtEdges[mode]) || grossError[mode]
  if (ratio <= limit) return { largest, share: ratio / limit, excused: 0 }
  const like = await byWeights()
  const [own, weights] = [errorRatio(found, like, size), errorRatio(like, expected, size)]
  const share = Math.min(own / limit, ratio / (weightsFactor * weights))
  if (share <= 1) return { largest, share, excused: 0 }
  return `has an error of ${percent(ratio)} of its size (${mode} may have ${percent(Math.max(limit, weightsFactor * weights))})`
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** Whether two sizes of a result differ that its graph leaves open: values tell them, and quantization moves values. */
export function hasOtherSize(shape: Shape | undefined, found: NdArray, expected: NdArray): boolean {
  return (
    shape?.length === found.shape.length &&
    found.shape.length === expected.shape.length &&
    found.shape.some((size, axis) => size !== expected.shape[axis]) &&
    found.shape.every((size, axis) => size === expected.shape[axis] || typeof shape[axis] !== 'number')
  )
}
