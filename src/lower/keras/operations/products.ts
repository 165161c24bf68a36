import { mulDims } from '../../../core/dim.ts'
import type { Json } from '../../../core/json.ts'
import type { Dim } from '../../../core/shape.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, expandDims, permute, reshapeTo, sliceAxis, squeezeDim, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { axesOf, promoted } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { alongAxis, floatPair, floats, numeric, numericPair, option, pair, run } from './operation.ts'
import { moved } from './shapes.ts'

/*
 * Sums of products.
 */

/** `work` on floats, its result of the operands' type: so Keras multiplies integers too. */
function inFloats(b: OpBuilder, [x, y]: readonly [Value, Value], work: (x: Value, y: Value) => Value): Value {
  return castTo(b, work(toF32(b, x), toF32(b, y)), x.type.dtype)
}

/** Matrices in the last two dims; a vector is a row on the left, a column on the right. */
function matmul(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b)
  const [isRow, isColumn] = [x.type.shape.length === 1, y.type.shape.length === 1]
  const narrow = x.type.dtype === 'i8' && !isRow && !isColumn
  const product = (l: Value, r: Value): Value => {
    const z = run(k, b, 'BatchMatMulV2', [isRow ? expandDims(b, l, 0) : l, isColumn ? expandDims(b, r, 1) : r])
    const rank = z.type.shape.length
    const withoutColumn = isColumn ? squeezeDim(b, z, rank - 1) : z
    return isRow ? squeezeDim(b, withoutColumn, rank - 2) : withoutColumn
  }
  return narrow ? castTo(b, product(toF32(b, x), toF32(b, y)), 'i32') : inFloats(b, [x, y], product)
}

/** Summed over the dims `axes` of both: the other dims of x, then those of y. */
function contracted(k: KerasOp, b: OpBuilder, x: Value, y: Value, axes: readonly [readonly number[], readonly number[]]): Value {
  const free = (v: Value, over: readonly number[]) => v.type.shape.map((_, i) => i).filter((i) => !over.includes(i))
  const dims = (v: Value, at: readonly number[]): Dim[] => at.map((i) => v.type.shape[i]!)
  const [rows, columns] = [free(x, axes[0]), free(y, axes[1])]
  const length = mulDims(...dims(x, axes[0]))
  const left = reshapeTo(b, permute(b, x, [...rows, ...axes[0]]), [mulDims(...dims(x, rows)), length], [x])
  const right = reshapeTo(b, permute(b, y, [...axes[1], ...columns]), [length, mulDims(...dims(y, columns))], [y])
  return reshapeTo(b, run(k, b, 'BatchMatMulV2', [left, right]), [...dims(x, rows), ...dims(y, columns)], [x, y])
}

/** Sums over the last dim of x and one of y, which its rank tells. */
function sumOver(axisOf: (rank: number) => number): Lowering {
  return layer((k, b) => {
    const [x, y] = pair(k, b)
    const [l, r] = [x.type.shape.length, y.type.shape.length]
    if (l === 0 || r === 0) return run(k, b, 'Mul', [numeric(b, x), numeric(b, y)])
    return inFloats(b, [x, y], (p, q) => contracted(k, b, p, q, [[l - 1], [axisOf(r)]]))
  })
}

/** `axes` is a number of dims (the last of x, the first of y), or a list for each. */
function tensordot(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b)
  const axes: Json = option(k, 'axes') ?? 2
  const [l, r] = [x.type.shape.length, y.type.shape.length]
  const count = typeof axes === 'number' ? axes : 0
  const pairsOf = Array.isArray(axes) ? (axes as readonly Json[]) : undefined
  const over: [number[], number[]] = pairsOf
    ? [axesOf(k, pairsOf[0], l), axesOf(k, pairsOf[1], r)]
    : [Array.from({ length: count }, (_, i) => l - count + i), Array.from({ length: count }, (_, i) => i)]
  return inFloats(b, [x, y], (p, q) => contracted(k, b, p, q, over))
}

function vdot(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b)
  const all = (v: Value) => alongAxis(k, b, v, null).x
  return inFloats(b, [x, y], (p, q) => new Formula(b).sum(b.op(op.mul, [all(p), all(q)]), [0]))
}

/** Every element of x times every one of y. */
function outer(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = numericPair(k, b)
  const [rows, columns] = [mulDims(...x.type.shape), mulDims(...y.type.shape)]
  return new Formula(b).mul(reshapeTo(b, x, [rows, 1]), reshapeTo(b, y, [1, columns]))
}

/** Each element of x in turn times the whole of y. */
function kron(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = numericPair(k, b)
  const rank = Math.max(x.type.shape.length, y.type.shape.length)
  const wide = (v: Value): Dim[] => [...new Array<number>(rank - v.type.shape.length).fill(1), ...v.type.shape]
  const [p, q] = [wide(x), wide(y)]
  const left = reshapeTo(
    b,
    x,
    p.flatMap((d) => [d, 1]),
  )
  const right = reshapeTo(
    b,
    y,
    q.flatMap((d) => [1, d]),
  )
  return reshapeTo(
    b,
    new Formula(b).mul(left, right),
    p.map((d, i) => mulDims(d, q[i]!)),
    [x, y],
  )
}

/** The vector product; vectors of two elements lie in the plane. */
function cross(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, y] = pair(k, b)
  const axis = option(k, 'axis')
  const lastOf = (v: Value, name: string): Value => {
    const rank = v.type.shape.length
    return moved(b, v, axesOf(k, axis ?? option(k, name) ?? -1, rank), [rank - 1])
  }
  const [p, q] = [lastOf(x, 'axisa'), lastOf(y, 'axisb')]
  const element = (v: Value, i: number): Value | undefined => {
    const at = v.type.shape.length - 1
    const size = v.type.shape[at]
    if (size !== 2 && size !== 3) return k.reject(`vectors of ${size} elements have no product`)
    return i < size ? sliceAxis(b, v, at, i, 1) : undefined
  }
  const times = (l: Value | undefined, r: Value | undefined): Value | undefined => (l && r ? f.mul(l, r) : undefined)
  const minus = (l: Value | undefined, r: Value | undefined): Value | undefined => (l && r ? f.sub(l, r) : (l ?? (r && f.neg(r))))
  const part = (i: number, j: number) => minus(times(element(p, i), element(q, j)), times(element(p, j), element(q, i)))
  const [a, c, e] = [part(1, 2), part(2, 0), part(0, 1)!]
  const rank = e.type.shape.length
  if (!a || !c) return squeezeDim(b, e, rank - 1)
  const z = b.op(op.concatenation, [a, c, e], { axis: rank - 1 })
  return moved(b, z, [rank - 1], axesOf(k, axis ?? option(k, 'axisc') ?? -1, rank))
}

function einsum(k: KerasOp, b: OpBuilder): Value {
  const operands = promoted(k, b, argumentsOf(k))
  const equation = String(option(k, 'subscripts') ?? '')
  const y = run(
    k,
    b,
    'Einsum',
    operands.map((v) => toF32(b, v)),
    { equation },
  )
  return castTo(b, y, operands[0]!.type.dtype)
}

/** All arguments by position. */
function argumentsOf(k: KerasOp): Json[] {
  const found: Json[] = []
  for (let i = 0; ; i++) {
    const v = k.argument(i, '')
    if (v === undefined) return found
    found.push(v)
  }
}

/** Distances of all rows of x to all of y. */
function distances(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, y] = floatPair(k, b)
  const rank = Math.max(x.type.shape.length, y.type.shape.length)
  const difference = f.sub(expandDims(b, x, x.type.shape.length - 1), expandDims(b, y, y.type.shape.length - 2))
  return f.sqrt(f.sum(f.square(difference), [rank]))
}

/** Correlations of the rows, within [-1, 1]. */
function correlations(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const rank = x.type.shape.length
  if (rank !== 2) return k.reject('it takes a matrix')
  const centered = f.sub(x, b.op(op.mean, [x, b.i32([1])], { keepDims: true }))
  const products = run(k, b, 'BatchMatMulV2', [centered, centered], { adj_y: true })
  const size = f.sqrt(f.sum(f.square(centered), [1], true))
  return f.max(f.min(f.div(products, f.mul(size, permute(b, size, [1, 0]))), 1), -1)
}

export const products: LoweringRegistry = {
  Matmul: layer(matmul),
  Dot: sumOver((rank) => Math.max(0, rank - 2)),
  Inner: sumOver((rank) => rank - 1),
  Tensordot: layer(tensordot),
  Vdot: layer(vdot),
  Outer: layer(outer),
  Kron: layer(kron),
  Cross: layer(cross),
  Einsum: layer(einsum),
  CDist: layer(distances),
  Corrcoef: layer(correlations),
}
