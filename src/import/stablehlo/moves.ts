import { int, type Size, type Sizes, type Tensor } from './body.ts'
import type { Bound, HloOp, Translate, Translated } from './hlo-op.ts'

/*
 * Ops that move elements: shapes, slices, pads.
 */

function reshape(o: HloOp): Translated {
  const x = o.bound(0)
  const shape = o.result()
  if (x.own.length === 0 && o.rank(0) > 0 && !x.dims && shape.every((s) => s !== undefined)) return x
  return o.body.reshape(o.in(0), shape as readonly number[])
}

function dynamicReshape(o: HloOp): Translated {
  const open = o.result().filter((s) => s === undefined).length
  // One open size is what the others leave.
  if (open <= 1)
    return o.body.reshape(
      o.in(0),
      o.result().map((s) => s ?? 'rest'),
    )
  return o.body.op('Reshape', [o.in(0), o.body.cast(o.in(1), o.dtype(1), 'i32')])
}

function transpose(o: HloOp): Translated {
  const perm = o.dims('permutation', o.rank(0))
  return perm.length === o.rank(0) ? o.body.transpose(o.in(0), perm) : o.refuse()
}

function reverse(o: HloOp): Tensor {
  const axes = o.dims('dimensions', o.rank(0))
  return axes.length === 0 ? o.in(0) : o.body.op('ReverseV2', [o.in(0), o.body.ints(axes)])
}

function concatenate(o: HloOp): Tensor {
  const inputs = o.op.operands.map((_, i) => o.in(i))
  if (inputs.length === 1) return inputs[0]!
  return o.body.op('ConcatV2', [...inputs, o.body.ints([o.dim('dimension', o.rank(0))], [])], { N: int(inputs.length) })
}

/** `x` without what lies outside of [begin, end); dims that stay whole are masked, as their size may be open. */
function sliced(o: HloOp, x: Tensor, shape: Sizes, begin: readonly number[], end: readonly number[], strides?: readonly number[]): Tensor {
  const isWhole = shape.map((s, i) => begin[i] === 0 && (s === undefined || end[i] === s) && (strides?.[i] ?? 1) === 1)
  if (isWhole.every((w) => w)) return x
  const mask = isWhole.reduce((m, w, i) => (w ? m | (1 << i) : m), 0)
  const at = (values: readonly number[]) => o.body.ints(values)
  return o.body.op('StridedSlice', [x, at(begin), at(end), at(strides ?? shape.map(() => 1))], {
    begin_mask: int(mask),
    end_mask: int(mask),
  })
}

function slice(o: HloOp): Tensor {
  const [begin, end] = ['start_indices', 'limit_indices'].map((name) => o.perDim(name, o.rank(0), undefined, 0)) as [number[], number[]]
  return sliced(o, o.in(0), o.shape(0), begin, end, o.perDim('strides', o.rank(0), undefined, 1))
}

/** Elements of `value` between the neighbours along an axis. */
function dilated(o: HloOp, x: Tensor, sizes: readonly Size[], axis: number, between: number, value: Tensor): { x: Tensor; size: Size } {
  const { body } = o
  const rank = sizes.length
  const own = sizes[axis]!
  const columns = body.reshape(x, [...sizes.slice(0, axis + 1), 1, ...sizes.slice(axis + 1)])
  const pads = Array.from({ length: rank + 1 }, (_, i) => (i === axis + 1 ? [0, between] : [0, 0])).flat()
  const spread = body.op('PadV2', [columns, body.ints(pads, [rank + 1, 2]), value])
  const wide: Size = typeof own === 'number' ? own * (between + 1) : 'rest'
  const rows = body.reshape(spread, [...sizes.slice(0, axis), wide, ...sizes.slice(axis + 1)])
  const y = body.slice(rows, rank, axis, 0, typeof own === 'number' ? own * (between + 1) - between : -between)
  return { x: y, size: typeof own === 'number' ? own * (between + 1) - between : { of: y, axis } }
}

/** What XLA pads with: elements between, then before and after, of which negative numbers take away. */
export function padded(
  o: HloOp,
  from: Tensor,
  shape: Sizes,
  { low, high, interior }: { readonly low: readonly number[]; readonly high: readonly number[]; readonly interior?: readonly number[] },
  value: () => Tensor,
): Tensor {
  const { body } = o
  let x = from
  let sizes = body.sizesOf(x, shape)
  for (const [axis, between] of (interior ?? []).entries()) {
    if (between === 0 || sizes[axis] === 1 || sizes[axis] === 0) continue
    const next = dilated(o, x, sizes, axis, between, value())
    x = next.x
    sizes = sizes.map((s, i): Size => (i === axis ? next.size : typeof s === 'number' ? s : { of: x, axis: i }))
  }
  const more = low.map((l, i) => [Math.max(0, l), Math.max(0, high[i]!)])
  if (more.some(([l, h]) => l! > 0 || h! > 0)) x = body.op('PadV2', [x, body.ints(more.flat(), [more.length, 2]), value()])
  low.forEach((l, axis) => {
    if (l < 0 || high[axis]! < 0) x = body.slice(x, low.length, axis, Math.max(0, -l), high[axis]! < 0 ? high[axis]! : undefined)
  })
  return x
}

function pad(o: HloOp): Tensor {
  const [low, high] = [o.perDim('edge_padding_low', o.rank(0)), o.perDim('edge_padding_high', o.rank(0))]
  const interior = o.perDim('interior_padding', o.rank(0), undefined, 0)
  return padded(o, o.in(0), o.shape(0), { low, high, interior }, () => o.in(1))
}

function dynamicPad(o: HloOp): Tensor {
  const [low, high, interior] = [2, 3, 4].map((i) => o.known(i))
  const value = () => o.in(1)
  if (low && high && interior) return padded(o, o.in(0), o.shape(0), { low, high, interior }, value)
  if (!interior?.every((n) => n === 0)) return o.refuse()
  const columns = [2, 3].map((i) => o.body.cast(o.in(i), o.dtype(i), 'i32'))
  return o.body.op('PadV2', [o.in(0), o.body.op('Pack', columns, { N: int(2), axis: int(1) }), value()])
}

/** What JAX writes for a dynamic slice of open sizes: the end is the begin, which is clamped, and the sizes. */
function sizedSlice(o: HloOp): Tensor | undefined {
  const [, start, limit] = o.op.operands
  const sum = limit && o.scope.maker(limit)
  const clamp = start && o.scope.maker(start)
  const sizes = sum?.name === 'add' ? sum.operands.find((v) => v.id !== start?.id) : undefined
  const begin = clamp?.name === 'clamp' ? clamp.operands[1] : undefined
  if (!sum?.operands.some((v) => v.id === start?.id) || !sizes || !begin || !o.known(3)?.every((s) => s === 1)) return undefined
  const [from, size] = [begin, sizes].map((v) => o.body.cast(o.wholeOf(v), o.dtype(1), 'i32')) as [Tensor, Tensor]
  return o.body.op('XlaDynamicSlice', [o.in(0), from, size])
}

/** Bounds that are computed; dims that stay whole are masked. */
function realDynamicSlice(o: HloOp): Tensor {
  const sized = sizedSlice(o)
  if (sized) return sized
  const at = [1, 2, 3].map((i) => o.body.cast(o.in(i), o.dtype(i), 'i32'))
  const [begin, strides] = [o.known(1), o.known(3)]
  const isWhole = o.shape(0).map((s, i) => begin?.[i] === 0 && strides?.[i] === 1 && s !== undefined && o.result()[i] === s)
  const mask = isWhole.reduce((m, w, i) => (w ? m | (1 << i) : m), 0)
  return o.body.op('StridedSlice', [o.in(0), ...at], { begin_mask: int(mask), end_mask: int(mask) })
}

/** Scalars as a vector of i32. */
function starts(o: HloOp, from: number): Tensor {
  const scalars = o.op.operands.slice(from).map((_, i) => o.known(from + i)?.[0] ?? o.body.cast(o.in(from + i), o.dtype(from + i), 'i32'))
  if (scalars.every((s) => typeof s === 'number')) return o.body.ints(scalars)
  return o.body.pack(scalars.map((s) => (typeof s === 'number' ? o.body.ints([s], []) : s)))
}

function dynamicSlice(o: HloOp): Tensor {
  const sizes = o.perDim('slice_sizes', o.rank(0), undefined, 0)
  const begin = o.op.operands.slice(1).map((_, i) => o.known(i + 1)?.[0])
  const { body } = o
  if (begin.every((b, i) => b !== undefined && (b === 0 || o.shape(0)[i] !== undefined))) {
    const from = begin.map((b, i) => Math.max(0, Math.min(b!, (o.shape(0)[i] ?? 0) - sizes[i]!)))
    return sliced(
      o,
      o.in(0),
      o.shape(0).map((s, i) => s ?? (o.result()[i] === undefined ? undefined : -1)),
      from,
      from.map((b, i) => b + sizes[i]!),
    )
  }
  return body.op('XlaDynamicSlice', [o.in(0), starts(o, 1), body.ints(sizes)])
}

function dynamicUpdateSlice(o: HloOp): Tensor {
  if (o.rank(0) === 0) return o.in(1)
  return o.body.op('XlaDynamicUpdateSlice', [o.in(0), o.in(1), starts(o, 2)])
}

function getDimensionSize(o: HloOp): Tensor | Bound {
  const axis = o.dim('dimension', o.rank(0))
  const size = o.shape(0)[axis]
  if (size !== undefined) return o.scalar('i32', size)
  const x = o.bound(0)
  const at = axis - (o.rank(0) - x.own.length)
  if (x.dims && (at < 0 || x.own[at] === 1)) return o.body.cast(o.body.pick(x.dims, axis), 'i64', 'i32')
  return o.body.size({ of: x.dims ? x.tensor : o.in(0), axis: x.dims ? at : axis })
}

export const moves: Readonly<Record<string, Translate>> = {
  concatenate,
  dynamic_pad: dynamicPad,
  dynamic_reshape: dynamicReshape,
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
  get_dimension_size: getDimensionSize,
  optimization_barrier: (o) => o.op.operands.map((_, i) => o.bound(i)),
  pad,
  real_dynamic_slice: realDynamicSlice,
  reshape,
  reverse,
  slice,
  transpose,
}
