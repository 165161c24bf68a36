import { mulDims } from '../../../core/dim.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { softmaxOver } from '../../layers.ts'
import { permute, reshapeTo, sliceAxis } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { activationNamed, softShrink, sparsemaxOver } from '../activations.ts'
import { axesOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { floats, knownSize, numberOption, ofFloats, option } from './operation.ts'

/** Activations without options, by the name that Keras registers them by. */
const named = [
  ['Relu', 'Relu6', 'Sigmoid', 'Softplus', 'Softsign', 'Silu', 'HardSigmoid', 'HardSilu', 'HardTanh', 'TanhShrink'],
  ['Selu', 'LogSigmoid', 'SparsePlus', 'SparseSigmoid'],
].flat()

/** The last unless the file says others; all where it says null. */
function softmaxAxes(k: KerasOp, x: Value): number[] {
  const stated = k.config('axis')
  return axesOf(k, stated === undefined ? (option(k, 'axis') ?? -1) : stated, x.type.shape.length)
}

/** Over one axis, or several together. */
function softmaxOf(k: KerasOp, b: OpBuilder, x: Value): Value {
  const axes = softmaxAxes(k, x)
  if (axes.length === 1) return softmaxOver(b, x, axes[0]!)
  const others = x.type.shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const perm = [...others, ...axes]
  const turned = permute(b, x, perm)
  const flat = reshapeTo(b, turned, [...others.map((i) => x.type.shape[i]!), mulDims(...axes.map((i) => x.type.shape[i]!))], [x])
  const y = reshapeTo(b, b.op(op.softmax, [flat], { beta: 1 }), turned.type.shape, [turned])
  return permute(
    b,
    y,
    perm.map((_, i) => perm.indexOf(i)),
  )
}

function logSoftmax(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axes = softmaxAxes(k, x)
  const isLast = axes.length === 1 && axes[0] === x.type.shape.length - 1
  return isLast ? b.op(op.logSoftmax, [x]) : logSoftmaxOver(b, x, axes)
}

/** Logarithms of the softmax over axes together. */
export function logSoftmaxOver(b: OpBuilder, x: Value, axes: readonly number[]): Value {
  const f = new Formula(b)
  const shifted = f.sub(x, b.op(op.reduceMax, [x, b.i32(axes)], { keepDims: true }))
  return f.sub(shifted, f.log(f.sum(f.exp(shifted), axes, true)))
}

/** The first half gated by the sigmoid of the second. */
function glu(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axis = axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length)[0]!
  const half = knownSize(k, x, axis) / 2
  if (!Number.isInteger(half)) return k.reject('the size of its axis must be even')
  const gate = b.op(op.logistic, [sliceAxis(b, x, axis, half, half)])
  return b.op(op.mul, [sliceAxis(b, x, axis, 0, half), gate])
}

export const activationOperations: LoweringRegistry = {
  ...Object.fromEntries(
    named.map((name) => [
      name,
      layer((k, b) => activationNamed(k, b, name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase(), floats(k, b))),
    ]),
  ),
  Softmax: layer((k, b) => softmaxOf(k, b, floats(k, b))),
  LogSoftmax: layer(logSoftmax),
  Sparsemax: layer((k, b) => {
    const x = floats(k, b)
    return sparsemaxOver(k, b, x, axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length)[0]!)
  }),
  Glu: layer(glu),
  Gelu: layer((k, b) => b.op(op.gelu, [floats(k, b)], { approximate: option(k, 'approximate') !== false })),
  LeakyRelu: layer((k, b) => b.op(op.leakyRelu, [floats(k, b)], { alpha: Math.fround(numberOption(k, 'negative_slope', 0.2)) })),
  Elu: ofFloats((f, x, k) => {
    const y = f.b.op(op.elu, [x])
    const alpha = numberOption(k, 'alpha', 1)
    return alpha === 1 ? y : f.select(f.greater(x, 0), y, f.mul(y, alpha))
  }),
  Celu: ofFloats((f, x, k) => {
    const alpha = numberOption(k, 'alpha', 1)
    return alpha === 1 ? f.b.op(op.elu, [x]) : f.mul(f.b.op(op.elu, [f.div(x, alpha)]), alpha)
  }),
  HardShrink: ofFloats((f, x, k) => f.select(f.greater(f.abs(x), numberOption(k, 'threshold', 0.5)), x, 0)),
  SoftShrink: ofFloats((f, x, k) => softShrink(f.b, x, numberOption(k, 'threshold', 0.5))),
  Squareplus: ofFloats((f, x, k) => f.mul(f.add(x, f.sqrt(f.add(f.square(x), numberOption(k, 'b', 4)))), 0.5)),
}
