import { memorySource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { Graph, Model } from '../ir/types.ts'
import { roundingDeviation, unitRoundoff } from '../ops/rounding.ts'
import type { Decision } from '../quantize/types.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { type CheckedSignature, hasFreeIntegers, signaturesOf } from './checked-signature.ts'
import { type Difference, differenceOf, differentKind, errorRatio } from './compare.ts'
import { cannotRun, mismatch } from './diagnostics.ts'
import { isUnknown, secondsOfDay, type Unknown } from './evaluate-source.ts'
import type { Running } from './kernel-run.ts'
import { loadForCheck, maxWholeBytes, runtimeLimits } from './load-for-check.ts'
import { agreeingPart, firstDifferingLayer, type Suspect } from './locate.ts'
import { NoiseTrials } from './noise.ts'
import { type Plan, planOf } from './plan.ts'
import { RecentLayers } from './recent-layers.ts'
import { type Reference, referenceOf } from './reference.ts'
import { sampleOf } from './samples.ts'
import { withStoredWeights } from './stored-model.ts'
import { changesFirst, compareStoredWeights } from './stored-weights.ts'
import type { TfJsLoader } from './tfjs.ts'
import { type TfliteSource, tfliteReference, tfliteSignatures } from './tflite-source.ts'
import type { OutputParity, ParityGap, ParityMode, ParityReport, SampleKind, StoredWeights } from './types.ts'

export interface ParityOptions {
  readonly runner: LiteRtRunner
  /** The float model that `bytes` were written from: for the names of layers, the cost, and how much rounding is to be expected. */
  readonly model: Model
  /** The same model quantized: its weights are compared with the float ones, and in these modes it is checked for gross errors besides. */
  readonly quantized?:
    | {
        readonly bytes: Uint8Array
        /** Undefined in modes with integer activations, which hold on what they were calibrated with. */
        readonly mode: Exclude<ParityMode, 'none'> | undefined
        readonly decisions: readonly Decision[]
        /** The float model with the biases that were corrected, where they were. */
        readonly correctedModel?: Model | undefined
      }
    | undefined
  /** TensorFlow's ops by TensorFlow.js. Without it our own kernels compute all. */
  readonly loadTfJs?: TfJsLoader | undefined
  /** What one run of the source may take, as far as can be told before; it is stopped at twice that. Default 20. */
  readonly budgetSeconds?: number | undefined
  /** Seconds of work so far: a loaded machine takes longer without doing more. Default those of the day. */
  readonly clock?: (() => number) | undefined
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
    : await referenceOf(source, {
        ...options,
        clock: options.clock ?? secondsOfDay,
        stopSeconds: 2 * (options.budgetSeconds ?? defaultBudgetSeconds),
      })
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
    ...(check.weights && { weights: check.weights }),
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
const grossError: Readonly<Record<Exclude<ParityMode, 'none'>, number>> = {
  float16: 0.1,
  dynamic: 0.5,
  'dynamic-int4': 0.5,
  'weight-only-int8': 0.5,
  'weight-only-int4': 0.5,
}
/** Times what the rounded weights alone do to results, where that is more. */
const weightsFactor = 4

/** Why the results of a quantized file tell nothing. */
function notComparedBecause({ mode, decisions }: NonNullable<ParityOptions['quantized']>): string | undefined {
  if (!mode)
    return 'its activations are integers, which hold on inputs as those it was calibrated with: its weights were compared, its results were not'
  if (!decisions.some((d) => d.algorithm && changesFirst(d.algorithm))) return undefined
  return 'its weights are turned or scaled before they are stored: neither they nor its results were compared'
}

/** In these LiteRT.js may lack a kernel, which it says in ways of its own. */
const mayLackKernels: ReadonlySet<ParityMode> = new Set<ParityMode>(['dynamic-int4', 'weight-only-int8', 'weight-only-int4'])

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
  weights: StoredWeights | undefined
  isReduced = false
  isInPieces = false
  /** Why LiteRT.js did not run the model. */
  onKernels: string | undefined
  /** The quantized file, read again. */
  readonly #written: Model | undefined
  readonly #name: string
  readonly #subjects: readonly Subject[]
  readonly #options: ParityOptions
  readonly #reference: Reference
  readonly #budgetSeconds: number

  constructor(name: string, bytes: Uint8Array, options: ParityOptions, reference: Reference) {
    this.#name = name
    this.#options = options
    this.#reference = reference
    this.#budgetSeconds = options.budgetSeconds ?? defaultBudgetSeconds
    const { quantized } = options
    const reason = quantized && notComparedBecause(quantized)
    this.#subjects = [{ bytes, mode: 'none' }, ...(quantized?.mode && !reason ? [{ bytes: quantized.bytes, mode: quantized.mode }] : [])]
    if (!quantized) return
    this.#written = importTflite(readTfliteFile(memorySource(name, quantized.bytes)))
    if (reason) this.gaps.push(...options.model.signatures.map((s) => ({ signature: s.key, reason })))
    this.weights = compareStoredWeights(name, this.#written, options.model, quantized.decisions)
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
    if (!('reason' in plan)) await this.#run(source, graph, plan)
    else {
      const part = plan.tooLong && (await this.#part(source, graph, plan.tooLong))
      this.gaps.push({ signature: source.name, reason: `${plan.reason}${part ?? ''}${disagreement}` })
    }
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
        if (!runtimeLimits.has(e.code) && !mayLackKernels.has(subject.mode)) throw cannotRun(this.#name, source.name, e.message, e)
        this.gaps.push({ signature: source.name, ...(subject.mode !== 'none' && { mode: subject.mode }), reason: e.message })
        // What was found of the float model holds.
        if (subject.mode === 'none') return false
      }
    }
    this.outputs.push(...found.flatMap((f) => f.outputs))
    let givenUp: string | undefined
    for (const [o, port] of source.outputs.entries()) {
      const expected = samples[0]!.expected[o]!
      if (isKnown[o] || !isUnknown(expected)) continue
      if (expected.isGivenUp) givenUp ??= await this.#part(source, graph, { ...plan, kinds: ['normal'] })
      this.gaps.push({ signature: source.name, output: port.name, reason: `${expected.reason}${(expected.isGivenUp && givenUp) || ''}` })
    }
    this.inputShapes.set(source.name, Object.fromEntries(source.inputs.map((p, i) => [p.name, plan.shapes[i]!])))
    for (const kind of plan.kinds) this.kinds.add(kind)
    this.isReduced ||= plan.isReduced
    return true
  }

  /**
   * How far the written model gives what the source does, in words, as far as that can be computed in half of the time. What differs
   * may have been rewritten, so that nothing is said against it.
   */
  async #part(source: CheckedSignature, graph: Graph, plan: Plan): Promise<string | undefined> {
    const inputs = source.inputs.map((port, i) => sampleOf(port, plan.shapes[i]!, plan.kinds))
    if (!inputs.every((i) => i !== undefined)) return undefined
    const layers = new RecentLayers()
    const stopSeconds = this.#budgetSeconds / 2
    await this.#reference.evaluate(source, inputs, { stopSeconds, observe: (layer, result) => layers.add(layer, result) })
    await this.#reference.release()
    const [{ bytes }] = this.#subjects as readonly [Subject]
    if (layers.results.size === 0 || bytes.byteLength > (this.#options.wholeBytes ?? maxWholeBytes)) return undefined
    const feeds = new Map(source.inputs.map((port, i) => [port.name, inputs[i]!]))
    const written = { bytes, name: this.#name, signature: source.name, graph }
    try {
      const part = await agreeingPart(this.#options.runner, written, feeds, layers.results, relativeTolerance(graph))
      return part && `; ${part.operators} of its ${graph.nodes.length} operators, up to the layer ${part.layer}, give what the source does`
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      return undefined
    }
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
      const result = found.get(port.name)!
      if (subject.mode !== 'none' && this.#hasOtherSize(source, port.name, graph, result, expected)) {
        this.#noteOtherSize({ signature: source.name, output: port.name, mode: subject.mode })
        continue
      }
      const verdict = await verdictOf(output, result, expected)
      if (typeof verdict !== 'string') verdicts.push({ output, rows: sample.kinds.length, verdict })
      else throw await this.#mismatch(subject, source, graph, plan, sample, output, verdict)
    }
    return verdicts
  }

  /** Whether sizes differ that the graph leaves open: values tell them, and quantization moves values. */
  #hasOtherSize(source: CheckedSignature, name: string, graph: Graph, found: NdArray, expected: NdArray): boolean {
    const port = this.#options.model.signatures.find((s) => s.key === source.name)?.outputs.find((p) => p.name === name)
    const shape = port && graph.values.get(port.value)?.type.shape
    return (
      shape?.length === found.shape.length &&
      found.shape.length === expected.shape.length &&
      found.shape.some((size, axis) => size !== expected.shape[axis]) &&
      found.shape.every((size, axis) => size === expected.shape[axis] || typeof shape[axis] !== 'number')
    )
  }

  #noteOtherSize(at: Pick<ParityGap, 'signature' | 'output' | 'mode'>): void {
    if (this.gaps.some((g) => g.signature === at.signature && g.output === at.output && g.mode === at.mode)) return
    this.gaps.push({ ...at, reason: 'its size depends on values, and rounded weights give it another one' })
  }

  /** Judges outputs of one sample: what is allowed, or in words what is not. */
  #verdicts({ mode }: Subject, source: CheckedSignature, graph: Graph, sample: Sample) {
    const relative = relativeTolerance(graph)
    const rows = sample.kinds.length
    let trials: NoiseTrials | undefined
    let byWeights: Map<string, NdArray> | undefined
    return async (o: number, found: NdArray, expected: NdArray): Promise<Verdict | string> => {
      const kind = differentKind(found, expected)
      if (kind) return kind
      const plain = differenceOf(found, expected, relative, { rows })
      if (mode !== 'none') {
        const ratio = /^f/.test(expected.dtype) ? errorRatio(found, expected) : 0
        const limit = grossError[mode]
        if (ratio <= limit) return { largest: plain.largest, share: ratio / limit, excused: 0 }
        byWeights ??= await this.#byWeights(source, sample)
        const like = byWeights.get(source.outputs[o]!.name)!
        const [own, weights] = [errorRatio(found, like), errorRatio(like, expected)]
        const share = Math.min(own / limit, ratio / (weightsFactor * weights))
        if (share <= 1) return { largest: plain.largest, share, excused: 0 }
        return `has an error of ${percent(ratio)} of its size (${mode} may have ${percent(Math.max(limit, weightsFactor * weights))})`
      }
      if (plain.beyond === 0) return { ...plain, excused: 0 }
      trials ??= new NoiseTrials(this.#reference, source, sample, {
        limitSeconds: this.#budgetSeconds,
        clock: this.#options.clock ?? secondsOfDay,
      })
      do {
        const noisy = differenceOf(found, expected, relative, { rows, noise: trials.noise[o] })
        if (noisy.beyond === 0) return { ...noisy, excused: plain.beyond }
      } while (await trials.more())
      const { index, found: f, expected: e, allowed } = plain.worst!
      return `has ${f} where ${e} is right, at element ${index} (${allowed.toPrecision(2)} is allowed; ${plain.beyond} elements differ)`
    }
  }

  /** What the float model gives with its weights as the quantized file has them. */
  async #byWeights(source: CheckedSignature, sample: Sample): Promise<Map<string, NdArray>> {
    const bytes = tfliteBytes(withStoredWeights(this.#options.quantized?.correctedModel ?? this.#options.model, this.#written!))
    const loaded = await this.#options.runner.load(bytes, { name: this.#name })
    try {
      return await this.#execute(loaded, source, sample)
    } finally {
      await loaded.dispose()
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
      const layers = new RecentLayers(Number.POSITIVE_INFINITY)
      await this.#reference.evaluate(source, sample.inputs, { observe: (layer, result) => layers.add(layer, result) })
      const feeds = new Map(source.inputs.map((port, i) => [port.name, sample.inputs[i]!]))
      const written = { bytes: subject.bytes, name, signature: source.name, graph }
      try {
        suspect = await firstDifferingLayer(this.#options.runner, written, feeds, layers.results, relativeTolerance(graph))
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
