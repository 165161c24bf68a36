import type { ByteSource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import { seededRandom } from '../ir/synthetic.ts'
import type { Model } from '../ir/types.ts'
import { roundingDeviation, unitRoundoff } from '../ops/rounding.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { isTransferable } from '../run/litert-module.ts'
import { type ModelFile, openModel, withOutputs } from '../run/model-io.ts'
import type { Feeds } from '../run/runner.ts'
import { type CheckedInput, type CheckedSignature, feedsOf } from './checked-signature.ts'
import type { Unknown } from './evaluate-source.ts'
import { graphIndexBounds } from './index-bounds.ts'
import { keepsState, type Running } from './kernel-run.ts'
import { loadForCheck, maxWholeBytes } from './load-for-check.ts'
import type { ObserveLayer, Reference } from './reference.ts'
import { moved } from './roundings.ts'
import { tallies } from './tally.ts'

interface TfliteReferenceOptions {
  readonly runner: LiteRtRunner
  /** What the file was imported as, op for op. */
  readonly model: Model
  readonly wholeBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * What the file's signatures take and give; where it declares none, the first subgraph's own inputs and outputs. A reason where runtimes
 * would not take its signatures.
 */
export function tfliteSignatures(source: ByteSource, model: Model): CheckedSignature[] | Unknown {
  let signatures: ModelFile['signatures']
  try {
    signatures = openModel(source.name, source).signatures
  } catch (e) {
    if (e instanceof DowncastError) return { reason: e.message }
    throw e
  }
  const isStateful = model.graphs.some(keepsState)
  return signatures.map((s) => {
    const bounds = graphIndexBounds(model.graphs[s.subgraph]!)
    const inputs = s.inputs.map((p): CheckedInput => {
      return { name: p.name, dtype: p.dtype, shape: p.shape, isQuantized: p.quant !== undefined, bound: bounds.get(p.tensor) }
    })
    return { name: s.key, graph: s.subgraph, inputs, outputs: s.outputs, hasTies: false, keepsState: isStateful }
  })
}

/** The source file as it is, run by LiteRT.js; by our kernels where that has not all of its ops. */
export async function tfliteReference(source: ByteSource, options: TfliteReferenceOptions): Promise<Reference> {
  const { runner, model, signal, wholeBytes = maxWholeBytes } = options
  const { count, tally } = tallies()
  const runtime = await runner.describe()
  let held: { readonly running: Running; readonly shapes: string; readonly evaluator: string } | undefined
  const release = async (): Promise<void> => {
    await held?.running.dispose()
    held = undefined
  }
  const prepared = async (signature: CheckedSignature, inputs: readonly NdArray[]) => {
    const isOpen = signature.inputs.some(({ shape }, i) => shape!.some((d, axis) => typeof d === 'number' && d !== inputs[i]!.shape[axis]))
    const shapes = isOpen ? 'open' : 'own'
    if (held?.shapes === shapes) return held
    await release()
    const [graph, sizes] = [model.graphs[signature.graph]!, inputs.map((i) => i.shape)]
    const { running, missing } = await loadForCheck(runner, {
      name: source.name,
      file: source,
      graph,
      shapes: sizes,
      isOpen,
      isFloat: true,
      wholeBytes,
    })
    held = { running, shapes, evaluator: missing ? 'own kernels' : `the source file in ${runtime}` }
    return held
  }
  const evaluate: Reference['evaluate'] = async (signature, given, { observe, seed } = {}) => {
    // Where nothing is rounded on the way there is no noise: ties are then decided alike.
    const isMoved = seed !== undefined && roundingDeviation(model.graphs[signature.graph]!) > 0
    const inputs = isMoved ? movedInputs(given, seed) : given
    const feeds = feedsOf(signature, inputs)
    try {
      const { running, evaluator } = await prepared(signature, inputs)
      if (signature.keepsState) await running.reset()
      const results = await running.run(feeds, { signature: signature.name, signal })
      for (const node of model.graphs[signature.graph]!.nodes) count(evaluator, node.op)
      if (observe) await observeOperators(runner, openModel(source.name, source), signature.name, feeds, observe)
      return signature.outputs.map((o) => results.get(o.name)!)
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      return signature.outputs.map(() => ({ reason: `the source does not run here: ${e.message}` }))
    }
  }
  return { pace: 'runtime', evaluate, tally, release }
}

/** The runtime's own roundings are out of reach: inputs are moved by as much as a few would. */
function movedInputs(inputs: readonly NdArray[], seed: number): NdArray[] {
  const next = seededRandom(seed)
  return inputs.map((input) => moved(input, 8 * unitRoundoff, next))
}

/** Shows the first result of each operator, by its name. */
async function observeOperators(runner: LiteRtRunner, file: ModelFile, key: string, feeds: Feeds, observe: ObserveLayer): Promise<void> {
  const { tensors, operators } = file.tables.subgraphs[file.signatures.find((s) => s.key === key)!.subgraph]!
  const first = operators.flatMap((o) => [...o.outputs].slice(0, 1))
  const indices = [...new Set(first)]
  const present = (f: ModelFile): ModelFile => {
    const all = withOutputs(f, key, indices)
    return { ...all, signatures: all.signatures.map((s) => ({ ...s, outputs: s.outputs.filter((o) => isTransferable(o.dtype)) })) }
  }
  const loaded = await runner.load(file.source, { name: file.name, present })
  try {
    const results = await loaded.run(feeds, { signature: key })
    for (const index of indices) {
      const result = results.get(String(index))
      if (result) observe(tensors[index]!.name, result)
    }
  } finally {
    await loaded.dispose()
  }
}
