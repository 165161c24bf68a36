import { DowncastError } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { isStatic } from '../core/shape.ts'
import { missingOp, unknownSignature, unsupportedDtype } from './diagnostics.ts'
import { editModel, maxRank, type OutputEdit } from './edit-model.ts'
import { checkFeeds } from './feeds.ts'
import { type Compiled, compile } from './litert-compile.ts'
import { isTransferable, type LiteRtLoader } from './litert-module.ts'
import { type LiteRtRuntime, startRuntime } from './litert-runtime.ts'
import { type ModelFile, openModel, operatorName, type SignatureIo } from './model-io.ts'
import type { LoadedModel, Runner } from './runner.ts'
import { hasStaticShapes } from './static-shapes.ts'

/** A signature prepared for inputs of fixed shapes; results that have no elements are not asked for. */
interface Variant {
  readonly compiled: Compiled
  readonly outputShapes: readonly (readonly number[])[] | undefined
}

const maxVariants = 4
/** Larger models are kept prepared for one set of shapes only: each holds a copy of the weights. */
const largeModelBytes = 64 << 20

/** Custom ops that LiteRT registers itself (`BuiltinOpResolver`); it runs models with others too, but computes nothing for them. */
const knownCustomOps = new Set(['AudioSpectrogram', 'Mfcc', 'NumericVerify', 'TFLite_Detection_PostProcess'])

/**
 * LiteRT's own WebAssembly build with XNNPACK, one thread, in the thread that calls. The module is started at the first load, and
 * again after a crash; models that were loaded are then prepared again when they are next run.
 */
export function liteRtRunner(load: LiteRtLoader): Runner {
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
  return {
    describe: async () => (await runtime()).description,
    async load(bytes, { name = 'model' } = {}) {
      const model = new LiteRtModel(openModel(name, bytes), runtime, () => models.delete(model))
      await model.check()
      models.add(model)
      return model
    },
    async dispose() {
      await Promise.all([...models].map((m) => m.dispose()))
      started = undefined
    },
  }
}

class LiteRtModel implements LoadedModel {
  readonly #file: ModelFile
  readonly #runtime: () => Promise<LiteRtRuntime>
  readonly #onDispose: () => void
  readonly #variants = new Map<string, Variant>()
  readonly #isStatic = new Map<SignatureIo, boolean>()

  constructor(file: ModelFile, runtime: () => Promise<LiteRtRuntime>, onDispose: () => void) {
    this.#file = file
    this.#runtime = runtime
    this.#onDispose = onDispose
  }

  get signatures(): readonly SignatureIo[] {
    return this.#file.signatures
  }

  /** Loads the model as it is, so that one that cannot be loaded says so before its first run. */
  async check(): Promise<void> {
    const { name, tables, bytes, signatures } = this.#file
    const used = new Set(tables.subgraphs.flatMap((g) => g.operators.map((o) => o.opcodeIndex)))
    const customs = [...used].map((i) => tables.operatorCodes[i]).filter((c) => c && operatorName(c) === 'CUSTOM')
    const missing = customs.map((c) => c!.customCode).filter((c) => !knownCustomOps.has(c))
    if (missing.length > 0) throw missingOp(name, [...new Set(missing)], '')
    const first = signatures[0]!
    const compiled = await compile(await this.#runtime(), name, [bytes], entryOf(first, 0))
    const initial = first.inputs.map((i) => i.initialShape)
    if (this.#isDirect(first, initial)) this.#variants.set(keyOf(first, initial), { compiled, outputShapes: undefined })
    else compiled.dispose()
  }

  async run(...[feeds, settings = {}]: Parameters<LoadedModel['run']>): Promise<Map<string, NdArray>> {
    settings.signal?.throwIfAborted()
    const { name, signatures } = this.#file
    const signature = settings.signature === undefined ? signatures[0]! : signatures.find((s) => s.key === settings.signature)
    if (!signature) {
      const keys = signatures.map((s) => s.key)
      throw unknownSignature(name, settings.signature!, keys)
    }
    for (const { name: port, dtype } of [...signature.inputs, ...signature.outputs]) {
      if (!isTransferable(dtype)) throw unsupportedDtype(name, port, dtype)
    }
    const arrays = checkFeeds(name, signature, feeds)
    const results = await this.#runWith(signature, arrays)
    return new Map(signature.outputs.map((o, i) => [o.name, results[i]!]))
  }

  async reset(): Promise<void> {
    while (this.#variants.size > 0) this.#drop()
  }

  async dispose(): Promise<void> {
    await this.reset()
    this.#onDispose()
  }

  async #runWith(signature: SignatureIo, feeds: readonly NdArray[]): Promise<NdArray[]> {
    const shapes = feeds.map((f) => f.shape)
    const key = keyOf(signature, shapes)
    const kept = this.#variants.get(key)
    if (kept && !kept.compiled.runtime.isDead) {
      this.#variants.delete(key)
      this.#variants.set(key, kept)
      try {
        return await runVariant(kept, signature, feeds)
      } catch (e) {
        // Shapes that follow from the values of the inputs may have changed with them.
        const isRetried = e instanceof DowncastError && e.code === 'run/failed' && kept.outputShapes && !this.#isShapeStatic(signature)
        if (!isRetried) throw e
      }
    }
    this.#drop(key)
    while (this.#variants.size >= this.#limit()) this.#drop()
    const variant = await this.#prepare(signature, feeds)
    this.#variants.set(key, variant)
    return runVariant(variant, signature, feeds)
  }

  async #prepare(signature: SignatureIo, feeds: readonly NdArray[]): Promise<Variant> {
    const shapes = feeds.map((f) => f.shape)
    if (this.#isDirect(signature, shapes)) {
      const entry = entryOf(signature, this.#file.signatures.indexOf(signature))
      return { compiled: await compile(await this.#runtime(), this.#file.name, [this.#file.bytes], entry), outputShapes: undefined }
    }
    const outputShapes = await this.#findOutputShapes(signature, feeds)
    const kind = this.#isShapeStatic(signature) ? 'tensor' : 'copy'
    const edits = signature.outputs.map((port, i): OutputEdit => ({ kind, port, shape: outputShapes[i]! }))
    const compiled = await this.#compileEdited(
      signature,
      shapes,
      edits.filter((e) => (e.kind !== 'tensor' && e.kind !== 'copy' ? true : !e.shape.includes(0))),
    )
    return { compiled, outputShapes }
  }

  /** Runs the model once for the sizes of its outputs only: LiteRT.js does not tell them, and writes beyond buffers that are too small. */
  async #findOutputShapes(signature: SignatureIo, feeds: readonly NdArray[]): Promise<number[][]> {
    const edits = signature.outputs.flatMap((port): OutputEdit[] => [
      { kind: 'rank', port },
      { kind: 'sizes', port },
    ])
    const compiled = await this.#compileEdited(
      signature,
      feeds.map((f) => f.shape),
      edits,
    )
    try {
      const results = await compiled.run(feeds)
      return signature.outputs.map((_, i) => {
        const [rank] = typedView('i32', results[2 * i]!.bytes)
        return [...typedView('i32', results[2 * i + 1]!.bytes)].slice(0, Math.min(rank!, maxRank))
      })
    } finally {
      compiled.dispose()
    }
  }

  async #compileEdited(signature: SignatureIo, shapes: readonly (readonly number[])[], edits: readonly OutputEdit[]): Promise<Compiled> {
    const edited = editModel(this.#file, signature, shapes, edits)
    const outputs = edits.map((e, i) => ({
      name: String(i),
      dtype: e.kind === 'sizes' || e.kind === 'rank' ? ('i32' as const) : e.port.dtype,
    }))
    const inputs = signature.inputs.map((_, i) => String(i))
    return compile(await this.#runtime(), this.#file.name, edited.pieces, { index: 0, inputs, outputs })
  }

  /** Whether the file can be run as it is: nothing symbolic in it, and LiteRT's output buffers are right. */
  #isDirect(signature: SignatureIo, shapes: readonly (readonly number[])[]): boolean {
    const isInitial = signature.inputs.every((input, i) => String(input.initialShape) === String(shapes[i]))
    return isInitial && signature.outputs.every((o) => isStatic(o.shape)) && this.#isShapeStatic(signature)
  }

  #isShapeStatic(signature: SignatureIo): boolean {
    let known = this.#isStatic.get(signature)
    if (known === undefined) {
      known = hasStaticShapes(this.#file.tables, signature)
      this.#isStatic.set(signature, known)
    }
    return known
  }

  #limit(): number {
    return this.#file.bytes.byteLength > largeModelBytes ? 1 : maxVariants
  }

  /** Drops a variant, the least recently used unless told. */
  #drop(key = this.#variants.keys().next().value): void {
    if (key === undefined) return
    this.#variants.get(key)?.compiled.dispose()
    this.#variants.delete(key)
  }
}

async function runVariant({ compiled, outputShapes }: Variant, signature: SignatureIo, feeds: readonly NdArray[]): Promise<NdArray[]> {
  const results = await compiled.run(feeds)
  if (!outputShapes) return results
  let next = 0
  return outputShapes.map((shape, i) =>
    shape.includes(0) ? { dtype: signature.outputs[i]!.dtype, shape, bytes: new Uint8Array(0) } : results[next++]!,
  )
}

function keyOf(signature: SignatureIo, shapes: readonly (readonly number[])[]): string {
  return JSON.stringify([signature.key, shapes])
}

function entryOf(signature: SignatureIo, index: number): Parameters<typeof compile>[3] {
  return { index, inputs: signature.inputs.map((i) => i.name), outputs: signature.outputs }
}
