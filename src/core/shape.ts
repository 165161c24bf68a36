import { outsideParentheses } from './dim.ts'

/** A size that is not known before run time. Equal names mean equal sizes. Written -1 only in files. */
export type SymbolicDim = string
export type Dim = number | SymbolicDim
/** Row-major sizes; `[]` is a scalar. */
export type Shape = readonly Dim[]

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((d) => typeof d === 'number')
}

/** Number of elements, or undefined when a dim is symbolic. */
export function elementCount(shape: Shape): number | undefined {
  let n = 1
  for (const d of shape) {
    if (typeof d !== 'number') return undefined
    n *= d
  }
  return n
}

/**
 * Whether a tensor can have the shape: files hold sizes as int32, and only numbers of elements below 2^53 are exact.
 * @see `Tensor.shape` in the LiteRT schema
 */
export function isRepresentable(shape: Shape): boolean {
  let elements = 1
  for (const d of shape) {
    if (typeof d !== 'number') continue
    if (!Number.isInteger(d) || d < 0 || d > 0x7fffffff) return false
    elements *= Math.max(d, 1)
  }
  return Number.isSafeInteger(elements)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i])
}

/** `[N,28,28,1]` */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`
}

/** Shape as files store it: symbolic dims become -1. */
export function fileShape(shape: Shape): number[] {
  return shape.map((d) => (typeof d === 'number' ? d : -1))
}

/**
 * NumPy broadcasting of two shapes. A symbolic dim against 1 stays symbolic; against an equal name stays; against a
 * number above 1 the number wins (the run-time size can only be that number or 1); of two names either may be the 1.
 * Returns undefined when the shapes cannot be broadcast.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const out: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x === y || y === 1) out.push(x)
    else if (x === 1) out.push(y)
    else if (typeof x === 'number' && typeof y === 'number') return undefined
    else out.push(typeof x === 'number' ? x : typeof y === 'number' ? y : larger(x, y))
  }
  return out
}

/** The larger of two sizes; of two that broadcast one may be the 1. */
export function larger(x: SymbolicDim, y: SymbolicDim): Dim {
  const names = [x, y].flatMap((d) => broadcastOf(d) ?? [d])
  return `(max(${[...new Set(names)].sort().join('|')}))`
}

/** The sizes whose largest `broadcastShapes` named so; undefined for other names. */
export function broadcastOf(d: Dim): SymbolicDim[] | undefined {
  return typeof d === 'string' && d.startsWith('(max(') ? outsideParentheses(d.slice(5, -2), '|') : undefined
}

/** Axis in `[0, rank)` from one in `[-rank, rank)`, or undefined when out of range. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const a = axis < 0 ? axis + rank : axis
  return Number.isInteger(a) && a >= 0 && a < rank ? a : undefined
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!
  return strides
}
