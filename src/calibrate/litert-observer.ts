import type { LiteRtLoadedModel, LiteRtRunner } from '../run/litert.ts'
import { type ModelFile, withOutputs } from '../run/model-io.ts'
import type { Activation } from './activations.ts'
import { Histogram } from './histogram.ts'
import { joined, type Observed, type Observer, type PreparedSample } from './observer.ts'
import { type Observation, ownMemory, Reducer, scratchBytes } from './reducer.ts'

/** Activations given out by one run: LiteRT.js has 4 GB for them, what it computes with, and the weights. */
const defaultPartBytes = 2 ** 30

/**
 * Runs samples with LiteRT.js, every activation of the entry graphs given out and looked at where it lies. Models whose activations take more
 * than `partBytes` are run several times for each sample, for a part of them each time. Throws what `LiteRtRunner.load` throws.
 */
export async function liteRtObserver(
  runner: LiteRtRunner,
  file: ModelFile,
  activations: readonly Activation[],
  partBytes = defaultPartBytes,
): Promise<Observer> {
  const positions = new Map(activations.map((a, i) => [`${a.graph} ${a.tensor}`, i]))
  const parts = file.signatures.map((s) => {
    const made = new Set(file.tables.subgraphs[s.subgraph]!.operators.flatMap((o) => [...o.outputs]))
    return grouped(
      activations.filter((a) => a.graph === s.subgraph && made.has(a.tensor)),
      partBytes,
    )
  })
  const loaded: LiteRtLoadedModel[] = []
  const dispose = async (): Promise<void> => {
    for (const model of loaded.splice(0)) await model.dispose()
  }
  const present = (part: number) => (f: ModelFile) =>
    f.signatures.reduce(
      (shown, s, i) =>
        withOutputs(
          shown,
          s.key,
          (parts[i]![part] ?? []).map((a) => a.tensor),
        ),
      f,
    )
  try {
    const count = Math.max(1, ...parts.map((p) => p.length))
    for (let i = 0; i < count; i++) loaded.push(await runner.load(file.bytes, { name: file.name, present: present(i) }))
  } catch (e) {
    await dispose()
    throw e
  }
  const shared = await runner.memory()
  const reducer = new Reducer(shared ? { memory: shared.memory, scratch: shared.allocate(scratchBytes) } : ownMemory())

  const observeSample = async (sample: PreparedSample, histograms: readonly Histogram[]): Promise<(Observation | undefined)[]> => {
    const found = new Array<Observation | undefined>(activations.length).fill(undefined)
    for (const { signature, feeds } of sample.runs) {
      const index = file.signatures.findIndex((s) => s.key === signature)
      const { subgraph, inputs } = file.signatures[index]!
      const see = (tensor: number, array: Parameters<Reducer['reduce']>[0]): void => {
        const at = positions.get(`${subgraph} ${tensor}`)
        if (at !== undefined) found[at] = joined(found[at], reducer.reduce(array, histograms[at]!))
      }
      for (const input of inputs) see(input.tensor, feeds.get(input.name)!)
      for (const [i, part] of parts[index]!.entries()) {
        if (part.length === 0) continue
        await loaded[i]!.look(feeds, { signature }, (results) => {
          for (const [name, array] of results) see(Number(name), array)
        })
      }
    }
    return found
  }
  return {
    method: 'litert',
    async observe(samples): Promise<Observed> {
      const histograms = activations.map(() => new Histogram())
      const observed: (Observation | undefined)[][] = []
      for (const sample of samples) observed.push(await observeSample(sample, histograms))
      return { samples: observed, histograms: histograms.map((h) => h.record()) }
    },
    dispose,
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
