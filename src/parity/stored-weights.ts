import { elementCount } from '../core/shape.ts'
import type { Model, Value } from '../ir/types.ts'
import { errorInSteps } from '../quantize/stored-error.ts'
import type { Decision } from '../quantize/types.ts'
import { changesWeights } from '../quantize/weights/scheme.ts'
import { wrongWeights } from './diagnostics.ts'
import type { StoredWeights } from './types.ts'

/** Rounding to the nearest step leaves 0.3 of one, and 0.5 at most. */
const mostSteps = 0.8
/** Algorithms that choose integers by what they do together go further with single ones. */
const mostStepsTogether = 2

/**
 * Compares the integers of a written file with the floats that they stand for: on a wrong scale, in another order or of another layer most
 * are steps away. Weights that are turned or scaled before they are stored are not compared. Throws parity/wrong-weights.
 */
export function compareStoredWeights(file: string, written: Model, float: Model, decisions: readonly Decision[]): StoredWeights {
  const stored = decisions.filter((d) => d.reason === undefined && /^[iu][248]$/.test(d.to) && /^f/.test(d.from))
  const [before, after] = [constantsOf(float), constantsOf(written)]
  let compared = 0
  for (const { tensor, layer, algorithm } of stored) {
    const [x, q] = [before.get(tensor), storedAs(after, tensor)]
    if ((algorithm && changesWeights(algorithm)) || x?.type.dtype !== 'f32' || !q?.type.quant) continue
    if (elementCount(x.type.shape) !== elementCount(q.type.shape)) continue
    const steps = errorInSteps({ float: x.data!, type: q.type, data: q.data! })
    const most = (algorithm ?? 'min-max') === 'min-max' ? mostSteps : mostStepsTogether
    if (!(steps <= most)) throw wrongWeights(file, tensor, layer, steps)
    compared++
  }
  return { compared, of: stored.length }
}

/** What a float constant became; conversions that stand behind it took its name. */
export function storedAs(constants: ReadonlyMap<string, Value>, name: string): Value | undefined {
  return constants.get(`${name}/quantized`) ?? constants.get(`${name}/float16`) ?? constants.get(name)
}

/** Constants by name; those of which several have one name tell nothing. */
export function constantsOf({ graphs }: Model): Map<string, Value> {
  const named = new Map<string, Value>()
  const several = new Set<string>()
  for (const v of graphs.flatMap((g) => [...g.values.values()])) {
    if (!v.data) continue
    if (named.has(v.name)) several.add(v.name)
    named.set(v.name, v)
  }
  for (const name of several) named.delete(name)
  return named
}
