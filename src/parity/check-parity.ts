import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SourceModel } from '../import/source-graph.ts'
import type { Graph, Model } from '../ir/types.ts'
import { roundingDeviation, unitRoundoff } from '../ops/rounding.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { type CheckedSignature, hasFreeIntegers, signaturesOf } from './checked-signature.ts'
import { type Difference, differenceOf, differentKind, errorRatio } from './compare.ts'
import { cannotRun, mismatch } from './diagnostics.ts'
import { isUnknown, type Unknown } from './evaluate-source.ts'
import type { Running } from './kernel-run.ts'
import { loadForCheck, maxWholeBytes, runtimeLimits } from './load-for-check.ts'
import { firstDifferingLayer, type Suspect } from './locate.ts'
import { NoiseTrials } from './noise.ts'
import { type Plan, planOf } from './plan.ts'
import { type Reference, referenceOf } from './reference.ts'
import { sampleOf } from './samples.ts'
import type { TfJsLoader } from './tfjs.ts'
import { type TfliteSource, tfliteReference, tfliteSignatures } from './tflite-source.ts'
import type { OutputParity, ParityGap, ParityMode, ParityReport, SampleKind } from './types.ts'

export interface ParityOptions {
  readonly runner: LiteRtRunner
  /** The float model that `bytes` were written from: for the names of layers, the cost, and how much rounding is to be expected. */
  readonly model: Model
  /** The same model with quantized weights, checked for gross errors besides. */
  readonly quantized?: { readonly bytes: Uint8Array; readonly mode: Exclude<ParityMode, 'none'> } | undefined
  /** TensorFlow's ops by TensorFlow.js. Without it our own kernels compute all. */
  readonly loadTfJs?: TfJsLoader | undefined
  /** What one run of the source may take, as far as can be told before; it is stopped at twice that. Default 20. */
  readonly budgetSeconds?: number | undefined
  /** Files of more bytes are run some operators at a time: LiteRT.js has 2 GiB. Default 640 MiB. */
  readonly wholeBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a written model on random and edge inputs and compares it with an evaluation of its source that has nothing of the optimizer, the
 * writer and the runtime in it; of a `.tflite` source, with that file itself in the runtime. What cannot be compared is in the report, with
 * the reason.
 * Throws parity/mismatch, parity/cannot-run.
 */
export async function checkParity(source: SourceModel | TfliteSource, bytes: Uint8Array, options: ParityOptions): Promise<ParityReport> {
  const begin = performance.now()
  const isTflite = 'bytes' in source
  const reference = isTflite
    ? await tfliteReference(source, options)
    : await referenceOf(source, { ...options, stopSeconds: 2 * (options.budgetSeconds ?? defaultBudgetSeconds) })
  const check = new ParityCheck(source.name, bytes, options, reference)
  const seen = new Set<number>()
  try {
    const signatures = isTflite ? tfliteSignatures(source, options.model) : signaturesOf(source, options.model)
    if ('reason' in signatures) check.gaps.push(...options.model.signatures.map((s) => ({ signature: s.key, reason: signatures.reason })))
    else
      for (const s of signatures) {
        await check.signature(s, options.model.graphs[s.graph]!, seen.has(s.graph))
        seen.add(s.graph)
      }
  } finally {
    await reference.release()
  }
  return {
    outputs: check.outputs,
    gaps: check.gaps,
    evaluators: reference.tally(),
    inputShapes: Object.fromEntries(check.inputShapes),
    samples: [...check.kinds],
    isReduced: check.isReduced,
    isInPieces: check.isInPieces,
    runner: await options.runner.describe(),
    onKernels: check.onKernels,
    timeMs: performance.now() - begin,
  }
}

/**
 * Quantized weights move results; how far, depends on the model and is not for this check. An error whose root mean square is above this
 * share of the results' own is no rounding of weights any more: scales or layouts are wrong.
 */
const grossError: Readonly<Record<Exclude<ParityMode, 'none'>, number>> = { float16: 0.1, dynamic: 0.5 }

const sampleWords: Readonly<Record<SampleKind, string>> = { normal: 'random normal', uniform: 'random uniform', edge: 'edge', zero: 'zero' }

interface Sample {
  /** What the inputs are, row by row where they are more than one. */
  readonly kinds: readonly SampleKind[]
  readonly inputs: readonly NdArray[]
  readonly expected: readonly (NdArray | Unknown)[]
}

interface Subject {
  readonly bytes: Uint8Array
  readonly mode: ParityMode
}

/** A difference that is allowed, and how many elements only for the noise. */
type Verdict = Pick<Difference, 'largest' | 'share'> & { readonly excused: number }

class ParityCheck {
  readonly outputs: OutputParity[] = []
  readonly gaps: ParityGap[] = []
  readonly inputShapes = new Map<string, Record<string, readonly number[]>>()
  readonly kinds = new Set<SampleKind>()
  isReduced = false
  isInPieces = false
  /** Why LiteRT.js did not run the model. */
  onKernels: string | undefined
  readonly #name: string
  readonly #subjects: readonly Subject[]
  readonly #options: ParityOptions
  readonly #reference: Reference
  readonly #budgetSeconds: number

  constructor(name: string, bytes: Uint8Array, options: ParityOptions, reference: Reference) {
    this.#name = name
    this.#subjects = [{ bytes, mode: 'none' }, ...(options.quantized ? [options.quantized] : [])]
    this.#options = options
    this.#reference = reference
    this.#budgetSeconds = options.budgetSeconds ?? defaultBudgetSeconds
  }

  /**
   * At small sizes where that will do; what does not agree there is judged at the model's own. `isRepeated` says that the signature has
   * become a graph that another one has been checked on.
   */
  async signature(source: CheckedSignature, graph: Graph, isRepeated: boolean): Promise<void> {
    const { pace } = this.#reference
    const small = planOf(source, graph, { pace, budgetSeconds: this.#budgetSeconds, reduce: true, isRepeated })
    let disagreement = ''
    if (!('reason' in small) && small.isReduced) {
      try {
        if (await this.#run(source, graph, small)) return
      } catch (e) {
        if (!(e instanceof DowncastError && e.stage === 'parity')) throw e
        disagreement = `; at a reduced size: ${e.message}`
      }
    }
    const plan =
      'reason' in small || !small.isReduced
        ? small
        : planOf(source, graph, { pace, budgetSeconds: this.#budgetSeconds, reduce: false, isRepeated })
    if ('reason' in plan) this.gaps.push({ signature: source.name, reason: `${plan.reason}${disagreement}` })
    else await this.#run(source, graph, plan)
  }

  /** Whether the signature was compared. At reduced sizes that is so only if every output was, and nothing is recorded otherwise. */
  async #run(source: CheckedSignature, graph: Graph, plan: Plan): Promise<boolean> {
    const samples: Sample[] = []
    for (const kinds of plan.isBatched ? [plan.kinds] : plan.kinds.map((kind) => [kind])) {
      const sample = await this.#sample(source, plan, kinds)
      if (typeof sample === 'string') {
        this.gaps.push({ signature: source.name, reason: sample })
        return false
      }
      samples.push(sample)
    }
    const known = () => source.outputs.map((_, o) => samples.some((s) => !isUnknown(s.expected[o]!)))
    if (hasFreeIntegers(source) && !known().includes(true)) {
      // It may be the values: zeros are what any model takes.
      const zeros = await this.#sample(source, plan, ['zero'])
      if (typeof zeros !== 'string') samples.push(zeros)
    }
    const isKnown = known()
    await this.#reference.release()
    if (plan.isReduced && !isKnown.every((k) => k)) return false
    const found: { readonly mode: ParityMode; readonly outputs: readonly OutputParity[] }[] = []
    for (const subject of isKnown.some((k) => k) ? this.#subjects : []) {
      try {
        const outputs = await this.#judge(subject, source, graph, plan, samples)
        found.push({ mode: subject.mode, outputs })
      } catch (e) {
        if (!(e instanceof DowncastError) || e.stage === 'parity') throw e
        if (!runtimeLimits.has(e.code)) throw cannotRun(this.#name, source.name, e.message, e)
        this.gaps.push({ signature: source.name, ...(subject.mode !== 'none' && { mode: subject.mode }), reason: e.message })
        // What was found of the float model holds.
        if (subject.mode === 'none') return false
      }
    }
    this.outputs.push(...found.flatMap((f) => f.outputs))
    for (const [o, port] of source.outputs.entries()) {
      const expected = samples[0]!.expected[o]!
      if (!isKnown[o] && isUnknown(expected)) this.gaps.push({ signature: source.name, output: port.name, reason: expected.reason })
    }
    this.inputShapes.set(source.name, Object.fromEntries(source.inputs.map((p, i) => [p.name, plan.shapes[i]!])))
    for (const kind of plan.kinds) this.kinds.add(kind)
    this.isReduced ||= plan.isReduced
    return true
  }

  /** Inputs and what the source makes of them; the reason where there are none to be made up. */
  async #sample(source: CheckedSignature, plan: Plan, kinds: readonly SampleKind[]): Promise<Sample | string> {
    const inputs: NdArray[] = []
    for (const [i, port] of source.inputs.entries()) {
      const input = sampleOf(port, plan.shapes[i]!, kinds)
      if (!input) return `inputs of type ${port.dtype} cannot be made up`
      inputs.push(input)
    }
    return { kinds, inputs, expected: await this.#reference.evaluate(source, inputs) }
  }

  async #judge(subject: Subject, source: CheckedSignature, graph: Graph, plan: Plan, samples: readonly Sample[]): Promise<OutputParity[]> {
    const loaded = await this.#load(subject, graph, plan)
    try {
      const verdicts: { readonly output: number; readonly rows: number; readonly verdict: Verdict }[] = []
      const add = async (sample: Sample): Promise<unknown> => {
        let results: Map<string, NdArray>
        try {
          results = await this.#execute(loaded, source, sample)
        } catch (e) {
          if (!(e instanceof DowncastError)) throw e
          return e
        }
        try {
          verdicts.push(...(await this.#compare(subject, results, source, graph, plan, sample)))
        } catch (e) {
          if (!(e instanceof DowncastError) || !hasFreeIntegers(source)) throw e
          // Axes, sizes and the like: numbers that TensorFlow refuses, kernels take in different ways.
          const reason = `made-up ${sample.kinds.join(', ')} integers may mean nothing to it, and there ${e.message}`
          this.gaps.push({ signature: source.name, reason })
        }
        return undefined
      }
      let failure: unknown
      for (const sample of samples) failure = (await add(sample)) ?? failure
      if (failure && verdicts.length === 0) {
        // It may be the values: zeros are what any model takes.
        const zeros = await this.#sample(source, plan, ['zero'])
        if (typeof zeros === 'string' || (await add(zeros))) {
          if (!(failure instanceof DowncastError) || failure.code !== 'run/failed' || !hasFreeIntegers(source)) throw failure
          this.gaps.push({ signature: source.name, reason: `made-up integers may mean nothing to it, and with them ${failure.message}` })
        }
      }
      return source.outputs.flatMap(({ name }, o): OutputParity[] => {
        const own = verdicts.filter((v) => v.output === o)
        if (own.length === 0) return []
        const sum = (f: (v: (typeof own)[number]) => number): number => own.reduce((n, v) => n + f(v), 0)
        return [
          {
            signature: source.name,
            output: name,
            mode: subject.mode,
            samples: sum((v) => v.rows),
            largestDifference: Math.max(...own.map((v) => v.verdict.largest)),
            shareOfTolerance: Math.max(...own.map((v) => v.verdict.share)),
            excusedElements: sum((v) => v.verdict.excused),
          },
        ]
      })
    } finally {
      await loaded.dispose()
    }
  }

  async #load({ bytes, mode }: Subject, graph: Graph, plan: Plan): Promise<Running> {
    const name = this.#name
    const { runner } = this.#options
    const how = {
      name,
      bytes,
      graph,
      shapes: plan.shapes,
      isOpen: plan.isReduced,
      isFloat: mode === 'none',
      wholeBytes: this.#options.wholeBytes ?? maxWholeBytes,
    }
    const { running, missing, isInPieces = false } = await loadForCheck(runner, how)
    this.isInPieces ||= isInPieces
    if (missing) this.onKernels = missing.message
    return running
  }

  /** The outputs by name. */
  async #execute(loaded: Running, source: CheckedSignature, sample: Sample): Promise<Map<string, NdArray>> {
    const feeds = new Map(source.inputs.map((port, i) => [port.name, sample.inputs[i]!]))
    // Each sample is evaluated from the initial values on.
    if (source.keepsState) await loaded.reset()
    return loaded.run(feeds, { signature: source.name, signal: this.#options.signal })
  }

  /** Throws parity/mismatch. */
  async #compare(
    subject: Subject,
    found: ReadonlyMap<string, NdArray>,
    source: CheckedSignature,
    graph: Graph,
    plan: Plan,
    sample: Sample,
  ): Promise<{ output: number; rows: number; verdict: Verdict }[]> {
    const verdictOf = this.#verdicts(subject, source, graph, sample)
    const verdicts = []
    for (const [output, port] of source.outputs.entries()) {
      const expected = sample.expected[output]!
      if (isUnknown(expected)) continue
      const verdict = await verdictOf(output, found.get(port.name)!, expected)
      if (typeof verdict !== 'string') verdicts.push({ output, rows: sample.kinds.length, verdict })
      else throw await this.#mismatch(subject, source, graph, plan, sample, output, verdict)
    }
    return verdicts
  }

  /** Judges outputs of one sample: what is allowed, or in words what is not. */
  #verdicts({ mode }: Subject, source: CheckedSignature, graph: Graph, sample: Sample) {
    const relative = relativeTolerance(graph)
    const rows = sample.kinds.length
    let trials: NoiseTrials | undefined
    return async (o: number, found: NdArray, expected: NdArray): Promise<Verdict | string> => {
      const kind = differentKind(found, expected)
      if (kind) return kind
      const plain = differenceOf(found, expected, relative, { rows })
      if (mode !== 'none') {
        const ratio = /^f/.test(expected.dtype) ? errorRatio(found, expected) : 0
        const limit = grossError[mode]
        if (!(ratio <= limit)) return `has an error of ${percent(ratio)} of its size (${mode} may have ${percent(limit)})`
        return { largest: plain.largest, share: ratio / limit, excused: 0 }
      }
      if (plain.beyond === 0) return { ...plain, excused: 0 }
      trials ??= new NoiseTrials(this.#reference, source, sample, this.#budgetSeconds)
      do {
        const noisy = differenceOf(found, expected, relative, { rows, noise: trials.noise[o] })
        if (noisy.beyond === 0) return { ...noisy, excused: plain.beyond }
      } while (await trials.more())
      const { index, found: f, expected: e, allowed } = plain.worst!
      return `has ${f} where ${e} is right, at element ${index} (${allowed.toPrecision(2)} is allowed; ${plain.beyond} elements differ)`
    }
  }

  async #mismatch(
    subject: Subject,
    source: CheckedSignature,
    graph: Graph,
    plan: Plan,
    sample: Sample,
    output: number,
    difference: string,
  ): Promise<DowncastError> {
    const name = this.#name
    let suspect: Suspect | undefined
    // The operators of a quantized file are not those of the float graph; at reduced sizes nothing is told yet; the rest asks LiteRT.js.
    if (subject.mode === 'none' && !plan.isReduced && !this.isInPieces && this.onKernels === undefined) {
      const layers = new Map<string, NdArray>()
      const observe = (layer: string, result: NdArray): void => {
        // A layer stands where its last part does.
        layers.delete(layer)
        layers.set(layer, result)
      }
      await this.#reference.evaluate(source, sample.inputs, { observe })
      const feeds = new Map(source.inputs.map((port, i) => [port.name, sample.inputs[i]!]))
      const written = { bytes: subject.bytes, name, signature: source.name, graph }
      try {
        suspect = await firstDifferingLayer(this.#options.runner, written, feeds, layers, relativeTolerance(graph))
      } catch (e) {
        // To give out all results may take more than the runtime has; the mismatch stands without a layer.
        if (!(e instanceof DowncastError)) throw e
      }
    }
    return mismatch({
      file: name,
      signature: source.name,
      output: source.outputs[output]!.name,
      layer: suspect?.layer,
      operator: suspect?.node.op,
      rules: suspect?.node.origin.rules ?? [],
      difference,
      inputs: sample.kinds.map((kind) => sampleWords[kind]).join(', '),
    })
  }
}

const defaultBudgetSeconds = 20

/**
 * Of the largest magnitude in a row of an output. Both the model and its source round on the way, each as its longest chain of operators
 * says; kernels approximate exponentials and the like within a few units, for which there are 128 in any case.
 */
function relativeTolerance(graph: Graph): number {
  return Math.max(128 * unitRoundoff, 2 * roundingDeviation(graph))
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
