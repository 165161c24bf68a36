import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { reshapeTo } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, knownSize, listOf, option, run } from './operation.ts'

/*
 * Several tensors as one, and one as several.
 */

function joined(b: OpBuilder, xs: readonly Value[], axis: number): Value {
  return xs.length === 1 ? xs[0]! : b.op(op.concatenation, xs, { axis })
}

function concatenate(k: KerasOp, b: OpBuilder): Value {
  const xs = listOf(k, b, 'xs')
  return joined(b, xs, k.axis(Number(option(k, 'axis') ?? -1), xs[0]!.type.shape.length))
}

function stack(k: KerasOp, b: OpBuilder): Value {
  const xs = listOf(k, b, 'x')
  return run(k, b, 'Pack', xs, { N: xs.length, axis: k.axis(Number(option(k, 'axis') ?? 0), xs[0]!.type.shape.length + 1) })
}

/** At least one dim, or three: then a vector is a row, and a matrix has one more dim at the end. */
function raised(b: OpBuilder, x: Value, rank: 1 | 3): Value {
  const { shape } = x.type
  if (shape.length >= rank) return x
  return reshapeTo(b, x, rank === 1 ? [1] : [...(shape.length === 2 ? shape : [1, shape[0] ?? 1]), 1])
}

/** Along axis 0, 1 or 2; vectors one after another, in depth side by side. */
function stacked(axis: 0 | 1 | 2): Lowering {
  return layer((k, b) => {
    const xs = listOf(k, b, 'xs').map((x) => raised(b, x, axis === 2 ? 3 : 1))
    return joined(b, xs, axis === 1 && xs[0]!.type.shape.length === 1 ? 0 : axis)
  })
}

function parts(b: OpBuilder, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return sizes.length === 1 ? [x] : b.ops(op.splitV, [x, b.i32(sizes), b.i32([axis], [])], { numSplits: sizes.length })
}

/** Into equal parts, or before each of some places. */
function divided(k: KerasOp, b: OpBuilder, axis: number): readonly Value[] {
  const x = first(k, b)
  const at = option(k, 'indices_or_sections')
  if (typeof at === 'number') return at === 1 ? [x] : b.ops(op.split, [b.i32([axis], []), x], { numSplits: at })
  const size = knownSize(k, x, axis)
  if (!Array.isArray(at)) return k.reject('indices_or_sections must be constant')
  const ends = [...(at as number[]).map((i) => Math.min(i < 0 ? i + size : i, size)), size]
  return parts(
    b,
    x,
    axis,
    ends.map((end, i) => Math.max(0, end - (ends[i - 1] ?? 0))),
  )
}

function splitAlong(axis: (rank: number) => number): Lowering {
  return layer((k, b) => divided(k, b, axis(first(k, b).type.shape.length)))
}

/** The first parts are one larger where the size does not divide. */
function arraySplit(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = first(k, b)
  const axis = k.axis(Number(option(k, 'axis') ?? 0), x.type.shape.length)
  const count: Json | undefined = option(k, 'indices_or_sections')
  if (typeof count !== 'number') return divided(k, b, axis)
  const size = knownSize(k, x, axis)
  return parts(
    b,
    x,
    axis,
    Array.from({ length: count }, (_, i) => Math.floor(size / count) + (i < size % count ? 1 : 0)),
  )
}

function unstack(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = first(k, b)
  const axis = k.axis(Number(option(k, 'axis') ?? 0), x.type.shape.length)
  return b.ops(op.unpack, [x], { num: knownSize(k, x, axis), axis })
}

export const joining: LoweringRegistry = {
  Concatenate: layer(concatenate),
  Stack: layer(stack),
  Vstack: stacked(0),
  Hstack: stacked(1),
  Dstack: stacked(2),
  Split: layer((k, b) => divided(k, b, k.axis(Number(option(k, 'axis') ?? 0), first(k, b).type.shape.length))),
  ArraySplit: layer(arraySplit),
  Vsplit: splitAlong(() => 0),
  Hsplit: splitAlong((rank) => (rank === 1 ? 0 : 1)),
  Dsplit: splitAlong(() => 2),
  Unstack: layer(unstack),
}
