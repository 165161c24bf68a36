import { constFromBytes } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
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

/** `x` permuted; nothing is added for an identity. */
export function permute(b: OpBuilder, x: Value, perm: readonly number[]): Value {
  return perm.every((p, i) => p === i) ? x : b.op(op.transpose, [x, b.i32(perm)])
}

/** `x` with another static or partly symbolic shape. */
export function reshapeTo(b: OpBuilder, x: Value, shape: readonly (number | string)[]): Value {
  const symbolic = shape.filter((d) => typeof d === 'string')
  const file = shape.map((d) => (typeof d === 'number' ? d : -1))
  if (symbolic.length <= 1) return b.op(op.reshape, [x, b.i32(file)])
  return b.op(op.reshape, [x, b.op(op.shape, [x])])
}
