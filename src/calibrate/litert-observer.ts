import type { NdArray } from '../core/nd-array.ts'
import type { LiteRtLoadedModel, LiteRtRunner } from '../run/litert.ts'
import { type ModelFile, withOutputs } from '../run/model-io.ts'
import type { Activation } from './activations.ts'
import { type HessianSource, HessianSums } from './hessian.ts'
import { Histogram } from './histogram.ts'
import { joined, type Observed, type Observer, type PreparedSample, samplesOfTerm } from './observer.ts'
import { type Observation, ownMemory, Reducer, scratchBytes } from './reducer.ts'

/** Activations given out by one run: LiteRT.js's memory grows to 2 GB, for them, what it computes with, and the weights twice. */
const defaultPartBytes = 2 ** 29
/** For which a model is loaded anew for each of its parts. */
const samplesPerLoad = 8

/**
 * Runs samples with LiteRT.js, every activation of the entry graphs given out and looked at where it lies. Of models whose activations take
 * more than `partBytes` a part is given out at a time, and the samples are run again for the next; these are loaded one after the other.
 * Throws what `LiteRtRunner.load` throws.
 */
export async function liteRtObserver(
  runner: LiteRtRunner,
  file: ModelFile,
  activations: readonly Activation[],
  sources: readonly HessianSource[] = [],
  partBytes = defaultPartBytes,
): Promise<Observer> {
  const hessians = new HessianSums(sources)
  const positions = new Map(activations.map((a, i) => [`${a.graph} ${a.tensor}`, i]))
  const bySignature = file.signatures.map((s) => {
    const made = new Set(file.tables.subgraphs[s.subgraph]!.operators.flatMap((o) => [...o.outputs]))
    return grouped(
      activations.filter((a) => a.graph === s.subgraph && made.has(a.tensor)),
      partBytes,
    )
  })
  const parts = Array.from({ length: Math.max(1, ...bySignature.map((p) => p.length)) }, (_, part) =>
    bySignature.map((list) => (list[part] ?? []).map((a) => a.tensor)),
  )
  let loaded: { readonly part: number; readonly model: LiteRtLoadedModel } | undefined
  const load = async (part: number): Promise<LiteRtLoadedModel> => {
    if (loaded?.part === part) return loaded.model
    await loaded?.model.dispose()
    loaded = undefined
    const present = (f: ModelFile): ModelFile => f.signatures.reduce((shown, s, i) => withOutputs(shown, s.key, parts[part]![i]!), f)
    const model = await runner.load(file.source, { name: file.name, present })
    loaded = { part, model }
    return model
  }
  await load(0)
  const shared = await runner.memory()
  const reducer = new Reducer(shared ? { memory: shared.memory, scratch: shared.allocate(scratchBytes) } : ownMemory())

  /** Looks at one part of what a sample makes, and with the first at what it is. */
  const look = async (part: number, { runs }: PreparedSample, see: (graph: number, tensor: number, array: NdArray) => void) => {
    for (const { signature, feeds } of runs) {
      const index = file.signatures.findIndex((s) => s.key === signature)
      const { subgraph, inputs } = file.signatures[index]!
      if (part === 0) for (const input of inputs) see(subgraph, input.tensor, feeds.get(input.name)!)
      if (parts[part]![index]!.length === 0) continue
      const model = await load(part)
      await model.look(feeds, { signature }, (results) => {
        for (const [name, array] of results) see(subgraph, Number(name), array)
      })
    }
  }
  return {
    method: 'litert',
    samplesAtLeast: parts.length > 1 ? samplesPerLoad : 1,
    samplesAtOnce: sources.length > 0 ? samplesOfTerm : undefined,
    async observe(samples): Promise<Observed> {
      const histograms = activations.map(() => new Histogram())
      const observed = samples.map(() => new Array<Observation | undefined>(activations.length).fill(undefined))
      // The sums of a Hessian depend on the order.
      const order = sources.length === 0 && loaded && loaded.part > 0 ? [...parts.keys()].reverse() : parts.keys()
      for (const part of order) {
        for (const [i, sample] of samples.entries()) {
          await look(part, sample, (graph, tensor, array) => {
            const at = positions.get(`${graph} ${tensor}`)
            if (at === undefined) return
            observed[i]![at] = joined(observed[i]![at], reducer.reduce(array, histograms[at]!, activations[at]!))
            hessians.see(at, array)
          })
        }
      }
      return { samples: observed, histograms: histograms.map((h) => h.record()), hessians: hessians.take() }
    },
    dispose: async () => {
      await loaded?.model.dispose()
      loaded = undefined
    },
  }
}

/** Activations in their order, divided where their bytes exceed what one run may give out. */
function grouped(activations: readonly Activation[], partBytes: number): Activation[][] {
  const groups: Activation[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const a of activations) {
    bytes += 4 * a.elements
    if (bytes > partBytes) {
      groups.push([])
      bytes = 4 * a.elements
    }
    groups.at(-1)!.push(a)
  }
  return groups
}
