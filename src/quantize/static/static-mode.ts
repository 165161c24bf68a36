import { toDiagnostic } from '../../core/diagnostics.ts'
import type { Model, Value } from '../../ir/types.ts'
import type { IntegerType } from '../../ops/spec.ts'
import { noRanges, notInteger, staysFloat } from '../diagnostics.ts'
import type { KeepFloat, Quantized, QuantizeOptions } from '../types.ts'
import type { Rounding } from '../weights/rounded-layer.ts'
import { isSampled } from '../weights/scheme.ts'
import { setPortTypes } from './port-types.ts'
import { staticInteger } from './static-integer.ts'
import { isTrained } from './trained-grids.ts'

/**
 * A mode in which activations are integers on grids found beforehand. With `isStrict` an op that stays float is an error.
 * Throws quantize/no-ranges, quantize/not-integer and what `setPortTypes` throws.
 */
export function staticMode(type: IntegerType, isStrict: boolean) {
  return (model: Model, options: QuantizeOptions & Pick<Rounding, 'hessians'>, keep: KeepFloat): Quantized => {
    const range = knownRange(options)
    const { weightsAlgorithm: algorithm, hessians } = options
    const rounding = isSampled(algorithm) ? { algorithm, hessians } : undefined
    const weights = { granularity: options.perTensor ? 'per-tensor' : 'per-axis' } as const
    const biasType = type === 'i8' ? 'i32' : (options.biasType ?? 'i64')
    const result = staticInteger(model, { type, biasType, weights, rounding, range, keep, useForms: isStrict })
    if (!knowsRanges(model, range) && result.islands.some((i) => i.isUnseen)) throw noRanges(options.mode!)
    const float = result.islands.filter((i) => !i.isCall)
    if (isStrict && float.length > 0) throw notInteger(float)
    return {
      model: setPortTypes(result.model, { types: options.io ?? 'float32', activations: type, range }),
      decisions: result.decisions,
      diagnostics: result.islands.map((i) => toDiagnostic(staysFloat(i, i.conversions, i.elements), 'info')),
    }
  }
}

type RangeOf = (graph: number, value: Value) => readonly [min: number, max: number] | undefined

/** Ranges of activations: calibrated ones before those that the model states. */
export function knownRange({ ranges }: QuantizeOptions): RangeOf {
  return (graph, value) => {
    const found = ranges?.of(graph, value) ?? value.type.range
    return found?.every(Number.isFinite) ? found : undefined
  }
}

/** Whether any activation of a model has a range or a grid it was trained on. */
export function knowsRanges(model: Model, range: RangeOf): boolean {
  return (
    model.graphs.some(isTrained) || model.graphs.some((g, i) => [...g.values.values()].some((v) => !v.data && range(i, v) !== undefined))
  )
}
