import type { ConstData } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { bitsOf, typedView } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import type { QuantParams, TensorType } from '../ir/types.ts'
import type { StoredError } from './types.ts'

/** A float constant, and the integers it became. */
export interface StoredAs {
  readonly float: ConstData
  readonly type: TensorType
  readonly data: ConstData
  /** By what the columns of a matrix were multiplied before. */
  readonly columnFactors?: Float64Array | undefined
}

/** What an element, by its position, is stored as: scale * (q - zero point), in float64, and over the factor of its column. */
export function storedValues({ type, data, columnFactors }: Omit<StoredAs, 'float'>): (k: number) => number {
  const codes = codesOf(type, data.bytes())
  const { run, scales, zeroPoints } = stepsOf(type)
  return (k) => {
    const group = Math.floor(k / run) % scales.length
    const factor = columnFactors ? columnFactors[k % columnFactors.length]! : 1
    return (scales[group]! * (codes[k]! - (zeroPoints?.[group] ?? 0))) / factor
  }
}

/** The same of all elements, rounded to float32, without such factors. */
export function storedFloats({ type, data }: Pick<StoredAs, 'type' | 'data'>): Float32Array {
  const codes = codesOf(type, data.bytes())
  const floats = new Float32Array(codes.length)
  eachRun(type, codes.length, (from, to, scale, zeroPoint) => {
    for (let k = from; k < to; k++) floats[k] = scale * (codes[k]! - zeroPoint)
  })
  return floats
}

/** What is lost: that against each element. */
export function errorOf({ float, type, data, columnFactors }: StoredAs): StoredError {
  const codes = codesOf(type, data.bytes())
  const elements = typedView('f32', float.bytes())
  let [signal, noise, maxAbs] = [0, 0, 0]
  eachRun(type, elements.length, (from, to, scale, zeroPoint) => {
    for (let k = from; k < to; k++) {
      const x = elements[k]!
      const factor = columnFactors ? columnFactors[k % columnFactors.length]! : 1
      const error = Math.abs(x - (scale * (codes[k]! - zeroPoint)) / factor)
      signal += x * x
      noise += error * error
      if (error > maxAbs) maxAbs = error
    }
  })
  return { sqnrDb: noise === 0 ? null : 10 * Math.log10(signal / noise), maxAbs }
}

/**
 * Root of the mean square of what lies between elements and what they are stored as, in steps of their scale; those at an end of the grid
 * are left out, as they may be clipped. 0 where all are.
 */
export function errorInSteps({ float, type, data }: StoredAs): number {
  const codes = codesOf(type, data.bytes())
  const elements = typedView('f32', float.bytes())
  const half = 2 ** (bitsOf(type.dtype) - 1)
  const middle = type.dtype.startsWith('u') ? half : 0
  let [inside, energy] = [0, 0]
  eachRun(type, elements.length, (from, to, scale, zeroPoint) => {
    for (let k = from; k < to; k++) {
      const code = codes[k]!
      if (Math.abs(code - middle) >= half - 1) continue
      const error = elements[k]! / scale - (code - zeroPoint)
      inside++
      energy += error * error
    }
  })
  return inside === 0 ? 0 : Math.sqrt(energy / inside)
}

/** Elements that share a scale, run by run. */
function eachRun(type: TensorType, count: number, visit: (from: number, to: number, scale: number, zeroPoint: number) => void): void {
  const { run, scales, zeroPoints } = stepsOf(type)
  let group = 0
  for (let from = 0; from < count; from += run) {
    visit(from, Math.min(from + run, count), scales[group]!, zeroPoints?.[group] ?? 0)
    group = group + 1 === scales.length ? 0 : group + 1
  }
}

/** Elements by their position; those of 4 and 2 bits lie packed, the first in the lowest bits. */
function codesOf({ dtype, shape }: TensorType, bytes: Uint8Array): ArrayLike<number> {
  const bits = bitsOf(dtype)
  if (bits < 8) {
    const perByte = 8 / bits
    const codes = new Int8Array(elementCount(shape)!)
    for (let k = 0; k < codes.length; k++) codes[k] = (bytes[Math.floor(k / perByte)]! << (32 - bits - bits * (k % perByte))) >> (32 - bits)
    return codes
  }
  if (dtype === 'i64') return Float64Array.from(typedView('i64', bytes), Number)
  invariant(dtype === 'i8' || dtype === 'u8' || dtype === 'i16' || dtype === 'i32', `no weights are stored as ${dtype}`)
  return typedView(dtype, bytes)
}

/** Runs of so many elements have a scale in turn. */
function stepsOf({ quant, shape }: TensorType): { run: number; scales: ArrayLike<number>; zeroPoints: ArrayLike<number> | undefined } {
  invariant(quant, 'stored integers have scales')
  if (quant.kind === 'per-tensor') return { run: Number.POSITIVE_INFINITY, scales: [quant.scale], zeroPoints: [quant.zeroPoint] }
  return { run: runOf(quant, shape as readonly number[]), scales: quant.scales, zeroPoints: quant.zeroPoints }
}

function runOf(quant: Exclude<QuantParams, { kind: 'per-tensor' }>, shape: readonly number[]): number {
  const inner = shape.slice(quant.axis + 1).reduce((a, b) => a * b, 1)
  if (quant.kind === 'per-axis') return inner
  invariant(inner === 1, 'blocks divide the last axis')
  return quant.blockSize
}
