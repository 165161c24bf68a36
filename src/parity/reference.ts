import { DowncastError } from '../core/diagnostics.ts'
import { type NdArray, ndArray, toFloat32 } from '../core/nd-array.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { seededRandom } from '../ir/synthetic.ts'
import { lowerSource } from '../lower/index.ts'
import { tensorflow } from '../lower/tf/index.ts'
import { interpret, NotComputable } from '../ops/interpret.ts'
import type { CheckedSignature } from './checked-signature.ts'
import { numbersOf } from './compare.ts'
import { evaluateSource, isUnknown, type Unknown } from './evaluate-source.ts'
import { kernelEvaluator } from './kernel-evaluator.ts'
import { largeArrayEvaluator } from './large-arrays.ts'
import type { Pace } from './plan.ts'
import { sizedByValuesEvaluator } from './sized-by-values.ts'
import { tallies } from './tally.ts'
import { type TfJsLoader, tfjsEvaluator } from './tfjs.ts'
import type { EvaluatorTally } from './types.ts'

/** Sees the result of each layer, by the user's name; of one that consists of several nodes, each in turn. */
export type ObserveLayer = (layer: string, result: NdArray) => void

/** What the source computes, found without the optimizer and the writer. */
export interface Reference {
  /** How much it is worth to spare it work. */
  readonly pace: Pace
  /** The outputs of a signature for inputs in its order, or why they cannot be told. */
  evaluate(signature: CheckedSignature, inputs: readonly NdArray[], observe?: ObserveLayer): Promise<(NdArray | Unknown)[]>
  /** Lets go of what it holds until it is asked again. */
  release(): Promise<void>
  tally(): EvaluatorTally[]
}

export interface ReferenceOptions {
  /** For TensorFlow's ops; our own kernels compute those that it does not know, or all. */
  readonly loadTfJs?: TfJsLoader | undefined
  /** An evaluation that is not through by then is given up. */
  readonly stopSeconds: number
  readonly signal?: AbortSignal | undefined
}

export async function referenceOf(source: SourceModel, options: ReferenceOptions): Promise<Reference> {
  const { count, tally } = tallies()
  const common = { pace: 'nodes', tally, release: async () => {} } as const
  const isKeras = source.graphs.some((g) => g.nodes.some((n) => n.keras))
  if (isKeras) return { ...common, pace: 'kernels', evaluate: layerEvaluation(source, count, options.stopSeconds) }
  const evaluators = [
    largeArrayEvaluator(),
    ...(options.loadTfJs ? [tfjsEvaluator(await options.loadTfJs())] : []),
    sizedByValuesEvaluator,
    kernelEvaluator(tensorflow),
  ]
  const evaluate: Reference['evaluate'] = ({ name }, inputs, observe) =>
    evaluateSource(source.graphs.find((g) => g.name === name)!, inputs, {
      evaluators,
      signal: options.signal,
      stopSeconds: options.stopSeconds,
      onEvaluated: count,
      ...(observe && { observe: (node, output, result) => output === 0 && observe(node.layer[0] ?? node.name, result) }),
    })
  return { ...common, evaluate }
}

/** Keras layers are lowered, not optimized, and computed by our kernels. */
function layerEvaluation(source: SourceModel, count: (name: string, op: string) => void, stopSeconds: number): Reference['evaluate'] {
  const { model } = lowerSource(source)
  const lowered = new Map(model.signatures.map((s) => [s.key, model.graphs[s.graph]!]))
  return async ({ name, outputs }, inputs, observe) => {
    const begin = performance.now()
    try {
      return interpret(lowered.get(name)!, inputs, {
        isReshaped: true,
        observe: (result, node, index) => {
          if (index === 0) count(kernelsName, node.op)
          const layer = node.origin.source[0] ?? ''
          if (index === 0) observe?.(layer, result)
          if (performance.now() - begin > 1000 * stopSeconds)
            throw new NotComputable(`its evaluation was given up after ${stopSeconds} s, at the layer ${JSON.stringify(layer)}`)
        },
      })
    } catch (e) {
      if (!(e instanceof NotComputable || e instanceof DowncastError)) throw e
      return outputs.map(() => ({ reason: e.message }))
    }
  }
}

const kernelsName = 'own kernels, before optimization'

/** Steps of float32 that an input is moved by to see what rounding can do: as much as a few operations would. */
const perturbation = 8 * 2 ** -24
const perturbations = 5

/**
 * How far each element of each output moves when the float inputs are moved by a few roundings: large at ties and where a sum cancels.
 * Undefined for outputs that are not known. No trial begins after `limitSeconds`.
 */
export async function noiseOf(
  reference: Reference,
  signature: CheckedSignature,
  inputs: readonly NdArray[],
  expected: readonly (NdArray | Unknown)[],
  limitSeconds: number,
): Promise<(Float64Array | undefined)[]> {
  const noise = expected.map((e) => (isUnknown(e) ? undefined : new Float64Array(numbersOf(e).length)))
  const begin = performance.now()
  for (let k = 0; k < perturbations && performance.now() - begin < 1000 * limitSeconds; k++) {
    const moved = inputs.map((input, i) => perturbed(input, perturbation, 1000 * k + i))
    const results = await reference.evaluate(signature, moved)
    for (const [o, result] of results.entries()) {
      const [sum, base] = [noise[o], expected[o]]
      if (!sum || !base || isUnknown(base) || isUnknown(result) || String(result.shape) !== String(base.shape)) continue
      const [a, b] = [numbersOf(result), numbersOf(base)]
      for (let i = 0; i < sum.length; i++) {
        const d = Math.abs(a[i]! - b[i]!)
        if (d > sum[i]!) sum[i] = d
      }
    }
  }
  return noise
}

/** The array with each float moved by up to `relative` of itself. */
function perturbed(array: NdArray, relative: number, seed: number): NdArray {
  const values = array.dtype === 'f32' ? toFloat32(array) : undefined
  if (!values) return array
  const next = seededRandom(seed)
  return {
    ...ndArray(
      'f32',
      values.map((x) => x * (1 + relative * (2 * next() - 1))),
    ),
    shape: array.shape,
  }
}
