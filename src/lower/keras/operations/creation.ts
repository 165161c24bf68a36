import type { DType } from '../../../core/dtype.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, expandDims, reshapeTo, shapeOf, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { dtypeNamed, promoted, tensorOf, vectorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, numberOption, option, run } from './operation.ts'

/*
 * Tensors made from numbers or from the shape of another.
 */

/** The type that the operation states, or `def`. */
function typeOf(k: KerasOp, def: DType): DType {
  const stated = option(k, 'dtype')
  return stated === undefined || stated === null ? def : dtypeNamed(k, stated)
}

function likeWith(value: 0 | 1): Lowering {
  return layer((k, b) => {
    const x = first(k, b)
    const to = typeOf(k, x.type.dtype)
    const work = to === 'bool' ? 'i32' : to
    const source = x.type.dtype === 'bool' ? castTo(b, x, 'i32') : x
    return castTo(b, castTo(b, run(k, b, value === 0 ? 'ZerosLike' : 'OnesLike', [source]), work), to)
  })
}

function fullLike(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const to = typeOf(k, x.type.dtype)
  return run(k, b, 'BroadcastTo', [castTo(b, tensorOf(k, b, k.argument(1, 'fill_value'), to), to), shapeOf(b, x)])
}

function full(k: KerasOp, b: OpBuilder): Value {
  const value = tensorOf(k, b, k.argument(0, 'fill_value'))
  return run(k, b, 'BroadcastTo', [castTo(b, value, typeOf(k, value.type.dtype)), vectorOf(k, b, option(k, 'shape'))])
}

/** `num` numbers at equal steps, along a new dim `axis`. */
function steps(k: KerasOp, b: OpBuilder, start: Value, stop: Value): Value {
  const f = new Formula(b)
  const num = numberOption(k, 'num', 50)
  if (option(k, 'retstep') === true) return k.reject('retstep is not supported')
  const rank = Math.max(start.type.shape.length, stop.type.shape.length)
  const axis = k.axis(numberOption(k, 'axis', 0), rank + 1)
  const wide = (v: Value): Value => {
    let y = v
    while (y.type.shape.length < rank) y = expandDims(b, y, 0)
    return expandDims(b, y, axis)
  }
  const [low, high] = [wide(start), wide(stop)]
  const count = option(k, 'endpoint') === false ? num : num - 1
  const places = reshapeTo(
    b,
    b.f32(
      Array.from({ length: num }, (_, i) => i),
      [num],
    ),
    low.type.shape.map((_, i) => (i === axis ? num : 1)),
  )
  return f.add(low, f.mul(places, f.div(f.sub(high, low), Math.max(count, 1))))
}

function ends(k: KerasOp, b: OpBuilder): [start: Value, stop: Value] {
  return promoted(k, b, [k.argument(0, 'start'), k.argument(1, 'stop')]).map((v) => toF32(b, v)) as [Value, Value]
}

function linspace(k: KerasOp, b: OpBuilder): Value {
  const [start, stop] = ends(k, b)
  const y = steps(k, b, start, stop)
  const to = typeOf(k, 'f32')
  return to === 'f32' ? y : castTo(b, new Formula(b).floor(y), to)
}

function logspace(k: KerasOp, b: OpBuilder): Value {
  const y = linspace(k, b)
  return castTo(b, new Formula(b).apply(op.pow, numberOption(k, 'base', 10), toF32(b, y)), y.type.dtype)
}

/** Equal ratios, by steps of the logarithm. */
function geomspace(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [start, stop] = ends(k, b)
  const log = (v: Value) => f.mul(f.log(f.abs(v)), 1 / Math.LN10)
  const sizes = f.apply(op.pow, 10, steps(k, b, log(start), log(stop)))
  return castTo(b, f.mul(sizes, b.op(op.sign, [start])), typeOf(k, 'f32'))
}

function arange(k: KerasOp, b: OpBuilder): Value {
  const [from, to] = k.argument(1, 'stop') === undefined ? [0, k.argument(0, 'start')] : [k.argument(0, 'start'), k.argument(1, 'stop')]
  const operands = promoted(k, b, [from, to, k.argument(2, 'step') ?? 1])
  const y = run(k, b, 'Range', operands)
  return castTo(b, y, typeOf(k, y.type.dtype))
}

/** The operand, of another type where one is stated. */
const converted = layer((k, b) => {
  const x = first(k, b)
  return castTo(b, x, typeOf(k, x.type.dtype))
})

export const creation: LoweringRegistry = {
  ZerosLike: likeWith(0),
  OnesLike: likeWith(1),
  EmptyLike: likeWith(0),
  FullLike: layer(fullLike),
  Full: layer(full),
  Linspace: layer(linspace),
  Logspace: layer(logspace),
  Geomspace: layer(geomspace),
  Arange: layer(arange),
  Array: converted,
  ConvertToTensor: converted,
  StopGradient: layer(first),
  Copy: layer(first),
}
