import { type ByteSource, copyInto } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { missingOp, noStates, notLoadable, outOfMemory } from './diagnostics.ts'
import { type LiteRtModule, listOf, makeTensorBuffer, placeOf, type TensorBuffer } from './litert-module.ts'
import { guarded, type LiteRtRuntime, type Subject } from './litert-runtime.ts'
import type { HeldRun } from './runner.ts'

/** A signature to be run: where it is in the bytes, and its ports in our order. */
export interface Entry {
  readonly index: number
  readonly inputs: readonly string[]
  readonly outputs: readonly { readonly name: string; readonly dtype: DType }[]
}

/** A model in LiteRT's memory, ready to run with inputs of fixed shapes. */
export interface Compiled {
  readonly runtime: LiteRtRuntime
  /**
   * Feeds and results in the order of the entry, by default the first. `read` is given the results where LiteRT has put them, and must not
   * call LiteRT; what it returns is the answer.
   */
  run<T>(feeds: readonly NdArray[], read: (results: readonly NdArray[]) => T, entry?: number): Promise<T>
  hold(feeds: readonly NdArray[]): HeldRun
  dispose(): void
}

// The memory of LiteRT.js is at most 2 GiB (getHeapMax of its glue code), and preparation packs the weights a second time.
const maxModelBytes = 1.5 * 2 ** 30

/**
 * Loads a model from its pieces, which are put one behind the other in LiteRT's memory. Of its entries the first is the one to `hold`.
 * Throws run/not-loadable, run/missing-op, run/out-of-memory, run/crashed.
 */
export async function compile(
  runtime: LiteRtRuntime,
  name: string,
  pieces: readonly ByteSource[],
  entries: readonly Entry[],
): Promise<Compiled> {
  const { module, environment } = runtime
  const sizeBytes = pieces.reduce((n, p) => n + p.byteLength, 0)
  const subject = { name, sizeBytes }
  if (sizeBytes > maxModelBytes) throw outOfMemory(name, sizeBytes)
  const undo: (() => void)[] = []
  const dispose = (): void => {
    for (const step of undo.splice(0).reverse()) {
      if (runtime.isDead) return
      try {
        step()
      } catch {
        // LiteRT does not always take down what it failed to load, or models with variables; the memory goes with the runtime.
        runtime.isDead = true
      }
    }
  }
  try {
    return await guarded(runtime, subject, async () => {
      const at = module._malloc(sizeBytes)
      if (at === 0) throw outOfMemory(name, sizeBytes)
      undo.push(() => module._free(at))
      let end = at
      for (const piece of pieces) {
        copyInto(module.HEAPU8.subarray(end), piece)
        end += piece.byteLength
      }
      const model = module.loadModel(environment, at, sizeBytes)
      undo.push(() => model.delete())
      const options = { accelerator: 'wasm', cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} } as const
      const compiled = await module.compileModel(environment, model, options)
      undo.push(() => compiled.delete())
      const prepared = entries.map((entry): Prepared => {
        const signature = model.getSignature(entry.index)
        const inputs = listOf(signature.inputNames()).map((n) => entry.inputs.indexOf(n))
        const outputNames = entry.outputs.map((o) => o.name)
        const outputs = listOf(signature.outputNames()).map((n) => outputNames.indexOf(n))
        signature.delete()
        return { compiled, entry, inputs, outputs }
      })
      const run = <T>(feeds: readonly NdArray[], read: (results: readonly NdArray[]) => T, at = 0): Promise<T> =>
        invoke(runtime, subject, prepared[at]!, feeds, read)
      const hold = (feeds: readonly NdArray[]): HeldRun => {
        const { entry, inputs } = prepared[0]!
        const buffers = inputs.map((i) => feedBuffer(runtime, feeds[i]!))
        return {
          run: () =>
            guarded(runtime, subject, async () => {
              for (const buffer of await compiled.run(entry.index, [...buffers])) buffer.delete()
            }),
          dispose: () => deleteAll(runtime, buffers),
        }
      }
      return { runtime, run, hold, dispose }
    })
  } catch (e) {
    dispose()
    throw e instanceof DowncastError && e.code === 'run/failed' ? loadError(subject, e, runtime.lines) : e
  }
}

type CompiledModel = Awaited<ReturnType<LiteRtModule['compileModel']>>

interface Prepared {
  readonly compiled: CompiledModel
  readonly entry: Entry
  /** Which of the entry's inputs and outputs stand where in the model. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

async function invoke<T>(
  runtime: LiteRtRuntime,
  subject: Subject,
  { compiled, entry, inputs, outputs }: Prepared,
  feeds: readonly NdArray[],
  read: (results: readonly NdArray[]) => T,
): Promise<T> {
  const buffers: TensorBuffer[] = []
  try {
    const places = await guarded(runtime, subject, async () => {
      for (const i of inputs) buffers.push(feedBuffer(runtime, feeds[i]!))
      const filled = await compiled.run(entry.index, [...buffers])
      buffers.push(...filled)
      return filled.map((buffer) => placeOf(runtime.module, buffer))
    })
    // The memory may have moved at each call, so that it is looked at after the last.
    const heap = runtime.module.HEAPU8
    const results = new Array<NdArray>(places.length)
    places.forEach(({ shape, address, byteLength }, i) => {
      const port = outputs[i]!
      results[port] = { dtype: entry.outputs[port]!.dtype, shape, bytes: heap.subarray(address, address + byteLength) }
    })
    return read(results)
  } finally {
    deleteAll(runtime, buffers)
  }
}

function feedBuffer({ module, environment }: LiteRtRuntime, { dtype, shape, bytes }: NdArray): TensorBuffer {
  return makeTensorBuffer(module, environment, dtype, shape, bytes)
}

function deleteAll(runtime: LiteRtRuntime, buffers: TensorBuffer[]): void {
  for (const buffer of buffers.splice(0)) if (!runtime.isDead) buffer.delete()
}

function loadError({ name }: Subject, e: DowncastError, lines: readonly string[]): DowncastError {
  const text = lines.join('\n')
  const words = e.message.slice(e.message.indexOf(': ') + 2)
  if (words.includes('Variable tensors')) return noStates(name, words)
  const missing = [...text.matchAll(/Didn't find op for builtin opcode '(\w+)' version '(\d+)'/g)].map((m) => `${m[1]} version ${m[2]}`)
  return missing.length > 0 ? missingOp(name, [...new Set(missing)], words) : notLoadable(name, words, e.cause)
}
