import type { NdArray } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { ModelFile } from '../run/model-io.ts'
import type { Activation } from './activations.ts'
import { notComputable } from './diagnostics.ts'
import { type HessianSource, HessianSums } from './hessian.ts'
import { Histogram } from './histogram.ts'
import { joined, type Observed, type Observer, type PreparedSample, samplesOfTerm } from './observer.ts'
import { type Observation, ownMemory, Reducer } from './reducer.ts'

/**
 * Runs samples with downcast's own reference kernels, which are slow, and see bodies of control flow too. `why` says why LiteRT.js does
 * not. `observe` throws calibrate/not-computable.
 */
export function interpreterObserver(
  file: ModelFile,
  activations: readonly Activation[],
  why: string,
  sources: readonly HessianSource[] = [],
): Observer {
  const hessians = new HessianSums(sources)
  const model = importTflite(readTfliteFile(file.source))
  const positions = new Map(activations.map((a, i) => [`${a.graph} ${a.tensor}`, i]))
  const reducer = new Reducer(ownMemory())

  const observeSample = (sample: PreparedSample, histograms: readonly Histogram[]): (Observation | undefined)[] => {
    const found = new Array<Observation | undefined>(activations.length).fill(undefined)
    for (const { signature, feeds } of sample.runs) {
      const { subgraph, inputs } = file.signatures.find((s) => s.key === signature)!
      const tensors = model.graphs[subgraph]!.inputs
      const arrays = tensors.map((t) => feeds.get(inputs.find((i) => i.tensor === t)!.name)!)
      const observe = (graph: number, value: number, array: NdArray): void => {
        const at = positions.get(`${graph} ${value}`)
        if (at === undefined) return
        found[at] = joined(found[at], reducer.reduce(array, histograms[at]!, activations[at]!))
        hessians.see(at, array)
      }
      interpretModel(model, subgraph, arrays, { observe })
    }
    return found
  }
  return {
    method: 'interpreter',
    samplesAtLeast: 1,
    samplesAtOnce: sources.length > 0 ? samplesOfTerm : undefined,
    async observe(samples): Promise<Observed> {
      const histograms = activations.map(() => new Histogram())
      try {
        const observed = samples.map((s) => observeSample(s, histograms))
        return { samples: observed, histograms: histograms.map((h) => h.record()), hessians: hessians.take() }
      } catch (e) {
        throw e instanceof NotComputable ? notComputable(file.name, why, e.message) : e
      }
    },
    dispose: async () => {},
  }
}
