import { mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { permute, reshapeTo, toI32 } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'

/** Up to this rank every runtime permutes. */
const maxRank = 6

/**
 * TRANSPOSE. Above rank 6, dims that stay neighbours are merged and dims of size 1 dropped; where that is not enough, dims are
 * brought to their place one after another, each by a permutation of four blocks.
 */
export function transpose(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const { shape } = x.type
  if (shape.length < 2) return x
  const perm = constInts(n.in(1))?.map((p) => (p < 0 ? p + shape.length : p))
  if (!perm || shape.length <= maxRank)
    return b.op(op.transpose, [x, perm && constInts(n.in(1))!.some((p) => p < 0) ? b.i32(perm) : toI32(b, n.in(1))])
  const isPermutation = perm.length === shape.length && [...perm].sort((a, c) => a - c).every((p, i) => p === i)
  if (!isPermutation) return n.reject(`[${perm.join(',')}] is no permutation of ${shape.length} dims`)
  const merged = mergeNeighbours(shape, perm)
  const result = perm.map((p) => shape[p]!)
  const small = reshapeTo(b, x, merged.shape)
  if (merged.shape.length <= maxRank) return reshapeTo(b, permute(b, small, merged.perm), result)
  return reshapeTo(b, oneByOne(b, small, merged.shape, merged.perm), result)
}

/** Runs of dims that move together count as one; dims of size 1 may lie anywhere. */
function mergeNeighbours(shape: readonly Dim[], perm: readonly number[]): { shape: Dim[]; perm: number[] } {
  const moving = perm.filter((p) => shape[p] !== 1)
  const left = shape.flatMap((d, i) => (d === 1 ? [] : [i]))
  const runs: number[][] = []
  for (const p of moving) {
    const last = runs.at(-1)
    if (last && left.indexOf(last.at(-1)!) + 1 === left.indexOf(p)) last.push(p)
    else runs.push([p])
  }
  const sorted = [...runs].sort((a, c) => a[0]! - c[0]!)
  return { shape: sorted.map((run) => mulDims(...run.map((p) => shape[p]!))), perm: runs.map((run) => sorted.indexOf(run)) }
}

function oneByOne(b: OpBuilder, x: Value, shape: readonly Dim[], perm: readonly number[]): Value {
  const order = shape.map((_, i) => i)
  let y = x
  perm.forEach((wanted, at) => {
    const from = order.indexOf(wanted)
    if (from === at) return
    const size = (dims: readonly number[]) => mulDims(...dims.map((i) => shape[i]!))
    const blocks = [size(order.slice(0, at)), size(order.slice(at, from)), shape[wanted]!, size(order.slice(from + 1))]
    y = permute(b, reshapeTo(b, y, blocks), [0, 2, 1, 3])
    order.splice(from, 1)
    order.splice(at, 0, wanted)
  })
  return y
}
