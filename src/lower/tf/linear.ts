import { mulDims } from '../../core/dim.ts'
import { broadcastShapes, type Dim, type Shape, sameShape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { formatType } from '../../ops/diagnostics.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo, sizes, transposed } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { einsum } from './einsum.ts'

/** A constant matrix on the right becomes FULLY_CONNECTED with [O,I] weights, anything else BATCH_MATMUL. */
export function product(b: OpBuilder, x: Value, y: Value, adjX: boolean, adjY: boolean): Value {
  if (x.type.dtype !== 'f32') return productOfIntegers(b, adjX ? transposed(b, x) : x, adjY ? transposed(b, y) : y)
  const rows = y.data && y.type.shape.length === 2 ? (adjX ? transposed(b, x) : x) : undefined
  if (rows) {
    // A size that is told only at run time must be that of the matrix.
    const inner = y.type.shape[adjY ? 1 : 0]!
    const left = typeof rows.type.shape.at(-1) === 'number' ? rows : reshapeTo(b, rows, [...rows.type.shape.slice(0, -1), inner])
    return b.op(op.fullyConnected, [left, adjY ? y : transposed(b, y), null], { keepNumDims: x.type.shape.length > 2 })
  }
  const batch = Math.max(x.type.shape.length, y.type.shape.length) - 2
  if (batch <= maxBatchDims) return b.op(op.batchMatmul, [x, y], { adjX, adjY })
  return overMergedBatch(b, x, y, (l, r) => b.op(op.batchMatmul, [l, r], { adjX, adjY }))
}

/** @see LiteRT kernels/batch_matmul.cc: ranks 2 to 5 */
const maxBatchDims = 3

/** The batch dims as one, at their common size. */
function overMergedBatch(b: OpBuilder, x: Value, y: Value, multiply: (x: Value, y: Value) => Value): Value {
  const batch: Shape = broadcastShapes(x.type.shape.slice(0, -2), y.type.shape.slice(0, -2)) ?? []
  const spread = (v: Value): Value => {
    const matrix = v.type.shape.slice(-2)
    const target = sameShape(v.type.shape, [...batch, ...matrix]) ? undefined : sizes(b, [...batch, ...matrix], [x, y])
    return reshapeTo(b, target ? b.op(op.broadcastTo, [v, target]) : v, [mulDims(...batch), ...matrix])
  }
  const z = multiply(spread(x), spread(y))
  return reshapeTo(b, z, [...batch, ...z.type.shape.slice(-2)], [x, y, z])
}

/** There is no kernel for plain integers: all products of a row and a column, summed. */
function productOfIntegers(b: OpBuilder, x: Value, y: Value): Value {
  const f = new Formula(b)
  const columns = transposed(b, y)
  const rank = Math.max(x.type.shape.length, y.type.shape.length)
  const wide = (v: Value): Dim[] => [...new Array<number>(rank - v.type.shape.length).fill(1), ...v.type.shape]
  const [left, right] = [wide(x), wide(columns)]
  const rows = reshapeTo(b, x, [...left.slice(0, -1), 1, left.at(-1)!])
  return f.sum(f.mul(rows, reshapeTo(b, columns, [...right.slice(0, -2), 1, ...right.slice(-2)])), [rank])
}

function batchMatMul(n: SourceOp, b: OpBuilder): Value {
  const [x, y] = [n.in(0), n.in(1)]
  const vector = [x, y].find((v) => v.type.shape.length < 2)
  if (vector) n.reject(`its operands must be matrices, found ${formatType(vector.type)}`)
  if (x.type.dtype === 'c64' || y.type.dtype === 'c64') n.reject('products of complex matrices are not supported')
  const [adjX, adjY] =
    n.node.op === 'MatMul' || n.node.op === 'SparseMatMul'
      ? [n.bool('transpose_a', false), n.bool('transpose_b', false)]
      : [n.bool('adj_x', false), n.bool('adj_y', false)]
  const to = n.has('Tout') ? n.type('Tout') : x.type.dtype
  if (x.type.dtype === 'f32') return product(b, x, y, adjX, adjY)
  const work = x.type.dtype === 'i64' || to === 'i64' ? 'i64' : 'i32'
  return castTo(b, product(b, castTo(b, x, work), castTo(b, y, work), adjX, adjY), to)
}

export const linear: LoweringRegistry = {
  MatMul: batchMatMul,
  SparseMatMul: batchMatMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  Einsum: einsum,
}
