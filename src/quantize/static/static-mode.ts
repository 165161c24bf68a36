import { constFromBytes } from '../../core/bytes.ts'
import { toDiagnostic } from '../../core/diagnostics.ts'
import type { Model, Value } from '../../ir/types.ts'
import type { IntegerType } from '../../ops/spec.ts'
import { unsignedDecision } from '../decide.ts'
import { masksLeftOut, noRanges, notForAccuracy, notInteger, staysFloat, uncutMasks } from '../diagnostics.ts'
import { cutMasks } from '../masks/cut-masks.ts'
import type { InputStats, KeepFloat, PortTypes, Quantized, QuantizeOptions } from '../types.ts'
import type { Rounding } from '../weights/rounded-layer.ts'
import { isSampled } from '../weights/scheme.ts'
import { assignForward } from './assign-forward.ts'
import { assignGrids } from './assign-grids.ts'
import { assignUnsigned } from './assign-meeting.ts'
import { activationGrid } from './grid.ts'
import { gridsOfStats } from './input-stats.ts'
import { tensorflowNumbers } from './numbers.ts'
import { setPortTypes } from './port-types.ts'
import { staticInteger } from './static-integer.ts'
import { isTrained } from './trained-grids.ts'
import { asUnsigned, signedPorts } from './unsigned.ts'

/** Which integers activations become: `u8` is computed as i8 and stored 128 higher. */
type Activations = IntegerType | 'u8'

/**
 * A mode in which activations are integers on grids found beforehand. With `isStrict` an op that stays float is an error.
 * Throws quantize/no-ranges, quantize/not-integer and what `setPortTypes` and `gridsOfStats` throw.
 */
export function staticMode(activations: Activations, isStrict: boolean) {
  const isUnsigned = activations === 'u8'
  const type = isUnsigned ? 'i8' : activations
  return (given: Model, options: QuantizeOptions & Pick<Rounding, 'hessians'>, keep: KeepFloat): Quantized => {
    const { model, ranges, diagnostics } = withoutMasks(given, options, type, keep)
    const range = knownRange({ ranges })
    const { weightsAlgorithm: algorithm, hessians, defaultRange, inputStats } = options
    const rounding = isSampled(algorithm) ? () => ({ algorithm, hessians }) : undefined
    const grid = inputStats && gridsOfStats(model, inputStats, isUnsigned ? 'uint8' : 'int8')
    const defaultGrid = defaultRange && activationGrid(defaultRange[0], defaultRange[1], activations)
    const granularity = { granularity: options.perTensor ? 'per-tensor' : 'per-axis' } as const
    const weights = () => granularity
    const assign = isUnsigned ? assignUnsigned : type === 'i16' ? assignForward : assignGrids
    const biasType = type === 'i8' ? 'i32' : (options.biasType ?? 'i64')
    const how = {
      type,
      numbers: tensorflowNumbers,
      assign,
      isUnsigned,
      biasType,
      weights,
      rounding,
      range,
      grid,
      defaultGrid,
      keep,
      useForms: isStrict,
    } as const
    const result = staticInteger(model, how)
    if (!defaultRange && !knowsRanges(model, range) && result.islands.some((i) => i.isUnseen)) throw noRanges(`mode ${options.mode}`)
    const float = result.islands.filter((i) => !i.isCall)
    if (isStrict && float.length > 0) throw notInteger(float)
    const types = isUnsigned ? signedPorts(options.io) : (options.io ?? 'float32')
    const bordered = setPortTypes(result.model, { types, numbers: tensorflowNumbers, activations: type, range, grid })
    const { defaulted } = result
    return {
      model: withDefaultMark(isUnsigned ? asUnsigned(bordered, model) : bordered, defaultRange, defaulted),
      decisions: isUnsigned ? result.decisions.map(unsignedDecision) : result.decisions,
      diagnostics: [
        ...diagnostics,
        ...(defaultRange && defaulted.length > 0 ? [toDiagnostic(notForAccuracy(defaultRange, defaulted), 'warning')] : []),
        ...result.islands.map((i) => toDiagnostic(staysFloat(i, i.conversions, i.elements), 'info')),
      ],
    }
  }
}

/** The model and ranges without the masks that these leave out, and what to say of it. */
export function withoutMasks(
  model: Model,
  { ranges }: QuantizeOptions,
  type: IntegerType,
  keep: KeepFloat,
): { readonly ranges?: QuantizeOptions['ranges'] | undefined } & Pick<Quantized, 'model' | 'diagnostics'> {
  if (!ranges) return { model, diagnostics: [] }
  const { cut, uncut, ...rest } = cutMasks(model, ranges, type, keep)
  const names = cut.map((v) => v.name)
  return {
    ...rest,
    diagnostics: [
      ...(names.length > 0 ? [toDiagnostic(masksLeftOut(names), 'info')] : []),
      ...uncut.map(({ value, layer }) => toDiagnostic(uncutMasks(value.name, layer), 'warning')),
    ],
  }
}

/** What files say whose activations have made-up ranges. */
export const defaultRangeKey = 'downcast.default_range'

function withDefaultMark(model: Model, range: QuantizeOptions['defaultRange'], defaulted: readonly string[]): Model {
  if (!range || defaulted.length === 0) return model
  const text = JSON.stringify({ warning: 'not for accuracy', range, activations: defaulted.length })
  return { ...model, metadata: new Map([...model.metadata, [defaultRangeKey, constFromBytes(new TextEncoder().encode(text))]]) }
}

/**
 * A float model whose inputs are stored as `real = (stored - mean) / std`, each before a DEQUANTIZE. Throws what `setPortTypes` and `gridsOfStats`
 * throw.
 */
export function storedInputs(model: Model, stats: InputStats, types: PortTypes = 'uint8'): Model {
  const typeOf = (name: string) => (typeof types === 'string' ? types : (types[name] ?? types[''] ?? 'uint8'))
  const ports = Object.fromEntries(model.signatures.flatMap((s) => s.inputs.map((p) => [p.name, typeOf(p.name)] as const)))
  const stored = Object.values(ports).includes('int8') ? 'int8' : 'uint8'
  const grid = gridsOfStats(model, stats, stored)
  const named = model.signatures.flatMap((s) => s.inputs.filter((p) => grid(s.graph, model.graphs[s.graph]!.values.get(p.value)!)))
  const signed = Object.fromEntries(named.map((p) => [p.name, 'int8' as const]))
  const bordered = setPortTypes(model, { types: signed, numbers: tensorflowNumbers, activations: 'i8', range: () => undefined, grid })
  return stored === 'int8' ? bordered : asUnsigned(bordered, model)
}

type RangeOf = (graph: number, value: Value) => readonly [min: number, max: number] | undefined

/** Ranges of activations: calibrated ones before those that the model states. */
export function knownRange({ ranges }: { readonly ranges?: QuantizeOptions['ranges'] | undefined }): RangeOf {
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
