import { constFromBytes } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { divDims, mulDims } from '../core/dim.ts'
import { bytesOf, type DType } from '../core/dtype.ts'
import { broadcastOf, type Dim, isStatic, type Shape } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { constInts } from '../ops/view.ts'

/** Shapes, axes and sizes as i32: TFLite kernels take no other type there. Beyond i32 the value saturates. */
export function toI32(b: OpBuilder, v: Value): Value {
  if (v.type.dtype === 'i32') return v
  const ints = constInts(v)
  if (ints && v.data) {
    const clamped = Int32Array.from(ints, (n) => Math.max(-0x8000_0000, Math.min(0x7fff_ffff, n)))
    return b.const(v.name, 'i32', v.type.shape, constFromBytes(bytesOf(clamped)))
  }
  return b.op(op.cast, [v], { to: 'i32' })
}

/** `x` as another element type; nothing is added when it has it. */
export function castTo(b: OpBuilder, x: Value, to: DType): Value {
  return x.type.dtype === to ? x : b.op(op.cast, [x], { to })
}

/** A constant of any numeric type, from numbers that f32 (or, when whole, i32) holds. */
export function constantOf(b: OpBuilder, dtype: DType, values: readonly number[], shape: Shape = []): Value {
  if (dtype === 'f32') return b.f32(values.map(Math.fround), shape)
  return castTo(b, values.every(Number.isInteger) ? b.i32(values, shape) : b.f32(values.map(Math.fround), shape), dtype)
}

/** `x` permuted; nothing is added for an identity. */
export function permute(b: OpBuilder, x: Value, perm: readonly number[]): Value {
  return perm.every((p, i) => p === i) ? x : b.op(op.transpose, [x, b.i32(perm)])
}

/** `x` with its last two dims exchanged. */
export function transposed(b: OpBuilder, x: Value): Value {
  const rank = x.type.shape.length
  return permute(b, x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2])
}

/** `x` with one dim and the last exchanged, and so back. */
export function withLast(b: OpBuilder, x: Value, axis: number): Value {
  const last = x.type.shape.length - 1
  return permute(
    b,
    x,
    x.type.shape.map((_, i) => (i === axis ? last : i === last ? axis : i)),
  )
}

/** f32[n,n], ones on the diagonal. */
export function identityMatrix(b: OpBuilder, n: number): Value {
  return b.f32(
    Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    [n, n],
  )
}

/** `x` with another shape of as many elements; several symbolic sizes are those of `sources` or products of neighbours among them. */
export function reshapeTo(b: OpBuilder, x: Value, shape: Shape, sources: readonly Value[] = [x]): Value {
  if (shape.length === x.type.shape.length && shape.every((d, i) => d === x.type.shape[i])) return x
  const file = shape.map((d) => (typeof d === 'number' ? d : -1))
  const symbolic = shape.filter((d) => typeof d === 'string')
  return b.op(op.reshape, [x, (symbolic.length > 1 ? sizes(b, shape, sources) : undefined) ?? b.i32(file)])
}

/**
 * Sizes as an i32 vector: constant where they are known, else read from the shapes of `sources`. undefined when a symbolic size is
 * no product of sizes of theirs.
 */
export function sizes(b: OpBuilder, dims: Shape, sources: readonly Value[]): Value | undefined {
  if (isStatic(dims)) return b.i32(dims)
  const parts = dims.map((d) => (typeof d === 'number' ? b.i32([d]) : sizeFrom(b, d, sources)))
  if (!parts.every((p) => p !== undefined)) return undefined
  return parts.length === 1 ? parts[0]! : b.op(op.concatenation, parts, { axis: 0 })
}

function sizeFrom(b: OpBuilder, wanted: Dim, sources: readonly Value[]): Value | undefined {
  for (const source of sources) {
    const { shape } = source.type
    for (let from = 0; from < shape.length; from++) {
      for (let to = from + 1; to <= shape.length; to++) {
        if (mulDims(...shape.slice(from, to)) !== wanted) continue
        const part = b.op(op.slice, [b.op(op.shape, [source]), b.i32([from]), b.i32([to - from])])
        return to - from === 1 ? part : b.op(op.reduceProd, [part, b.i32([0])], { keepDims: true })
      }
    }
  }
  for (const source of sources) {
    for (const [axis, size] of source.type.shape.entries()) {
      const rest = typeof size === 'string' ? divDims(wanted, size) : undefined
      const other = rest === undefined ? undefined : typeof rest === 'number' ? b.i32([rest]) : sizeFrom(b, rest, sources)
      if (other) return b.op(op.mul, [b.op(op.slice, [b.op(op.shape, [source]), b.i32([axis]), b.i32([1])]), other])
    }
  }
  const parts = broadcastOf(wanted)?.map((d) => sizeFrom(b, d, sources))
  return parts?.every((p) => p !== undefined) ? parts.reduce((x, y) => b.op(op.maximum, [x, y])) : undefined
}

/** The same for sizes that the sources are known to have. */
export function shapeOperand(b: OpBuilder, shape: Shape, sources: readonly Value[]): Value {
  const found = sizes(b, shape, sources)
  invariant(found, `no operand has the sizes [${shape.join(',')}]`)
  return found
}

/** The shape of `x` as an i32 vector, constant when it is static. */
export function shapeOf(b: OpBuilder, x: Value): Value {
  return isStatic(x.type.shape) ? b.i32(x.type.shape) : b.op(op.shape, [x])
}

/** The size of a dim, a scalar i32. */
export function sizeAt(b: OpBuilder, x: Value, axis: number): Value {
  return b.op(op.gather, [shapeOf(b, x), b.i32([axis], [])], { axis: 0 })
}

/** 0, 1, .. below a scalar i32, a vector. */
export function countUp(b: OpBuilder, count: Value): Value {
  return b.op(op.range, [b.i32([0], []), count, b.i32([1], [])])
}

/** `x` from `begin` (per axis) with `size` elements (-1: all that is left) along one axis, all of the others. */
export function sliceAxis(b: OpBuilder, x: Value, axis: number, begin: number, size: number): Value {
  const at = (v: number, rest: number) => b.i32(x.type.shape.map((_, i) => (i === axis ? v : rest)))
  return b.op(op.slice, [x, at(begin, 0), at(size, -1)])
}

/** `x` with a dim of size 1 put in before `axis`. */
export function expandDims(b: OpBuilder, x: Value, axis: number): Value {
  const target = [...x.type.shape.slice(0, axis), 1, ...x.type.shape.slice(axis)]
  return symbolicDims(target) <= 1 ? reshapeTo(b, x, target) : b.op(op.expandDims, [x, b.i32([axis], [])])
}

/** `x` without its dim `axis`, which must have the size 1. */
export function squeezeDim(b: OpBuilder, x: Value, axis: number): Value {
  const target = x.type.shape.toSpliced(axis, 1)
  return symbolicDims(target) <= 1 ? reshapeTo(b, x, target) : b.op(op.squeeze, [x], { squeezeDims: [axis] })
}

const symbolicDims = (shape: Shape): number => shape.filter((d) => typeof d === 'string').length

/** `x` as f32; nothing is added when it is. */
export function toF32(b: OpBuilder, x: Value): Value {
  return x.type.dtype === 'f32' ? x : b.op(op.cast, [x], { to: 'f32' })
}

/** Whether elements are not 0; nothing is added for a bool. */
export function toBool(b: OpBuilder, x: Value): Value {
  return x.type.dtype === 'bool' ? x : b.op(op.cast, [x], { to: 'bool' })
}
