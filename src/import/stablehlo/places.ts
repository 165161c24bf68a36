import { int, ints, type Size, type Tensor } from './body.ts'
import type { HloOp } from './hlo-op.ts'

/*
 * Where the windows of gathers and scatters are: index vectors tell their places in an operand.
 */

/** Index vectors, one component at a time: i32 of the shape `[...batch]`. */
export interface Places {
  /** Dims of the indices without that of the vectors. */
  readonly batch: readonly Size[]
  readonly component: (k: number) => Tensor
  /** All components, those of a vector last. */
  readonly vectors: Tensor
  readonly known: readonly number[] | undefined
}

/** Dims of the indices that go along with dims of the operand, counted without that of the vectors. */
export function batchDims(o: HloOp, name: string): readonly number[] {
  const rank = o.rank(1)
  const at = o.int('index_vector_dim', rank)
  return o.dims(name, rank, []).map((d) => (d === at ? o.refuse() : d > at ? d - 1 : d))
}

export function placesOf(o: HloOp, operand: number): Places {
  const { body } = o
  const rank = o.rank(operand)
  const at = o.int('index_vector_dim', rank)
  const order = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== at)
  const turned = at < rank ? body.transpose(o.in(operand), [...order, at]) : o.in(operand)
  const as32 = body.cast(turned, o.dtype(operand), 'i32')
  const sizes = body.sizesOf(o.in(operand), o.shape(operand))
  const batch = order.map((i) => sizes[i]!)
  const vectors = at < rank ? as32 : body.reshape(as32, [...batch, 1])
  return {
    batch,
    vectors,
    known: o.known(operand),
    component: (k) => {
      if (at >= rank) return as32
      const last = order.length
      const all = (value: number) => body.ints(Array.from({ length: last + 1 }, (_, i) => (i === last ? value : 0)))
      const kept = (1 << last) - 1
      const masks = { begin_mask: int(kept), end_mask: int(kept), shrink_axis_mask: int(1 << last) }
      const ones = body.ints(new Array<number>(last + 1).fill(1))
      return body.op('StridedSlice', [as32, all(k), all(k + 1), ones], masks)
    },
  }
}

/** A size of a window. */
export type Extent = Exclude<Size, 'rest'>

/** A tensor whose dims have names. */
export interface Labelled {
  readonly tensor: Tensor
  readonly labels: readonly string[]
}

export function arrange(o: HloOp, { tensor, labels }: Labelled, wanted: readonly string[]): Tensor {
  return o.body.transpose(
    tensor,
    wanted.map((l) => labels.indexOf(l)),
  )
}

/** Without dims of one element. */
export function without(o: HloOp, { tensor, labels }: Labelled, isLeftOut: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((l, i) => (isLeftOut(l) ? [i] : []))
  if (axes.length === 0) return { tensor, labels }
  return { tensor: o.body.op('Squeeze', [tensor], { squeeze_dims: ints(axes) }), labels: labels.filter((l) => !isLeftOut(l)) }
}

export const batchLabel = (i: number): string => `b${i}`
export const dimLabel = (d: number): string => `d${d}`

/** `size` less `window`: the last place where a window begins. */
export function lastPlace(o: HloOp, size: Size, window: Extent): Tensor | number {
  if (typeof size === 'number' && typeof window === 'number') return size - window
  if (size === 'rest') return o.refuse()
  const whole = o.body.size(size)
  return window === 0 ? whole : o.body.op('Sub', [whole, o.body.size(window)])
}

/** Whether component `k` of `count` is known to be a place of dim of `size` where a window of `extent` lies within it. */
export function liesWithin({ known }: Places, k: number, count: number, size: number | undefined, extent: Size | undefined): boolean {
  if (known === undefined || typeof size !== 'number' || typeof extent !== 'number') return false
  return known.every((v, i) => (count > 1 && i % count !== k) || (v >= 0 && v <= size - extent))
}

export const scalar = (o: HloOp, n: Tensor | number): Tensor => (typeof n === 'number' ? o.body.ints([n], []) : n)

/** Within `[0, last]`. */
export function clamped(o: HloOp, x: Tensor, last: Tensor | number): Tensor {
  const { body } = o
  return body.op('Maximum', [body.op('Minimum', [x, scalar(o, last)]), body.ints([0], [])])
}

/** A component as part of a grid: `[...batch, 1, size, 1]` for the window's dim `at` of `count`. */
export function gridded(o: HloOp, x: Tensor, batch: readonly Size[], at: number, count: number, size: Extent): Tensor {
  const { body } = o
  if (count === 0) return x
  const wide = body.reshape(x, [...batch, ...new Array<number>(count).fill(1)])
  if (size === 1 || at < 0) return wide
  const shape = Array.from({ length: count - at }, (_, i): Size => (i > 0 ? 1 : typeof size === 'number' ? size : 'rest'))
  return body.op('AddV2', [wide, body.reshape(body.range(size), shape)])
}

/** Components, broadcast against each other, as vectors; of a single one `isSpread` says that it is smaller than the grid. */
export function stacked(o: HloOp, parts: readonly Tensor[], grid: readonly Size[], isSpread = false): Tensor {
  const { body } = o
  const vector = (parts.length > 1 || isSpread) && grid.length > 0 ? body.sizes(grid) : undefined
  const whole = vector === undefined ? parts : parts.map((p) => body.op('BroadcastTo', [p, vector]))
  return body.op('Pack', whole, { N: int(parts.length), axis: int(grid.length) })
}

/** Counts along dim `dim` of the batch. */
export function batchNumber(o: HloOp, batch: readonly Size[], dim: number): Tensor {
  const { body } = o
  const size = batch[dim]!
  if (size === 'rest') return o.refuse()
  const after = new Array<number>(batch.length - dim - 1).fill(1)
  const range = body.range(size)
  return after.length === 0 ? range : body.reshape(range, ['rest', ...after])
}
