import { mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { reshapeTo, toI32 } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'

/** What one input dim (or new axis) of the result comes from. */
export interface Entry {
  readonly kind: 'range' | 'index' | 'new'
  /** Position in the begin/end/strides operands; undefined for dims an ellipsis stands for. */
  readonly at: number | undefined
}

/** One entry per input dim (and per new axis): ellipsis expanded. @see TensorFlow strided_slice_op.cc */
export function entries(n: SourceOp, rank: number, count: number): Entry[] {
  const [ellipsis, newAxis, shrink] = [n.int('ellipsis_mask', 0), n.int('new_axis_mask', 0), n.int('shrink_axis_mask', 0)]
  let fresh = 0
  for (let i = 0; i < count; i++) if (newAxis & (1 << i) && !(ellipsis & (1 << i))) fresh++
  const spread = rank - (count - fresh - (ellipsis ? 1 : 0))
  if (spread < 0) n.reject(`it slices ${count - fresh} dims of a tensor of rank ${rank}`)
  const out: Entry[] = []
  for (let i = 0; i < count; i++) {
    if (ellipsis & (1 << i)) for (let k = 0; k < spread; k++) out.push({ kind: 'range', at: undefined })
    else if (newAxis & (1 << i)) out.push({ kind: 'new', at: i })
    else out.push({ kind: shrink & (1 << i) ? 'index' : 'range', at: i })
  }
  while (out.filter((e) => e.kind !== 'new').length < rank) out.push({ kind: 'range', at: undefined })
  return out
}

/** @see LiteRT kernels/strided_slice.cc */
const maxRank = 5

/** Ellipsis and new axes are rewritten away: the kernel gets one range per dim, new axes come as a RESHAPE. */
export function stridedSlice(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const rank = x.type.shape.length
  const count = n.in(3).type.shape[0]
  if (typeof count !== 'number') return n.reject('the number of strides must be known')
  const strides = constInts(n.in(3))
  const begin = constInts(n.in(1))
  const all = entries(n, rank, count)
  const dims = all.filter((e) => e.kind !== 'new')
  const whole = constInts(n.in(2)) ? 0 : endsOfDims(n.in(2), x, dims, strides)
  const end = constInts(n.in(2)) ?? (whole === undefined ? undefined : n.in(2).dims!.map((d) => (typeof d === 'number' ? d : 0)))
  // Of an open size is known what is all of it.
  const fromStart = begin?.reduce((m, v, at) => (v === 0 && (strides?.[at] ?? 0) > 0 ? m | (1 << at) : m), 0) ?? 0
  const beginMask = n.int('begin_mask', 0) | ((whole ?? 0) & fromStart)
  const endMask = n.int('end_mask', 0) | (whole ?? 0)
  const mask = (bit: (e: Entry) => boolean) => dims.reduce((m, e, i) => (bit(e) ? m | (1 << i) : m), 0)
  const masked = (m: number) => mask((e) => e.at === undefined || (e.kind === 'range' && (m & (1 << e.at)) !== 0))
  const shrinkAxisMask = mask((e) => e.kind === 'index')
  const attrs = { beginMask: masked(beginMask), endMask: masked(endMask), shrinkAxisMask }
  const step = strides && dims.map((e) => (e.at === undefined || e.kind === 'index' ? 1 : strides[e.at]!))
  let y: Value
  if (begin && end && step) {
    const from = dims.map((e) => (e.at === undefined ? 0 : begin[e.at]!))
    const to = dims.map((e, i) => (e.at === undefined ? 0 : e.kind === 'index' ? from[i]! + 1 || 0x7fff_ffff : end[e.at]!))
    y = slicedAtAnyRank(b, x, { from, to, step, ...attrs })
  } else {
    // Of a dim that is indexed the kernel takes one element, whatever its end.
    const by = step ? b.i32(step) : positions(b, n.in(3), dims, count, 1)
    y = b.op(op.stridedSlice, [x, positions(b, n.in(1), dims, count), positions(b, n.in(2), dims, count), by], attrs)
  }
  if (dims.length === all.length) return y
  let next = 0
  const target = all.flatMap((e) => (e.kind === 'new' ? [1] : e.kind === 'index' ? [] : [y.type.shape[next++]!]))
  return reshapeTo(b, y, target)
}

/** A mask of the ends that are open sizes of the dims themselves, which steps forward reach; undefined where an end is neither that nor a number. */
function endsOfDims(end: Value, x: Value, dims: readonly Entry[], strides: readonly number[] | undefined): number | undefined {
  let mask = 0
  for (const [at, d] of end.dims?.entries() ?? []) {
    if (typeof d === 'number') continue
    const dim = dims.findIndex((e) => e.at === at)
    if (dim < 0 || x.type.shape[dim] !== d || !((strides?.[at] ?? 0) > 0)) return undefined
    mask |= 1 << at
  }
  return end.dims ? mask : undefined
}

/** A begin, end or strides vector of `count` elements computed at run time, with one for each dim of the operand: of those not in it `other`. */
function positions(b: OpBuilder, vector: Value, dims: readonly Entry[], count: number, other = 0): Value {
  const v = toI32(b, vector)
  const at = dims.map((e) => e.at)
  if (at.length === count && at.every((p, i) => p === i)) return v
  const withOther = b.op(op.concatenation, [v, b.i32([other])], { axis: 0 })
  return b.op(op.gather, [withOther, b.i32(at.map((p) => p ?? count))], { axis: 0 })
}

interface Ranges {
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly step: readonly number[]
  readonly beginMask: number
  readonly endMask: number
  readonly shrinkAxisMask: number
}

/** Above the kernel's rank, neighbouring dims that are kept whole are merged. */
function slicedAtAnyRank(b: OpBuilder, x: Value, r: Ranges): Value {
  const { shape } = x.type
  const direct = (v: Value, s: Ranges) => {
    const { beginMask, endMask, shrinkAxisMask } = s
    return b.op(op.stridedSlice, [v, saturated(b, s.from), saturated(b, s.to), b.i32(s.step)], { beginMask, endMask, shrinkAxisMask })
  }
  if (shape.length <= maxRank) return direct(x, r)
  const isWhole = (i: number) => (r.beginMask >> i) & 1 && (r.endMask >> i) & 1 && r.step[i] === 1
  const groups: number[][] = []
  shape.forEach((_, i) => {
    if (isWhole(i) && groups.at(-1)?.every(isWhole)) groups.at(-1)!.push(i)
    else groups.push([i])
  })
  if (groups.length === shape.length) return direct(x, r)
  const pick = (values: readonly number[]) => groups.map(([i]) => values[i!]!)
  const bits = (m: number) => groups.reduce((out, [i], k) => out | (((m >> i!) & 1) << k), 0)
  const merged = reshapeTo(
    b,
    x,
    groups.map((g) => mulDims(...g.map((i) => shape[i]!))),
  )
  const y = slicedAtAnyRank(b, merged, {
    from: pick(r.from),
    to: pick(r.to),
    step: pick(r.step),
    beginMask: bits(r.beginMask),
    endMask: bits(r.endMask),
    shrinkAxisMask: bits(r.shrinkAxisMask),
  })
  let next = 0
  const target = groups.flatMap((g) => {
    if ((r.shrinkAxisMask >> g[0]!) & 1) return []
    const size = y.type.shape[next++]!
    return g.length === 1 ? [size] : g.map((i) => shape[i]!)
  })
  return reshapeTo(b, y, target)
}

function saturated(b: OpBuilder, values: readonly number[]): Value {
  return b.i32(values.map((v) => Math.max(-0x8000_0000, Math.min(0x7fff_ffff, v))))
}
