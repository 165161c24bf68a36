import type { Contents } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import { isStatic } from '../core/shape.ts'
import { missingOp, unknownSignature, unsupportedDtype } from './diagnostics.ts'
import { editModel, type OutputEdit, stateSignatures } from './edit-model.ts'
import { checkFeeds } from './feeds.ts'
import { type Compiled, compile, type Entry } from './litert-compile.ts'
import { isTransferable, type LiteRtLoader } from './litert-module.ts'
import { type LiteRtRuntime, startRuntime } from './litert-runtime.ts'
import { keyOf, probedShapes, probes, resultsOf, shapesBy, shapesOf, type Variant } from './litert-variants.ts'
import { type ModelFile, openModel, operatorName, type SignatureIo } from './model-io.ts'
import type { Feeds, HeldRun, LoadedModel, LoadSettings, Runner, RunSettings } from './runner.ts'
import { type ShapeSource, shapeSource } from './static-shapes.ts'
import { type ModelState, stateOf } from './variables.ts'

const maxVariants = 4
/** Larger models are kept prepared for one set of shapes only: each holds a copy of the weights. */
const largeModelBytes = 64 << 20

/** Custom ops that LiteRT registers itself (`BuiltinOpResolver`); it runs models with others too, but computes nothing for them. */
const knownCustomOps = new Set(['AudioSpectrogram', 'Mfcc', 'NumericVerify', 'TFLite_Detection_PostProcess'])

/** Shapes of the outputs of a signature for inputs of some shapes, which spare the run that finds them. Whether they are right is looked at. */
export interface Foreseen {
  readonly signature: string
  /** By the names of the ports. */
  readonly inputs: ReadonlyMap<string, readonly number[]>
  readonly outputs: ReadonlyMap<string, readonly number[]>
}

interface LiteRtLoadSettings extends LoadSettings {
  /** It may open sizes or give out other tensors, see `withOpenSizes` and `withOutputs`. */
  readonly present?: (file: ModelFile) => ModelFile
  readonly foreseen?: Foreseen | undefined
}

/** A runner in this thread, which can look into a model. */
export interface LiteRtRunner extends Runner {
  /** What is read as it is needed is to be readable until the model is disposed of. */
  load(model: Contents, settings?: LiteRtLoadSettings): Promise<LiteRtLoadedModel>
  /** Undefined where the loader does not tell. */
  memory(): Promise<LiteRtMemory | undefined>
}

export interface LiteRtLoadedModel extends LoadedModel {
  /**
   * One inference like `run`, its results shown to `see` where LiteRT has put them instead of copied; afterwards they are gone. `see` does
   * not call LiteRT. Throws what `run` throws.
   */
  look<T>(feeds: Feeds, settings: RunSettings, see: (results: ReadonlyMap<string, NdArray>) => T): Promise<T>
}

/** The memory that the results of `look` lie in, until the runtime is started anew. */
export interface LiteRtMemory {
  readonly memory: WebAssembly.Memory
  /** Where new memory of LiteRT's begins, aligned to 16 bytes; it is never given back. */
  readonly allocate: (byteLength: number) => number
}

/**
 * LiteRT's own WebAssembly build with XNNPACK, one thread, in the thread that calls. The module is started at the first load, and
 * again after a crash; models that were loaded are then prepared again when they are next run.
 */
export function liteRtRunner(load: LiteRtLoader): LiteRtRunner {
  let started: Promise<LiteRtRuntime> | undefined
  const models = new Set<LoadedModel>()
  const runtime = async (): Promise<LiteRtRuntime> => {
    const present = await started
    if (present && !present.isDead) return present
    started = startRuntime(load)
    started.catch(() => {
      started = undefined
    })
    return started
  }
  const inTurn = turns()
  return {
    describe: () => inTurn(async () => (await runtime()).description),
    memory: () =>
      inTurn(async () => {
        const { memory, module } = await runtime()
        return memory && { memory, allocate: (byteLength) => Math.ceil(module._malloc(byteLength + 15) / 16) * 16 }
      }),
    load: (contents, { name = 'model', signal, present = (file: ModelFile) => file, foreseen } = {}) =>
      inTurn(async () => {
        signal?.throwIfAborted()
        const model = new LiteRtModel(present(openModel(name, contents)), runtime, inTurn, () => models.delete(model), foreseen)
        await model.check()
        models.add(model)
        return model
      }),
    async dispose() {
      await Promise.all([...models].map((m) => m.dispose()))
      started = undefined
    },
  }
}

/** Calls one after the other: what one of them disposes of may be in use by another. */
type InTurn = <T>(call: () => Promise<T>) => Promise<T>
function turns(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (call) => {
    const result = last.then(call)
    last = result.catch(() => {})
    return result
  }
}

class LiteRtModel implements LiteRtLoadedModel {
  readonly #file: ModelFile
  readonly #runtime: () => Promise<LiteRtRuntime>
  readonly #inTurn: InTurn
  readonly #onDispose: () => void
  readonly #variants = new Map<string, Variant>()
  readonly #shapeSources = new Map<SignatureIo, ShapeSource>()
  readonly #state: ModelState | undefined
  /** The variant that was run last, of a model with variables: it holds what they are now. */
  #holder: string | undefined
  /** Made when the model was loaded, for the shapes the file starts with, to find output shapes with. */
  #firstProbe: { readonly key: string; readonly compiled: Compiled } | undefined
  /** Undefined once it was wrong. */
  #foreseen: Foreseen | undefined

  constructor(
    file: ModelFile,
    runtime: () => Promise<LiteRtRuntime>,
    inTurn: InTurn,
    onDispose: () => void,
    foreseen: Foreseen | undefined,
  ) {
    this.#file = file
    this.#runtime = runtime
    this.#inTurn = inTurn
    this.#onDispose = onDispose
    this.#foreseen = foreseen
    this.#state = stateOf(file.tables)
  }

  get signatures(): readonly SignatureIo[] {
    return this.#file.signatures
  }

  /** Prepares a signature, the first or the one that is foreseen, so that a model that cannot be loaded says so before its first run. */
  async check(): Promise<void> {
    const { name, tables, signatures } = this.#file
    const used = new Set(tables.subgraphs.flatMap((g) => g.operators.map((o) => o.opcodeIndex)))
    const customs = [...used].map((i) => tables.operatorCodes[i]).filter((c) => c && operatorName(c) === 'CUSTOM')
    const missing = customs.map((c) => c!.customCode).filter((c) => !knownCustomOps.has(c))
    if (missing.length > 0) throw missingOp(name, [...new Set(missing)], '')
    const foreseen = signatures.find((s) => s.key === this.#foreseen?.signature)
    const first = foreseen ?? signatures[0]!
    checkTypes(name, first)
    const shapes = (foreseen && shapesBy(first.inputs, this.#foreseen!.inputs)) ?? first.inputs.map((i) => i.initialShape)
    const key = keyOf(first, shapes)
    const variant = this.#isDirect(first, shapes) ? await this.#compileDirect(first) : await this.#compileForeseen(first, shapes)
    if (variant) this.#variants.set(key, variant)
    else this.#firstProbe = { key, compiled: await this.#compileEdited(first, shapes, probes(first)) }
  }

  async run(feeds: Feeds, settings: RunSettings = {}): Promise<Map<string, NdArray>> {
    return this.look(feeds, settings, (results) => new Map(Array.from(results, ([name, r]) => [name, { ...r, bytes: r.bytes.slice() }])))
  }

  look<T>(feeds: Feeds, settings: RunSettings, see: (results: ReadonlyMap<string, NdArray>) => T): Promise<T> {
    return this.#inTurn(async () => {
      const { signature, arrays } = this.#check(feeds, settings)
      return this.#runWith(signature, arrays, (results) => see(new Map(signature.outputs.map((o, i) => [o.name, results[i]!]))))
    })
  }

  hold(feeds: Feeds, settings: RunSettings = {}): Promise<HeldRun> {
    return this.#inTurn(async () => {
      const { signature, arrays } = this.#check(feeds, settings)
      const variant = await this.#variantFor(signature, arrays)
      // It is not to be dropped to make room while it is held.
      const key = keyOf(signature, shapesOf(arrays))
      this.#variants.delete(key)
      const held = variant.compiled.hold(arrays)
      return {
        run: held.run,
        dispose: () => {
          held.dispose()
          if (this.#variants.has(key)) variant.compiled.dispose()
          else this.#variants.set(key, variant)
        },
      }
    })
  }

  reset(): Promise<void> {
    return this.#inTurn(async () => this.#dropAll())
  }

  dispose(): Promise<void> {
    return this.#inTurn(async () => {
      this.#dropAll()
      this.#onDispose()
    })
  }

  #check(feeds: Feeds, settings: RunSettings): { signature: SignatureIo; arrays: NdArray[] } {
    settings.signal?.throwIfAborted()
    const { name, signatures } = this.#file
    const signature = settings.signature === undefined ? signatures[0]! : signatures.find((s) => s.key === settings.signature)
    if (!signature) {
      const keys = signatures.map((s) => s.key)
      throw unknownSignature(name, settings.signature!, keys)
    }
    checkTypes(name, signature)
    return { signature, arrays: checkFeeds(name, signature, feeds) }
  }

  async #runWith<T>(signature: SignatureIo, feeds: readonly NdArray[], read: (results: readonly NdArray[]) => T): Promise<T> {
    const key = keyOf(signature, shapesOf(feeds))
    const isHeld = this.#holder === key
    let held = isHeld ? undefined : await this.#readState()
    const variant = await this.#variantFor(signature, feeds, held)
    await this.#writeState(variant.compiled, held)
    this.#holder = key
    // A run whose results do not fit is run anew, from where it began.
    if (isHeld && variant.isChecked) held = await this.#readState()
    const first = await this.#tryVariant(variant, signature, feeds, read)
    if (first) return first.answer
    this.#foreseen = undefined
    this.#drop(key)
    const fresh = await this.#variantFor(signature, feeds, held)
    await this.#writeState(fresh.compiled, held)
    return fresh.compiled.run(feeds, (answers) => read(resultsOf(fresh, signature, answers)!))
  }

  /** What variables hold; undefined before the first run. */
  async #readState(): Promise<readonly NdArray[] | undefined> {
    const compiled = this.#holder === undefined ? undefined : this.#variants.get(this.#holder)?.compiled
    if (!this.#state || !compiled || compiled.runtime.isDead) return undefined
    return compiled.run([], (values) => values.map((v) => ({ ...v, bytes: v.bytes.slice() })), stateSignatures.read)
  }

  async #writeState(compiled: Compiled, values: readonly NdArray[] | undefined): Promise<void> {
    if (values) await compiled.run(values, () => undefined, stateSignatures.write)
  }

  /** Undefined when the shapes of the outputs have changed with the values of the inputs. */
  async #tryVariant<T>(
    variant: Variant,
    signature: SignatureIo,
    feeds: readonly NdArray[],
    read: (results: readonly NdArray[]) => T,
  ): Promise<{ readonly answer: T } | undefined> {
    try {
      return await variant.compiled.run(feeds, (answers) => {
        const results = resultsOf(variant, signature, answers)
        return results && { answer: read(results) }
      })
    } catch (e) {
      if (variant.isChecked && e instanceof DowncastError && e.code === 'run/failed') return undefined
      throw e
    }
  }

  /** `held` is what variables hold, where the shapes of results depend on them. */
  async #variantFor(signature: SignatureIo, feeds: readonly NdArray[], held?: readonly NdArray[]): Promise<Variant> {
    const key = keyOf(signature, shapesOf(feeds))
    const kept = this.#variants.get(key)
    if (kept && !kept.compiled.runtime.isDead) {
      this.#variants.delete(key)
      this.#variants.set(key, kept)
      return kept
    }
    this.#drop(key)
    while (this.#variants.size >= this.#limit()) this.#drop()
    const variant = await this.#prepare(signature, feeds, held)
    this.#variants.set(key, variant)
    return variant
  }

  async #prepare(signature: SignatureIo, feeds: readonly NdArray[], held?: readonly NdArray[]): Promise<Variant> {
    const shapes = shapesOf(feeds)
    if (this.#isDirect(signature, shapes)) return this.#compileDirect(signature)
    const foreseen = await this.#compileForeseen(signature, shapes)
    if (foreseen) return foreseen
    const source = this.#shapeSource(signature)
    const outputShapes = await this.#findOutputShapes(signature, feeds, held)
    return this.#compileSized(signature, shapes, outputShapes, source === 'inputs' ? 'tensor' : 'copy', source === 'values')
  }

  /** Undefined where nothing is foreseen, or the model does not take it. */
  async #compileForeseen(signature: SignatureIo, shapes: readonly (readonly number[])[]): Promise<Variant | undefined> {
    const foreseen = signature.key === this.#foreseen?.signature ? this.#foreseen : undefined
    const [inputs, outputs] = [
      foreseen && shapesBy(signature.inputs, foreseen.inputs),
      foreseen && shapesBy(signature.outputs, foreseen.outputs),
    ]
    if (!inputs || !outputs || keyOf(signature, inputs) !== keyOf(signature, shapes)) return undefined
    try {
      return await this.#compileSized(signature, shapes, outputs, 'copy', true)
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      this.#foreseen = undefined
      return undefined
    }
  }

  async #compileSized(
    signature: SignatureIo,
    shapes: readonly (readonly number[])[],
    outputShapes: readonly (readonly number[])[],
    kind: 'tensor' | 'copy',
    isChecked: boolean,
  ): Promise<Variant> {
    const edits = signature.outputs.map((port, i): OutputEdit => ({ kind, port, shape: outputShapes[i]! }))
    const wanted = edits.filter((_, i) => !outputShapes[i]!.includes(0))
    const compiled = await this.#compileEdited(signature, shapes, isChecked ? [...wanted, ...probes(signature)] : wanted)
    return { compiled, outputShapes, isChecked }
  }

  /** Runs the model once for the sizes of its outputs only: LiteRT.js does not tell them, and writes beyond buffers that are too small. */
  async #findOutputShapes(signature: SignatureIo, feeds: readonly NdArray[], held?: readonly NdArray[]): Promise<number[][]> {
    const first = this.#firstProbe
    this.#firstProbe = undefined
    const isFirst = first?.key === keyOf(signature, shapesOf(feeds)) && !first.compiled.runtime.isDead
    if (!isFirst) first?.compiled.dispose()
    const compiled = isFirst ? first.compiled : await this.#compileEdited(signature, shapesOf(feeds), probes(signature))
    try {
      await this.#writeState(compiled, held)
      return await compiled.run(feeds, (answers) => probedShapes(signature, answers))
    } finally {
      compiled.dispose()
    }
  }

  async #compileDirect(signature: SignatureIo): Promise<Variant> {
    const { name, source, signatures } = this.#file
    const entry = { index: signatures.indexOf(signature), inputs: signature.inputs.map((i) => i.name), outputs: signature.outputs }
    return { compiled: await compile(await this.#runtime(), name, [source], [entry]) }
  }

  async #compileEdited(signature: SignatureIo, shapes: readonly (readonly number[])[], edits: readonly OutputEdit[]): Promise<Compiled> {
    const edited = editModel(this.#file, signature, shapes, edits, this.#state)
    const outputs = edits.map((e, i) => ({
      name: String(i),
      dtype: e.kind === 'sizes' || e.kind === 'rank' ? ('i32' as const) : e.port.dtype,
    }))
    const inputs = signature.inputs.map((_, i) => String(i))
    const entry = { index: 0, inputs, outputs }
    return compile(await this.#runtime(), this.#file.name, edited.pieces, [entry, ...stateEntries(this.#state)])
  }

  /** Whether the file can be run as it is: nothing symbolic in it, and LiteRT's output buffers are right. */
  #isDirect(signature: SignatureIo, shapes: readonly (readonly number[])[]): boolean {
    if (signature.hasOwnOutputs || this.#state) return false
    const isInitial = signature.inputs.every((input, i) => isStatic(input.shape) && String(input.shape) === String(shapes[i]))
    return isInitial && signature.outputs.every((o) => isStatic(o.shape)) && this.#shapeSource(signature) === 'inputs'
  }

  #shapeSource(signature: SignatureIo): ShapeSource {
    const source = this.#shapeSources.get(signature) ?? shapeSource(this.#file.tables, signature)
    this.#shapeSources.set(signature, source)
    return source
  }

  #limit(): number {
    return this.#file.source.byteLength > largeModelBytes ? 1 : maxVariants
  }

  /** Drops a variant, the least recently used unless told. */
  #drop(key = this.#variants.keys().next().value): void {
    if (key === undefined) return
    this.#variants.get(key)?.compiled.dispose()
    this.#variants.delete(key)
  }

  #dropAll(): void {
    while (this.#variants.size > 0) this.#drop()
    this.#holder = undefined
    this.#firstProbe?.compiled.dispose()
    this.#firstProbe = undefined
  }
}

function checkTypes(model: string, signature: SignatureIo): void {
  for (const { name, dtype } of [...signature.inputs, ...signature.outputs]) {
    if (!isTransferable(dtype)) throw unsupportedDtype(model, name, dtype)
  }
}

/** The signatures that an edited model has for its variables, as `stateSignatures` counts them. */
function stateEntries(state: ModelState | undefined): Entry[] {
  if (!state) return []
  const ports = state.variables.map(({ dtype }, i) => ({ name: String(i), dtype }))
  const names = ports.map((p) => p.name)
  return [
    { index: stateSignatures.read, inputs: [], outputs: ports },
    { index: stateSignatures.write, inputs: names, outputs: ports.slice(0, 1) },
  ]
}
