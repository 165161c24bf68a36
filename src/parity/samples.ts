import type { DType } from '../core/dtype.ts'
import { encodeElements } from '../core/elements.ts'
import { fnv1a } from '../core/hash.ts'
import type { NdArray } from '../core/nd-array.ts'
import { seededRandom } from '../ir/synthetic.ts'
import type { CheckedInput } from './checked-signature.ts'
import type { SampleKind } from './types.ts'

/*
 * Inputs to compare on, the same for the same model: random ones, and values at which ops change their ways.
 */

/** Zeros of both signs, halves that round to even and away from it, knees of activations, large and small magnitudes. */
const edges = [0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 6, -6, 6.5, -7, 1e-6, -1e-6, 64, -64] as const

export const sampleWords: Readonly<Record<SampleKind, string>> = {
  normal: 'random normal',
  uniform: 'random uniform',
  edge: 'edge',
  zero: 'zero',
}

/** Values for all inputs; the reason where there are none to be made up. */
export function inputsOf(
  ports: readonly CheckedInput[],
  shapes: readonly (readonly number[])[],
  kinds: readonly SampleKind[],
): readonly NdArray[] | string {
  const inputs: NdArray[] = []
  for (const [i, port] of ports.entries()) {
    const input = sampleOf(port, shapes[i]!, kinds)
    if (!input) return `inputs of type ${port.dtype} cannot be made up`
    inputs.push(input)
  }
  return inputs
}

/** Values for an input, one kind for each row of the first axis where there are several; undefined for types that are not plain numbers. */
export function sampleOf(port: CheckedInput, shape: readonly number[], kinds: readonly SampleKind[]): NdArray | undefined {
  const { dtype } = port
  if (!dtype) return undefined
  const count = shape.reduce((n, d) => n * d, 1) / kinds.length
  const values: number[] = []
  for (const kind of kinds) {
    const draw = drawOf(port, dtype, kind, seededRandom(fnv1a(`${port.name} ${kind}`)))
    if (!draw) return undefined
    for (let i = 0; i < count; i++) values.push(draw(i))
  }
  return { dtype, shape, bytes: encodeElements(dtype, values) }
}

function drawOf(
  { bound, isQuantized }: CheckedInput,
  dtype: DType,
  kind: SampleKind,
  next: () => number,
): ((i: number) => number) | undefined {
  const between = (low: number, high: number) => () => low + Math.floor(next() * (high - low + 1))
  if (kind === 'zero') return () => 0
  // Indices may come as floats.
  if (bound !== undefined && dtype !== 'bool') return kind === 'edge' ? (i) => (i % 2 === 0 ? bound - 1 : 0) : between(0, bound - 1)
  switch (dtype) {
    case 'f32':
    case 'f16':
    case 'f64':
      if (kind === 'edge') return (i) => edges[i % edges.length]!
      return kind === 'uniform' ? next : () => normal(next)
    case 'bool':
      return () => (next() < 0.5 ? 0 : 1)
    case 'u8':
    case 'u16':
    case 'u32':
    case 'i8':
    case 'i16':
    case 'i32':
    case 'i64': {
      const isSigned = dtype.startsWith('i')
      if (isQuantized) return dtype === 'i16' ? between(-32768, 32767) : isSigned ? between(-128, 127) : between(0, 255)
      if (kind === 'uniform') return between(1, 2)
      if (dtype === 'u8' || dtype === 'i8') return isSigned ? between(-128, 127) : between(0, 255)
      return kind === 'edge' ? (i) => [1, 0, 2, isSigned ? -1 : 3][i % 4]! : between(isSigned ? -8 : 0, 8)
    }
    default:
      return undefined
  }
}

/** @see Box and Muller, A Note on the Generation of Random Normal Deviates (1958) */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}
