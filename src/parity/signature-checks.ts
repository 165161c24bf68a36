import { type ByteSource, memorySource, sourceOf } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { Graph, Model, ValueId } from '../ir/types.ts'
import type { Foreseen, LiteRtRunner } from '../run/litert.ts'
import { type CheckedSignature, feedsOf, foreseenOf, hasFlags, hasFreeIntegers, withoutFlags } from './checked-signature.ts'
import { differenceOf, differentKind, relativeTolerance, sizeOf, type Verdict } from './compare.ts'
import { cannotRun, mismatch } from './diagnostics.ts'
import { isUnknown, type Unknown } from './evaluate-source.ts'
import type { Running } from './kernel-run.ts'
import { loadForCheck, maxWholeBytes, mayLackKernels, runtimeLimits } from './load-for-check.ts'
import { agreeingPart, compareLayers, firstDifferingLayer, type LayerComparison, type Suspect } from './locate.ts'
import { idleTrials, idleTrialsWhenReduced, NoiseTrials } from './noise.ts'
import { type Plan, planOf } from './plan.ts'
import { grossVerdict, hasOtherSize, largestSize, leastSize, notComparedBecause, type QuantizedFile } from './quantized.ts'
import { RecentLayers } from './recent-layers.ts'
import type { Evaluating, Reference } from './reference.ts'
import { inputsOf, sampleWords } from './samples.ts'
import { withStoredWeights } from './stored-model.ts'
import { compareStoredWeights } from './stored-weights.ts'
import type { OutputParity, ParityGap, ParityMode, SampleKind, StoredWeights } from './types.ts'

export interface CheckOptions {
  readonly runner: LiteRtRunner
  /** The float model that the file was written from: for the names of layers, the cost, and how much rounding is to be expected. */
  readonly model: Model
  /** The same model quantized: its weights are compared with the float ones, and in these modes it is checked for gross errors besides. */
  readonly quantized?: QuantizedFile | undefined
  /** What one run of the source may take, as far as can be told before. */
  readonly budgetSeconds: number
  /** Seconds of work so far. */
  readonly clock: () => number
  /** Files of more bytes are run some operators at a time: LiteRT.js has 2 GiB. Default 640 MiB. */
  readonly wholeBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

interface Sample {
  /** What the inputs are, row by row where they are more than one. */
  readonly kinds: readonly SampleKind[]
  readonly inputs: readonly NdArray[]
  readonly expected: readonly (NdArray | Unknown)[]
}

const isAtEdges = ({ kinds }: Sample): boolean => kinds.length === 1 && kinds[0] === 'edge'
interface Subject {
  readonly file: ByteSource
  readonly mode: ParityMode
}

/** What did not agree at a reduced size. */
interface Disagreement {
  readonly mode: ParityMode
  readonly message: string
  /** Records what was found of the float model, which agreed where the mode is another. */
  keepFloat(): void
}

/** The signatures of a model, one after another, and what was found so far. */
export class SignatureChecks {
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
  readonly #options: CheckOptions
  readonly #reference: Reference

  constructor(name: string, file: ByteSource, options: CheckOptions, reference: Reference) {
    this.#name = name
    this.#options = options
    this.#reference = reference
    const { quantized } = options
    const reason = quantized && notComparedBecause(quantized)
    this.#subjects = [
      { file, mode: 'none' },
      ...(quantized?.mode && !reason ? [{ file: sourceOf(name, quantized.contents), mode: quantized.mode }] : []),
    ]
    if (!quantized) return
    this.#written = importTflite(readTfliteFile(sourceOf(name, quantized.contents)))
    if (reason) this.gaps.push(...options.model.signatures.map((s) => ({ signature: s.key, reason })))
  }

  /** Throws parity/wrong-weights. */
  compareWeights(): void {
    const { quantized, model } = this.#options
    if (quantized && this.#written) this.weights = compareStoredWeights(this.#name, this.#written, model, quantized.decisions)
  }

  /**
   * At small sizes where that will do; what does not agree there is judged at the model's own. `isRepeated` says that the signature has
   * become a graph that another one has been checked on.
   */
  async signature(source: CheckedSignature, graph: Graph, isRepeated: boolean): Promise<void> {
    const { pace } = this.#reference
    const small = planOf(source, graph, { pace, budgetSeconds: this.#options.budgetSeconds, reduce: true, isRepeated })
    const isSmaller = !('reason' in small) && small.isReduced
    const outcome = isSmaller && (await this.#run(source, graph, small))
    if (outcome === true) return
    const plan = isSmaller ? planOf(source, graph, { pace, budgetSeconds: this.#options.budgetSeconds, reduce: false, isRepeated }) : small
    if (!('reason' in plan)) await this.#run(source, graph, plan)
    else {
      const disagreement = outcome ? `; at a reduced size: ${outcome.message}` : ''
      if (outcome && outcome.mode !== 'none') {
        outcome.keepFloat()
        this.gaps.push({ signature: source.name, mode: outcome.mode, reason: `${plan.reason}${disagreement}` })
        return
      }
      const part = plan.tooLong && (await this.#part(source, graph, plan.tooLong))
      this.gaps.push({ signature: source.name, reason: `${plan.reason}${part ?? ''}${disagreement}` })
    }
  }

  /**
   * Whether the signature was compared. At reduced sizes that is so only if every output was, and nothing is recorded otherwise; what does not
   * agree there is the result, and at the model's own sizes it is thrown.
   */
  async #run(source: CheckedSignature, graph: Graph, plan: Plan): Promise<boolean | Disagreement> {
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
    if (hasFlags(source) && known().includes(false)) {
      // A switch of training may be among them, and what is left out by chance cannot be told.
      const off = await this.#sample(source, plan, ['normal'], withoutFlags)
      if (typeof off !== 'string') samples.push(off)
    }
    const isKnown = known()
    await this.#reference.release()
    const larger = isKnown.includes(true) ? undefined : plan.larger?.()
    if (larger) return this.#run(source, graph, larger)
    if (plan.isReduced && !isKnown.every((k) => k)) return false
    const found: OutputParity[] = []
    for (const subject of isKnown.some((k) => k) ? this.#subjects : []) {
      try {
        found.push(...(await this.#judge(subject, source, graph, plan, samples)))
      } catch (e) {
        if (!(e instanceof DowncastError)) throw e
        let error = e
        if (e.stage !== 'parity') {
          const isFault = !runtimeLimits.has(e.code) && !mayLackKernels.has(subject.mode)
          const larger = isFault ? plan.larger?.() : undefined
          if (larger) return this.#run(source, graph, larger)
          if (!isFault) {
            this.gaps.push({ signature: source.name, ...(subject.mode !== 'none' && { mode: subject.mode }), reason: e.message })
            // What was found of the float model holds.
            if (subject.mode === 'none') return false
            continue
          }
          error = cannotRun(this.#name, source.name, e.message, e)
        }
        if (!plan.isReduced) throw error
        return { mode: subject.mode, message: error.message, keepFloat: () => this.#record(source, plan, found) }
      }
    }
    this.#record(source, plan, found)
    let givenUp: string | undefined
    for (const [o, port] of source.outputs.entries()) {
      const expected = samples[0]!.expected[o]!
      if (isKnown[o] || !isUnknown(expected)) continue
      if (expected.isGivenUp) givenUp ??= await this.#part(source, graph, { ...plan, kinds: ['normal'] })
      this.gaps.push({ signature: source.name, output: port.name, reason: `${expected.reason}${(expected.isGivenUp && givenUp) || ''}` })
    }
    return true
  }

  #record(source: CheckedSignature, plan: Plan, found: readonly OutputParity[]): void {
    this.outputs.push(...found)
    this.inputShapes.set(source.name, Object.fromEntries(source.inputs.map((p, i) => [p.name, plan.shapes[i]!])))
    for (const kind of plan.kinds) this.kinds.add(kind)
    this.isReduced ||= plan.isReduced
  }

  /**
   * How far the written model gives what the source does, in words, as far as that can be computed in half of the time. What differs
   * may have been rewritten, so that nothing is said against it.
   */
  async #part(source: CheckedSignature, graph: Graph, plan: Plan): Promise<string | undefined> {
    const [{ file }] = this.#subjects as readonly [Subject]
    if (file.byteLength > (this.#options.wholeBytes ?? maxWholeBytes)) return undefined
    const inputs = inputsOf(source.inputs, plan.shapes, plan.kinds)
    if (typeof inputs === 'string') return undefined
    const compared = await this.#layers(file, source, graph, inputs, {
      layers: new RecentLayers(),
      stopSeconds: this.#options.budgetSeconds / 2,
    })
    const part = compared && agreeingPart(compared)
    return part && `; ${part.operators} of its ${graph.nodes.length} operators, up to the layer ${part.layer}, give what the source does`
  }

  /** What the source's layers give, held against the written model's; undefined where that gives no results out. */
  async #layers(
    file: ByteSource,
    source: CheckedSignature,
    graph: Graph,
    inputs: readonly NdArray[],
    { layers, ...how }: Omit<Evaluating, 'observe'> & { readonly layers: RecentLayers },
  ): Promise<LayerComparison | undefined> {
    await this.#reference.evaluate(source, inputs, { ...how, observe: (layer, result) => layers.add(layer, result) })
    await this.#reference.release()
    const written = { file, name: this.#name, signature: source.name, graph }
    try {
      return await compareLayers(this.#options.runner, written, feedsOf(source, inputs), layers.results, relativeTolerance(graph))
    } catch (e) {
      // To give out all results may take more than the runtime has.
      if (!(e instanceof DowncastError)) throw e
      return undefined
    }
  }

  /** Inputs and what the source makes of them; the reason where there are none to be made up. */
  async #sample(
    source: CheckedSignature,
    plan: Plan,
    kinds: readonly SampleKind[],
    change: typeof withoutFlags = (inputs) => inputs,
  ): Promise<Sample | string> {
    const drawn = inputsOf(source.inputs, plan.shapes, kinds)
    if (typeof drawn === 'string') return drawn
    const inputs = change(drawn)
    return { kinds, inputs, expected: await this.#reference.evaluate(source, inputs) }
  }

  async #judge(subject: Subject, source: CheckedSignature, graph: Graph, plan: Plan, samples: readonly Sample[]): Promise<OutputParity[]> {
    const loaded = await this.#load(subject, graph, plan, foreseenOf(source, samples[0]!.inputs, samples[0]!.expected))
    try {
      const ordinary = samples.filter((s) => !isAtEdges(s))
      const sizes = (subject.mode === 'none' ? [] : source.outputs).map((_, o) =>
        Math.max(largestSize(ordinary.map((s) => s.expected[o]!)), leastSize(graph, this.#valueOf(source, o, graph))),
      )
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
          verdicts.push(...(await this.#compare(subject, results, source, graph, plan, sample, sizes)))
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

  async #load({ file, mode }: Subject, graph: Graph, plan: Plan, foreseen: Foreseen | undefined): Promise<Running> {
    const how = {
      ...{ name: this.#name, file, graph, foreseen, shapes: plan.shapes, isOpen: plan.isReduced },
      isFloat: mode === 'none',
      wholeBytes: this.#options.wholeBytes ?? maxWholeBytes,
    }
    const { running, missing, isInPieces = false } = await loadForCheck(this.#options.runner, how)
    this.isInPieces ||= isInPieces
    if (missing) this.onKernels = missing.message
    return running
  }

  /** The outputs by name. */
  async #execute(loaded: Running, source: CheckedSignature, sample: Sample): Promise<Map<string, NdArray>> {
    // Each sample is evaluated from the initial values on.
    if (source.keepsState) await loaded.reset()
    return loaded.run(feedsOf(source, sample.inputs), { signature: source.name, signal: this.#options.signal })
  }

  /** Throws parity/mismatch. */
  async #compare(
    subject: Subject,
    found: ReadonlyMap<string, NdArray>,
    source: CheckedSignature,
    graph: Graph,
    plan: Plan,
    sample: Sample,
    sizes: readonly number[],
  ): Promise<{ output: number; rows: number; verdict: Verdict }[]> {
    const verdictOf = this.#verdicts(subject, source, graph, plan, sample, sizes)
    const verdicts = []
    for (const [output, port] of source.outputs.entries()) {
      const expected = sample.expected[output]!
      if (isUnknown(expected)) continue
      const result = found.get(port.name)!
      if (
        subject.mode !== 'none' &&
        hasOtherSize(graph.values.get(this.#valueOf(source, output, graph) ?? -1)?.type.shape, result, expected)
      ) {
        this.#noteOtherSize({ signature: source.name, output: port.name, mode: subject.mode })
        continue
      }
      const verdict = await verdictOf(output, result, expected)
      if (typeof verdict !== 'string') verdicts.push({ output, rows: sample.kinds.length, verdict })
      else throw await this.#mismatch(subject, source, graph, plan, sample, output, verdict)
    }
    return verdicts
  }

  /** An output in the graph that a signature became; files without signatures have outputs alone. */
  #valueOf(source: CheckedSignature, o: number, graph: Graph): ValueId | undefined {
    const signature = this.#options.model.signatures.find((s) => s.key === source.name)
    return signature ? signature.outputs.find((p) => p.name === source.outputs[o]!.name)?.value : graph.outputs[o]
  }

  #noteOtherSize(at: Pick<ParityGap, 'signature' | 'output' | 'mode'>): void {
    if (this.gaps.some((g) => g.signature === at.signature && g.output === at.output && g.mode === at.mode)) return
    this.gaps.push({ ...at, reason: 'its size depends on values, and rounded weights give it another one' })
  }

  /** Judges outputs of one sample: what is allowed, or in words what is not. */
  #verdicts({ mode }: Subject, source: CheckedSignature, graph: Graph, plan: Plan, sample: Sample, sizes: readonly number[]) {
    const relative = relativeTolerance(graph)
    const rows = sample.kinds.length
    const mostIdle = plan.isReduced ? idleTrialsWhenReduced : idleTrials
    let trials: NoiseTrials | undefined
    let byWeights: Map<string, NdArray> | undefined
    return async (o: number, found: NdArray, expected: NdArray): Promise<Verdict | string> => {
      const kind = differentKind(found, expected)
      if (kind) return kind
      if (mode !== 'none')
        return grossVerdict(
          mode,
          found,
          expected,
          { size: Math.max(sizes[o]!, sizeOf(expected)), isAtEdges: isAtEdges(sample) },
          async () => {
            byWeights ??= await this.#byWeights(source, plan, sample)
            return byWeights.get(source.outputs[o]!.name)!
          },
        )
      const plain = differenceOf(found, expected, relative, { rows })
      if (plain.beyond === 0) return { ...plain, excused: 0 }
      trials ??= new NoiseTrials(this.#reference, source, sample, { limitSeconds: this.#options.budgetSeconds, clock: this.#options.clock })
      // As long as trials explain more, there may be more to explain.
      let [fewest, idle] = [Number.POSITIVE_INFINITY, 0]
      do {
        const noisy = differenceOf(found, expected, relative, { rows, noise: trials.noise[o] })
        if (noisy.beyond === 0) return { ...noisy, excused: plain.beyond }
        idle = noisy.beyond < fewest ? 0 : idle + 1
        fewest = Math.min(fewest, noisy.beyond)
      } while (idle < mostIdle && (await trials.more()))
      const { index, found: f, expected: e, allowed } = plain.worst!
      return `has ${f} where ${e} is right, at element ${index} (${allowed.toPrecision(2)} is allowed; ${plain.beyond} elements differ)`
    }
  }

  /** What the float model gives with its weights as the quantized file has them. */
  async #byWeights(source: CheckedSignature, plan: Plan, sample: Sample): Promise<Map<string, NdArray>> {
    const model = withStoredWeights(this.#options.quantized?.correctedModel ?? this.#options.model, this.#written!)
    const subject: Subject = { file: memorySource(this.#name, tfliteBytes(model)), mode: 'none' }
    const loaded = await this.#load(subject, model.graphs[source.graph]!, plan, foreseenOf(source, sample.inputs, sample.expected))
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
    let suspect: Suspect | undefined
    // The operators of a quantized file are not those of the float graph; at reduced sizes nothing is told yet; the rest asks LiteRT.js.
    if (subject.mode === 'none' && !plan.isReduced && !this.isInPieces && this.onKernels === undefined) {
      const layers = new RecentLayers(Number.POSITIVE_INFINITY)
      const compared = await this.#layers(subject.file, source, graph, sample.inputs, { layers })
      suspect = compared && firstDifferingLayer(compared)
    }
    return mismatch({
      file: this.#name,
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
