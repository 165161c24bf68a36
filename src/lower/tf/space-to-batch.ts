import { addDims, divDims, mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { permute, reshapeTo, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { padAnyRank } from './pad.ts'

/** The kernels take ranks 3 and 4 with one or two block dims; others are written out as pads, permutations and reshapes. */
function hasKernel(x: Value, blocks: number): boolean {
  const rank = x.type.shape.length
  return (rank === 3 && blocks === 1) || (rank === 4 && blocks === 2)
}

function spaceToBatch(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const count = n.in(1).type.shape[0] as number
  if (hasKernel(x, count)) return b.op(op.spaceToBatchNd, [x, toI32(b, n.in(1)), toI32(b, n.in(2))])
  const [block, pads] = [n.ints(1, 'the block shape'), n.ints(2, 'the paddings')]
  const rest = x.type.shape.length - 1 - count
  const paddings = b.i32([0, 0, ...pads, ...new Array<number>(2 * rest).fill(0)], [x.type.shape.length, 2])
  const padded = pads.every((p) => p === 0) ? x : padAnyRank(b, x, paddings, (c, y, p) => c.op(op.pad, [y, p]))!
  const [batch, ...sizes] = padded.type.shape as [Dim, ...Dim[]]
  const inner = sizes.slice(count)
  const split = block.flatMap((size, i) => [
    divDims(sizes[i]!, size) ?? n.reject(`${sizes[i]} does not divide into blocks of ${size}`),
    size,
  ])
  const blocksAt = block.map((_, i) => 2 + 2 * i)
  const wide = reshapeTo(b, padded, [batch, ...split, ...inner])
  const turned = permuted(b, wide, [...blocksAt, 0, ...block.map((_, i) => 1 + 2 * i), ...inner.map((_, i) => 1 + 2 * count + i)])
  return reshapeTo(b, turned, [mulDims(batch, ...block), ...block.map((_, i) => split[2 * i]!), ...inner])
}

function batchToSpace(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const count = n.in(1).type.shape[0] as number
  if (hasKernel(x, count)) return b.op(op.batchToSpaceNd, [x, toI32(b, n.in(1)), toI32(b, n.in(2))])
  const [block, crops] = [n.ints(1, 'the block shape'), n.ints(2, 'the crops')]
  const [batch, ...sizes] = x.type.shape as [Dim, ...Dim[]]
  const inner = sizes.slice(count)
  const left =
    divDims(
      batch,
      block.reduce((a, s) => a * s, 1),
    ) ?? n.reject(`a batch of ${batch} does not divide into blocks`)
  const wide = reshapeTo(b, x, [...block, left, ...sizes])
  const turned = permuted(b, wide, [count, ...block.flatMap((_, i) => [count + 1 + i, i]), ...inner.map((_, i) => 1 + 2 * count + i)])
  let y = reshapeTo(b, turned, [left, ...block.map((s, i) => mulDims(sizes[i]!, s)), ...inner])
  for (const [i] of block.entries()) {
    const size = addDims(y.type.shape[i + 1]!, -(crops[2 * i]! + crops[2 * i + 1]!))
    if (typeof size !== 'number') return n.reject('the sizes must be known')
    if (size !== y.type.shape[i + 1]) y = sliceAxis(b, y, i + 1, crops[2 * i]!, size)
  }
  return y
}

/** A permutation of any rank: dims of size 1 are left out of it. */
function permuted(b: OpBuilder, x: Value, perm: readonly number[]): Value {
  const { shape } = x.type
  const kept = shape.flatMap((d, i) => (d === 1 ? [] : [i]))
  const small = reshapeTo(
    b,
    x,
    kept.map((i) => shape[i]!),
  )
  const turned = permute(
    b,
    small,
    perm.filter((p) => shape[p] !== 1).map((p) => kept.indexOf(p)),
  )
  return reshapeTo(
    b,
    turned,
    perm.map((p) => shape[p]!),
  )
}

export const spaceToBatchOps: LoweringRegistry = { SpaceToBatchND: spaceToBatch, BatchToSpaceND: batchToSpace }
