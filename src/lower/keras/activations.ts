import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { softmaxOver, softplus } from '../layers.ts'
import type { LoweringRegistry } from '../registry.ts'
import { type KerasOp, layer, serializedName } from './keras-op.ts'

type Activation = (b: OpBuilder, x: Value, k: KerasOp) => Value

/** relu6(x + 3) / 6 */
const hardSigmoid3: Activation = (b, x) => b.op(op.mul, [b.op(op.relu6, [b.op(op.add, [x, b.f32([3])])]), b.f32([Math.fround(1 / 6)])])
/** min(max(0.2 x + 0.5, 0), 1), as Keras 2 defines it. */
const hardSigmoid2: Activation = (b, x) =>
  b.op(op.minimum, [b.op(op.relu, [b.op(op.add, [b.op(op.mul, [x, b.f32([Math.fround(0.2)])]), b.f32([0.5])])]), b.f32([1])])

/** Keras activations by name. @see https://keras.io/api/layers/activations/ */
const activations: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: (b, x) => b.op(op.relu, [x]),
  relu6: (b, x) => b.op(op.relu6, [x]),
  sigmoid: (b, x) => b.op(op.logistic, [x]),
  tanh: (b, x) => b.op(op.tanh, [x]),
  softmax: (b, x) => softmaxOver(b, x, x.type.shape.length - 1),
  log_softmax: (b, x) => b.op(op.logSoftmax, [x]),
  elu: (b, x) => b.op(op.elu, [x]),
  leaky_relu: (b, x) => b.op(op.leakyRelu, [x], { alpha: Math.fround(0.2) }),
  softplus: (b, x) => softplus(b, x),
  softsign: (b, x) => b.op(op.div, [x, b.op(op.add, [b.op(op.abs, [x]), b.f32([1])])]),
  exponential: (b, x) => b.op(op.exp, [x]),
  swish: (b, x) => b.op(op.mul, [x, b.op(op.logistic, [x])]),
  silu: (b, x) => b.op(op.mul, [x, b.op(op.logistic, [x])]),
  gelu: (b, x) => b.op(op.gelu, [x]),
  mish: (b, x) => b.op(op.mul, [x, b.op(op.tanh, [softplus(b, x)])]),
  hard_sigmoid: (b, x, k) => (k.keras.version === 2 ? hardSigmoid2 : hardSigmoid3)(b, x, k),
  hard_swish: (b, x) => b.op(op.hardSwish, [x]),
  hard_silu: (b, x) => b.op(op.hardSwish, [x]),
}

/** Applies the layer's `activation` option. */
export function activate(k: KerasOp, b: OpBuilder, x: Value): Value {
  const option = k.config('activation')
  if (option === undefined || option === null) return x
  const name = serializedName(option) ?? ''
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined
  if (!activation)
    return k.reject(
      `the activation ${JSON.stringify(option).slice(0, 80)} is not supported`,
      `Supported are ${Object.keys(activations).join(', ')}.`,
    )
  return activation(b, x, k)
}

/** min(max(x, slope * (x - threshold)), max_value): all of its options. */
function relu(k: KerasOp, b: OpBuilder): Value {
  const max = k.config('max_value')
  const [slope, threshold] = [slopeOf(k, 0), k.num('threshold', 0)]
  if (threshold !== 0) return k.reject('a threshold other than 0 is not supported')
  if (slope === 0 && max === 6) return b.op(op.relu6, [k.x])
  const y = slope === 0 ? b.op(op.relu, [k.x]) : b.op(op.leakyRelu, [k.x], { alpha: Math.fround(slope) })
  return typeof max === 'number' ? b.op(op.minimum, [y, b.f32([max])]) : y
}

/** `negative_slope`, which Keras 2 called `alpha` in LeakyReLU. */
function slopeOf(k: KerasOp, def: number): number {
  return k.num(k.config('alpha') === undefined ? 'negative_slope' : 'alpha', def)
}

function softmax(k: KerasOp, b: OpBuilder): Value {
  const axis = k.config('axis') ?? -1
  return typeof axis === 'number' ? softmaxOver(b, k.x, k.axis(axis, k.rank)) : k.reject('softmax over several axes is not supported')
}

export const activationLayers: LoweringRegistry = {
  Activation: layer((k, b) => activate(k, b, k.x)),
  ReLU: layer(relu),
  LeakyReLU: layer((k, b) => b.op(op.leakyRelu, [k.x], { alpha: Math.fround(slopeOf(k, 0.3)) })),
  ELU: layer((k, b) => (k.num('alpha', 1) === 1 ? b.op(op.elu, [k.x]) : k.reject('an alpha other than 1 is not supported'))),
  Softmax: layer(softmax),
}
