import { nearest } from '../../core/diagnostics.ts'
import { badPercentile, unknownEstimator } from '../diagnostics.ts'
import { entropy } from './entropy.ts'
import type { Estimator } from './estimator.ts'
import { minMax } from './min-max.ts'
import { movingAverage } from './moving-average.ts'
import { mse } from './mse.ts'
import { octav } from './octav.ts'
import { percentile } from './percentile.ts'

/** Percent of the values kept inside when nobody says. @see onnxruntime, PercentileCalibrater */
const defaultPercentile = 99.999

const fixed: readonly Estimator[] = [minMax, movingAverage, entropy, mse, octav]

/** Names that `estimatorOf` knows. */
export const estimatorNames: readonly string[] = [...fixed.map((e) => e.name), 'percentile']

/**
 * An estimator by its name; `percentile:99.9` says how many percent stay inside, 99.999 without.
 * Throws calibrate/unknown-estimator, calibrate/bad-percentile.
 */
export function estimatorOf(text: string): Estimator {
  const [name = '', parameter] = text.split(':', 2)
  const known = parameter === undefined ? fixed.find((e) => e.name === name) : undefined
  if (known) return known
  if (name !== 'percentile') throw unknownEstimator(text, estimatorNames, nearest(name, estimatorNames))
  const p = parameter === undefined ? defaultPercentile : Number(parameter)
  if (parameter === '' || !(p > 0 && p <= 100)) throw badPercentile(text)
  return percentile(p)
}
