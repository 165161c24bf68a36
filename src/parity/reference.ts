import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { lowerSource } from '../lower/index.ts'
import { tensorflow } from '../lower/tf/index.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { CheckedSignature } from './checked-signature.ts'
import { evaluateSource, type Unknown } from './evaluate-source.ts'
import { kernelEvaluator } from './kernel-evaluator.ts'
import { largeArrayEvaluator } from './large-arrays.ts'
import type { Pace } from './plan.ts'
import { isProduct, productEvaluator, productOf } from './products.ts'
import { roundingDisturbance, roundingEvaluator } from './roundings.ts'
import { sizedByValuesEvaluator } from './sized-by-values.ts'
import { tallies } from './tally.ts'
import { type TfJsLoader, tfjsEvaluator } from './tfjs.ts'
import type { EvaluatorTally } from './types.ts'

/** Sees the result of each layer, by the user's name; of one that consists of several nodes, each in turn. */
export type ObserveLayer = (layer: string, result: NdArray) => void

export interface Evaluating {
  readonly observe?: ObserveLayer
  /** Draws roundings, at which the results are then off. */
  readonly seed?: number
  /** In place of the reference's own. */
  readonly stopSeconds?: number
}

/** What the source computes, found without the optimizer and the writer. */
export interface Reference {
  /** How much it is worth to spare it work. */
  readonly pace: Pace
  /** The outputs of a signature for inputs in its order, or why they cannot be told. */
  evaluate(signature: CheckedSignature, inputs: readonly NdArray[], how?: Evaluating): Promise<(NdArray | Unknown)[]>
  /** Lets go of what it holds until it is asked again. */
  release(): Promise<void>
  tally(): EvaluatorTally[]
}

export interface ReferenceOptions {
  /** For TensorFlow's ops; our own kernels compute those that it does not know, or all. */
  readonly loadTfJs?: TfJsLoader | undefined
  /** An evaluation that is not through by then is given up. */
  readonly stopSeconds: number
  /** Seconds of work so far, from any beginning. */
  readonly clock: () => number
  readonly signal?: AbortSignal | undefined
}

export async function referenceOf(source: SourceModel, options: ReferenceOptions): Promise<Reference> {
  const { count, tally } = tallies()
  const common = { pace: 'nodes', tally, release: async () => {} } as const
  const isKeras = source.graphs.some((g) => g.nodes.some((n) => n.keras))
  if (isKeras) return { ...common, ...layerEvaluation(source, count, options) }
  const evaluators = [
    largeArrayEvaluator(),
    productEvaluator(),
    ...(options.loadTfJs ? [tfjsEvaluator(await options.loadTfJs())] : []),
    sizedByValuesEvaluator,
    kernelEvaluator(tensorflow),
  ]
  const evaluate: Reference['evaluate'] = ({ name }, inputs, { observe, seed, stopSeconds = options.stopSeconds } = {}) =>
    evaluateSource(source.graphs.find((g) => g.name === name)!, inputs, {
      evaluators: seed === undefined ? evaluators : evaluators.map((e, i) => roundingEvaluator(e, seed + i)),
      signal: options.signal,
      stopSeconds,
      clock: options.clock,
      onEvaluated: count,
      ...(observe && { observe: (node, output, result) => output === 0 && observe(node.layer[0] ?? node.name, result) }),
    })
  return { ...common, evaluate }
}

const sumsProducts = /conv|matmul|fully_connected|lstm|rnn/

/** Keras layers are lowered, not optimized, and computed by our kernels. */
function layerEvaluation(
  source: SourceModel,
  count: (name: string, op: string) => void,
  { stopSeconds, clock }: ReferenceOptions,
): Pick<Reference, 'pace' | 'evaluate'> {
  const { model } = lowerSource(source)
  const producers = model.graphs.map(({ nodes }) => new Map(nodes.map((node) => [node.outputs[0]!, node])))
  const isFast = model.graphs.every((g) => g.nodes.every(({ op }) => isProduct(op) || !sumsProducts.test(op)))
  const evaluate: Reference['evaluate'] = async ({ name, outputs }, inputs, { observe, seed, stopSeconds: stop = stopSeconds } = {}) => {
    const begin = clock()
    const index = model.signatures.find((s) => s.key === name)!.graph
    const see = (graph: number, value: number, result: NdArray): void => {
      const node = producers[graph]!.get(value)
      if (!node) return
      count(kernelsName, node.op)
      const layer = node.origin.source[0] ?? ''
      if (graph === index) observe?.(layer, result)
      if (clock() - begin > stop) throw new GivenUp(`its evaluation was given up after ${stop} s, at the layer ${JSON.stringify(layer)}`)
    }
    try {
      return interpretModel(model, index, inputs, {
        observe: see,
        disturbance: seed === undefined ? undefined : roundingDisturbance(seed),
        compute: productOf,
      })
    } catch (e) {
      if (!(e instanceof NotComputable || e instanceof DowncastError)) throw e
      return outputs.map(() => ({ reason: e.message, ...(e instanceof GivenUp && { isGivenUp: true }) }))
    }
  }
  return { pace: isFast ? 'nodes' : 'kernels', evaluate }
}

class GivenUp extends NotComputable {}

const kernelsName = 'own kernels, before optimization'
