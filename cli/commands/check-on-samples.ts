import { compare } from '../../src/compare/compare.ts'
import { farFromFloat } from '../../src/compare/diagnostics.ts'
import { type Contents, sourceOf } from '../../src/core/bytes.ts'
import { type Diagnostic, DowncastError } from '../../src/core/diagnostics.ts'
import type { Model } from '../../src/ir/types.ts'
import { costAt } from '../../src/parity/cost.ts'
import type { Preprocessing } from '../../src/run/data/preprocessing.ts'
import type { DataSet } from '../../src/run/data/sample.ts'
import type { Runner } from '../../src/run/runner.ts'

/** What a model was calibrated with. */
export interface CheckSamples {
  readonly data: DataSet
  readonly preprocess: Preprocessing
}

/** A file with integer activations beside its float model, on some of these samples. */
export interface SampleCheck {
  readonly data: string
  readonly samples: number
  readonly outputs: readonly {
    readonly output: string
    /** Of all values; null where one of both is 0 throughout. */
    readonly cosine: number | null
    readonly rootMeanSquareError: number
    readonly maxAbsError: number
  }[]
  readonly diagnostics: readonly Diagnostic[]
}

const mostSamples = 8
/** Of LiteRT.js on one core, about. */
const macsPerSecond = 2e9

/** How many samples two runs of this model, of batch 1, have time for: one at least. */
function samplesFor({ graphs, signatures }: Model, budgetSeconds: number): number {
  const graph = graphs[signatures[0]?.graph ?? 0]!
  const shapes = graph.inputs.map((id) => graph.values.get(id)!.type.shape.map((d) => (typeof d === 'number' ? d : 1)))
  const macs = costAt(graph, shapes)?.macs ?? 0
  return Math.max(1, Math.min(mostSamples, Math.floor((budgetSeconds * macsPerSecond) / (2 * macs))))
}

/** About where errors are half as large as results. */
const leastCosine = 0.9

const allOf = (contents: Contents): Uint8Array => sourceOf('', contents).read(0, contents.byteLength)

/**
 * Results of the written bytes beside those of the float model's, on as many samples as there is time for. They are said, not judged: how far
 * quantization may move them depends on the model. The reason where there are none.
 */
export async function checkOnSamples(
  runner: Runner,
  { model, float, written }: { readonly model: Model; readonly float: Contents; readonly written: Contents },
  { data, preprocess }: CheckSamples,
  budgetSeconds: number,
): Promise<SampleCheck | string> {
  try {
    const models = [
      { name: 'the float model', bytes: allOf(float) },
      { name: 'the written model', bytes: allOf(written) },
    ]
    const comparison = await compare(models, data, {
      runner,
      preprocess,
      maxSamples: samplesFor(model, budgetSeconds),
      latency: false,
      maxFlips: 0,
    })
    const { samples } = comparison.data
    const outputs = comparison.models[1]!.difference!.outputs.map(({ name, cosine, rootMeanSquareError, maxAbsError }) => ({
      ...{ output: name, cosine, rootMeanSquareError, maxAbsError },
    }))
    const far = outputs.flatMap(({ output, cosine }) =>
      cosine !== null && cosine < leastCosine ? [farFromFloat(output, cosine, samples, data.name)] : [],
    )
    return { data: data.name, samples, outputs, diagnostics: far }
  } catch (e) {
    // Several signatures may share the data, a sample may be unreadable, the runtime may lack a kernel.
    if (!(e instanceof DowncastError)) throw e
    return e.message
  }
}
