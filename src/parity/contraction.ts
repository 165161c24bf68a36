import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { permutedArray } from '../ops/shape/transpose.kernel.ts'
import { multiply } from './product-kernel.ts'

/** `abc,cd->abd` as what its letters do. */
export interface Contraction {
  readonly left: string
  readonly right: string
  readonly output: string
  /** In both operands and the result. */
  readonly batch: readonly string[]
  /** In both operands, summed over. */
  readonly summed: readonly string[]
  readonly leftOnly: readonly string[]
  readonly rightOnly: readonly string[]
}

/** An equation of two operands that is a product of matrices; undefined for sums within an operand, diagonals and ellipses. */
export function contractionOf(equation: string): Contraction | undefined {
  const parts = /^([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]*)$/.exec(equation.replaceAll(' ', ''))
  if (!parts) return undefined
  const [, left, right, output] = parts as unknown as [string, string, string, string]
  if ([left, right, output].some((labels) => new Set(labels).size < labels.length)) return undefined
  const [l, r] = [[...left], [...right]]
  const leftOnly = l.filter((c) => !right.includes(c))
  const rightOnly = r.filter((c) => !left.includes(c))
  if ([...leftOnly, ...rightOnly].some((c) => !output.includes(c))) return undefined
  const shared = l.filter((c) => right.includes(c))
  const batch = shared.filter((c) => output.includes(c))
  return { left, right, output, batch, summed: shared.filter((c) => !output.includes(c)), leftOnly, rightOnly }
}

/** Sizes by letter; undefined where the operands do not have them. */
function sizesOf({ left, right }: Contraction, x: NdArray, y: NdArray): ReadonlyMap<string, number> | undefined {
  if (left.length !== x.shape.length || right.length !== y.shape.length) return undefined
  const sizes = new Map([...left].map((label, axis) => [label, x.shape[axis]!]))
  for (const [axis, label] of [...right].entries()) {
    const size = y.shape[axis]!
    if ((sizes.get(label) ?? size) !== size) return undefined
    sizes.set(label, size)
  }
  return sizes
}

/** The contraction of two f32 arrays as products of matrices, batch by batch; undefined for less than `leastMacs` in all, or few in each. */
export function contracted(c: Contraction, x: NdArray, y: NdArray, leastMacs: number): NdArray | undefined {
  const sizes = sizesOf(c, x, y)
  if (!sizes) return undefined
  const size = (labels: readonly string[]): number => labels.reduce((n, label) => n * sizes.get(label)!, 1)
  const [batch, rows, inner, columns] = [c.batch, c.leftOnly, c.summed, c.rightOnly].map(size) as [number, number, number, number]
  const macs = rows * inner * columns
  if (macs * batch < leastMacs || macs < Math.min(leastMacs, fewMacs)) return undefined
  const arranged = (array: NdArray, labels: string, wanted: readonly string[]): Float32Array =>
    typedView(
      'f32',
      transposed(
        array,
        [...wanted].map((label) => labels.indexOf(label)),
      ).bytes,
    )
  const isTransposed = c.right === [...c.batch, ...c.rightOnly, ...c.summed].join('')
  const [a, b] = [
    arranged(x, c.left, [...c.batch, ...c.leftOnly, ...c.summed]),
    isTransposed ? typedView('f32', y.bytes) : arranged(y, c.right, [...c.batch, ...c.summed, ...c.rightOnly]),
  ]
  const result = new Float32Array(batch * rows * columns)
  for (let i = 0; i < batch; i++) {
    const [from, w] = [a.subarray(i * rows * inner, (i + 1) * rows * inner), b.subarray(i * inner * columns, (i + 1) * inner * columns)]
    result.set(multiply(from, w, { rows, inner, columns, isTransposed }), i * rows * columns)
  }
  const labels = [...c.batch, ...c.leftOnly, ...c.rightOnly]
  const made = { dtype: 'f32' as const, shape: labels.map((label) => sizes.get(label)!), bytes: bytesOf(result) }
  return transposed(
    made,
    [...c.output].map((label) => labels.indexOf(label)),
  )
}

/** What the kernel needs some calls for. */
const fewMacs = 4096

function transposed(x: NdArray, order: readonly number[]): NdArray {
  return order.every((axis, i) => axis === i) ? x : permutedArray(x, order)
}
