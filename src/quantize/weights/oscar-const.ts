import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { Decision } from '../types.ts'
import { type Groups, groupsOf } from './groups.ts'
import type { Hessians } from './hessian.ts'
import { floored, oscarBound, oscarFactors } from './oscar.ts'
import { symmetricParameters } from './parameters.ts'
import { type QuantizedConst, quantizedConst, storedOn } from './quantized-const.ts'
import type { WeightScheme } from './scheme.ts'

export interface OscarConst extends QuantizedConst {
  readonly how: Pick<Decision, 'algorithm' | 'note'>
  /** By what columns were multiplied, and the input is to be divided; undefined where by nothing. */
  readonly columnFactors?: Float64Array
}

/** A bound of 0 would make a scale of it. */
const smallestBound = 1e-9

/**
 * Weights [rows, columns] as integers on the scales of OSCAR, each column times its factor; on those of min-max where samples do not tell of the
 * input. Undefined when an element is NaN or infinite.
 */
export function oscarConst(value: Value, scheme: WeightScheme, axis: number | null, hessians: Hessians): OscarConst | undefined {
  const plain = (why: string): OscarConst | undefined => {
    const made = quantizedConst(value, { ...scheme, algorithm: 'min-max' }, axis)
    return made && { ...made, how: { algorithm: 'min-max', note: `min-max, not oscar: ${why}` } }
  }
  const moments = hessians.moments(value.data!)
  if ('reason' in moments) return plain(moments.reason)
  if (!moments.every(Number.isFinite) || !moments.some((m) => m > 0))
    return plain('its inputs were 0 in all samples, or too large to be squared')
  const values = typedView('f32', value.data!.bytes())
  if (!values.every(Number.isFinite)) return undefined
  const shape = value.type.shape as readonly number[]
  const columns = shape.at(-1)!
  const { bits, granularity } = scheme
  const isBlockwise = typeof granularity === 'number'
  const factors = oscarFactors({ values, columns, block: isBlockwise ? granularity : columns }, moments)
  const scaled = factors ? Float64Array.from(values, (w, k) => w * factors[k % columns]!) : Float64Array.from(values)
  const power = floored(factors ? moments.map((m, c) => m / factors[c]! ** 2) : moments)
  const bounds = boundsOf(scaled, power, groupsOf(shape, axis, granularity), 2 ** (bits - 1) - 1)
  const parameters = symmetricParameters(bounds, bits, isBlockwise)
  const data = constFromBytes(bytesOf(Float32Array.from(scaled)))
  const stored = storedOn({ ...value, data }, parameters, bits, axis, granularity)
  return { ...stored, how: { algorithm: 'oscar' }, ...(factors && { columnFactors: factors }) }
}

function boundsOf(scaled: Float64Array, power: Float64Array, { run, count }: Groups, most: number): Float32Array {
  return Float32Array.from({ length: count }, (_, g) => {
    const powers = Float64Array.from({ length: run }, (_, i) => power[(g * run + i) % power.length]!)
    return Math.max(oscarBound(scaled.subarray(g * run, (g + 1) * run), powers, most), smallestBound)
  })
}
