import type { ConstData } from '../core/bytes.ts'
import type { Model } from '../ir/types.ts'
import { quantize } from './quantize.ts'
import type { QuantizeMode, QuantizeOptions } from './types.ts'
import { type ObservationPlan, planObservation } from './weights/observed-layers.ts'

/** Modes that refuse nothing for what a range might tell. */
const lenient: ReadonlyMap<QuantizeMode, QuantizeMode> = new Map([
  ['int8-only', 'int8'],
  ['int16x8-only', 'int16x8'],
])

/**
 * What samples are to tell of the layers of a float model so that `quantize` can follow these options: it is asked with samples that tell
 * nothing. Throws what `quantize` throws.
 */
export function layersToObserve(model: Model, options: QuantizeOptions): ObservationPlan {
  const products = new Set<ConstData>()
  const squares = new Set<ConstData>()
  const notYet = { reason: 'it was not observed yet' }
  const { mode } = options
  quantize(model, {
    ...options,
    ...(mode && { mode: lenient.get(mode) ?? mode }),
    biasCorrection: false,
    ranges: { of: () => [-1, 1] },
    hessians: {
      of(weights) {
        products.add(weights)
        return notYet
      },
      moments(weights) {
        squares.add(weights)
        return notYet
      },
    },
  })
  return planObservation(model, { products, squares })
}
