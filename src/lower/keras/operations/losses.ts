import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { reshapeTo, squeezeDim, toF32, toI32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { axesOf, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { logSoftmaxOver } from './activations.ts'
import { option, run } from './operation.ts'

/*
 * Crossentropies of a target and an output. @see keras.src.backend.tensorflow.nn
 */

const epsilon = 1e-7

const tensors = (k: KerasOp, b: OpBuilder): [Value, Value] => [
  tensorOf(k, b, k.argument(0, 'target')),
  toF32(b, tensorOf(k, b, k.argument(1, 'output'))),
]

const isLogits = (k: KerasOp): boolean => option(k, 'from_logits') === true

const clipped = (f: Formula, x: Value): Value => f.min(f.max(x, epsilon), 1 - epsilon)

/** Of logits x: max(x, 0) - x t + log(1 + exp(-|x|)). */
function binary(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [target, output] = tensors(k, b)
  const t = toF32(b, target)
  if (isLogits(k)) {
    const tail = run(k, b, 'Log1p', [f.exp(f.neg(f.abs(output)))])
    return f.add(f.sub(f.max(output, 0), f.mul(output, t)), tail)
  }
  const p = clipped(f, output)
  return f.neg(f.add(f.mul(t, f.log(p)), f.mul(f.sub(1, t), f.log(f.sub(1, p)))))
}

function logarithms(k: KerasOp, b: OpBuilder, x: Value, axes: readonly number[]): Value {
  const f = new Formula(b)
  return isLogits(k) ? logSoftmaxOver(b, x, axes) : f.log(clipped(f, f.div(x, f.sum(x, axes, true))))
}

function categorical(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [target, output] = tensors(k, b)
  const axes = axesOf(k, option(k, 'axis') ?? -1, output.type.shape.length)
  return f.neg(f.sum(f.mul(toF32(b, target), logarithms(k, b, output, axes)), axes))
}

/** The target holds the number of the class; probabilities are brought to a sum of 1 by their logarithms. */
function sparse(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [target, output] = tensors(k, b)
  const last = output.type.shape.length - 1
  const ids = toI32(b, target.type.shape.length === last + 1 ? squeezeDim(b, target, last) : target)
  const logits = b.op(op.logSoftmax, [isLogits(k) ? output : f.log(clipped(f, output))])
  const picked = b.op(op.gather, [logits, reshapeTo(b, ids, [...ids.type.shape, 1])], { axis: last, batchDims: last })
  return f.neg(squeezeDim(b, picked, last))
}

export const losses: LoweringRegistry = {
  BinaryCrossentropy: layer(binary),
  CategoricalCrossentropy: layer(categorical),
  SparseCategoricalCrossentropy: layer(sparse),
}
