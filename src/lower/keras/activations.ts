import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { softmaxOver, softplus } from '../layers.ts'
import { toBool, toF32, withLast } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { SourceOp } from '../source-op.ts'
import { tensorflowOp } from '../tf/call.ts'
import { type KerasOp, layer, serializedName } from './keras-op.ts'
import { knownSize } from './operations/operation.ts'
import { descending } from './operations/sorting.ts'

type Activation = (b: OpBuilder, x: Value, k: KerasOp) => Value

const scalar = (b: OpBuilder, v: number): Value => b.f32([Math.fround(v)])

/** relu6(x + 3) / 6 */
const hardSigmoid3: Activation = (b, x) => b.op(op.mul, [b.op(op.relu6, [b.op(op.add, [x, scalar(b, 3)])]), scalar(b, 1 / 6)])
/** min(max(0.2 x + 0.5, 0), 1), as Keras 2 defines it. */
const hardSigmoid2: Activation = (b, x) =>
  b.op(op.minimum, [b.op(op.relu, [b.op(op.add, [b.op(op.mul, [x, scalar(b, 0.2)]), scalar(b, 0.5)])]), scalar(b, 1)])

function clip(b: OpBuilder, x: Value, low: number, high: number): Value {
  return b.op(op.minimum, [b.op(op.maximum, [x, scalar(b, low)]), scalar(b, high)])
}

/** x where |x| > 0.5, else 0. */
const hardShrink: Activation = (b, x) => b.op(op.selectV2, [b.op(op.greater, [b.op(op.abs, [x]), scalar(b, 0.5)]), x, scalar(b, 0)])

/** The last dim halved: the first half gated by the sigmoid of the second. */
const glu: Activation = (b, x) => {
  const [a, gate] = b.ops(op.split, [b.i32([x.type.shape.length - 1], []), x], { numSplits: 2 })
  return b.op(op.mul, [a!, b.op(op.logistic, [gate!])])
}

/** x nearer to 0 by a threshold, 0 where it would pass 0. Not x less what a clip leaves: integers would share the narrow scale of the clip. */
export function softShrink(b: OpBuilder, x: Value, threshold: number): Value {
  const above = b.op(op.relu, [b.op(op.sub, [x, scalar(b, threshold)])])
  return b.op(op.sub, [above, b.op(op.relu, [b.op(op.sub, [scalar(b, -threshold), x])])])
}

/** 0 up to -1, x from 1, (x + 1)^2 / 4 between. */
const sparsePlus: Activation = (b, x) => {
  const shifted = b.op(op.minimum, [b.op(op.relu, [b.op(op.add, [x, scalar(b, 1)])]), scalar(b, 2)])
  const middle = b.op(op.mul, [b.op(op.mul, [shifted, shifted]), scalar(b, 0.25)])
  return b.op(op.add, [middle, b.op(op.relu, [b.op(op.sub, [x, scalar(b, 1)])])])
}

/** The projection on the simplex: what remains above a threshold that the largest elements set. */
export function sparsemaxOver(k: KerasOp, b: OpBuilder, x: Value, axis: number): Value {
  const f = new Formula(b)
  const rank = x.type.shape.length
  const last = withLast(b, x, axis)
  const sorted = descending(b, last)
  const sums = b.op(op.cumsum, [sorted, b.i32([rank - 1], [])])
  const count = knownSize(k, last, rank - 1)
  const counts = b.f32(
    Array.from({ length: count }, (_, i) => i + 1),
    [count],
  )
  const isIn = f.greater(f.sub(sorted, f.div(f.sub(sums, 1), counts)), 0)
  const size = f.sum(b.op(op.cast, [isIn], { to: 'f32' }), [rank - 1], true)
  const threshold = f.div(f.sub(f.sum(f.select(isIn, sums, 0), [rank - 1], true), 1), size)
  return withLast(b, f.max(f.sub(last, threshold), 0), axis)
}

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
  selu: (b, x, k) => tensorflowOp(k, b, 'Selu', [x])[0]!,
  celu: (b, x) => b.op(op.elu, [x]),
  leaky_relu: (b, x) => b.op(op.leakyRelu, [x], { alpha: Math.fround(0.2) }),
  softplus: (b, x) => softplus(b, x),
  softsign: (b, x) => b.op(op.div, [x, b.op(op.add, [b.op(op.abs, [x]), scalar(b, 1)])]),
  exponential: (b, x) => b.op(op.exp, [x]),
  swish: (b, x) => b.op(op.mul, [x, b.op(op.logistic, [x])]),
  silu: (b, x) => b.op(op.mul, [x, b.op(op.logistic, [x])]),
  gelu: (b, x) => b.op(op.gelu, [x]),
  mish: (b, x) => b.op(op.mul, [x, b.op(op.tanh, [softplus(b, x)])]),
  hard_sigmoid: (b, x, k) => (k.keras.version === 2 ? hardSigmoid2 : hardSigmoid3)(b, x, k),
  hard_swish: (b, x) => b.op(op.hardSwish, [x]),
  hard_silu: (b, x) => b.op(op.hardSwish, [x]),
  hard_tanh: (b, x) => clip(b, x, -1, 1),
  hard_shrink: hardShrink,
  soft_shrink: (b, x) => softShrink(b, x, 0.5),
  tanh_shrink: (b, x) => b.op(op.sub, [x, b.op(op.tanh, [x])]),
  log_sigmoid: (b, x) => b.op(op.neg, [softplus(b, b.op(op.neg, [x]))]),
  glu,
  sparse_plus: sparsePlus,
  sparse_sigmoid: (b, x) => b.op(op.add, [b.op(op.mul, [clip(b, x, -1, 1), scalar(b, 0.5)]), scalar(b, 0.5)]),
  sparsemax: (b, x, k) => sparsemaxOver(k, b, x, x.type.shape.length - 1),
  squareplus: (b, x) => {
    const root = b.op(op.sqrt, [b.op(op.add, [b.op(op.mul, [x, x]), scalar(b, 4)])])
    return b.op(op.mul, [b.op(op.add, [x, root]), scalar(b, 0.5)])
  },
}

const isActivation = (name: string): boolean => Object.hasOwn(activations, name)

/** Applies the activation of a name that Keras has. */
export function activationNamed(k: KerasOp, b: OpBuilder, name: string, x: Value): Value {
  return isActivation(name) ? activations[name]!(b, x, k) : k.reject(`the activation ${name} is not supported`)
}

/** A serialized activation as the plain name Keras registers it by; undefined when it is none. */
export function activationName(option: Json | undefined): string {
  return option === undefined || option === null ? 'linear' : (serializedName(option) ?? '').replace(/^keras\.activations>/, '')
}

/** Applies an activation of the layer, by default that of its option `activation`. */
export function activate(k: KerasOp, b: OpBuilder, x: Value, option: Json | undefined = k.config('activation')): Value {
  const name = activationName(option)
  if (isActivation(name)) return activations[name]!(b, x, k)
  const inner = option !== undefined && isJsonObject(option!) ? member(option, 'config') : undefined
  if (Object.hasOwn(activationLayers, name) && inner !== undefined && isJsonObject(inner)) return activateByLayer(k, b, x, name, inner)
  return k.reject(
    `the activation ${name === '' ? JSON.stringify(option).slice(0, 80) : JSON.stringify(name)} is not one of Keras`,
    `Supported are ${Object.keys(activations).join(', ')} and activation layers. A function of your own is Python code, which the file only names: load the model with its custom_objects and export a SavedModel, model.export("folder").`,
  )
}

/** A layer such as LeakyReLU given where a function may stand. */
function activateByLayer(k: KerasOp, b: OpBuilder, x: Value, className: string, config: JsonObject): Value {
  const keras = { layer: { ...k.keras, className, config, weights: new Map() }, args: [{ input: 0 }], kwargs: {} }
  return activationLayers[className]!(new SourceOp({ ...k.node, keras }, [x], k.context), b) as Value
}

/** x >= max_value: max_value; threshold <= x: x; below: negative_slope * (x - threshold). */
function relu(k: KerasOp, b: OpBuilder): Value {
  const max = k.config('max_value')
  const [slope, threshold] = [slopeOf(k, 0), k.num('threshold', 0)]
  if (threshold === 0) {
    if (slope === 0 && max === 6) return b.op(op.relu6, [k.f32])
    const y = slope === 0 ? b.op(op.relu, [k.f32]) : b.op(op.leakyRelu, [k.f32], { alpha: Math.fround(slope) })
    return typeof max === 'number' ? b.op(op.minimum, [y, scalar(b, max)]) : y
  }
  const above = typeof max === 'number' ? clip(b, k.f32, 0, max) : k.f32
  const below = slope === 0 ? scalar(b, 0) : b.op(op.mul, [b.op(op.sub, [k.f32, scalar(b, threshold)]), scalar(b, slope)])
  return b.op(op.selectV2, [b.op(op.greater, [k.f32, scalar(b, threshold)]), above, below])
}

/** `negative_slope`, which Keras 2 called `alpha` in LeakyReLU. */
function slopeOf(k: KerasOp, def: number): number {
  return k.num(k.config('alpha') === undefined ? 'negative_slope' : 'alpha', def)
}

/**
 * Over one axis or several. Where the mask is false Keras 2 adds -1e9 before, Keras 3 puts -1e9 in and takes 0 for the result.
 */
function softmax(k: KerasOp, b: OpBuilder): Value {
  const stated = k.tensor(1, 'mask')
  if (!stated) return softmaxOverAxes(k, b, k.f32)
  const mask = toBool(b, stated)
  const replaced = b.op(op.selectV2, [mask, k.f32, scalar(b, -1e9)])
  if (k.keras.version === 3) return b.op(op.selectV2, [mask, softmaxOverAxes(k, b, replaced), scalar(b, 0)])
  if (k.flag('robust_masking', false)) return softmaxOverAxes(k, b, replaced)
  const bias = b.op(op.mul, [b.op(op.sub, [scalar(b, 1), toF32(b, mask)]), scalar(b, -1e9)])
  return softmaxOverAxes(k, b, b.op(op.add, [k.f32, bias]))
}

function softmaxOverAxes(k: KerasOp, b: OpBuilder, x: Value): Value {
  const axes = k.axes('axis', -1)
  if (axes.length === 1) return softmaxOver(b, x, axes[0]!)
  const at = b.i32(axes)
  const exp = b.op(op.exp, [b.op(op.sub, [x, b.op(op.reduceMax, [x, at], { keepDims: true })])])
  return b.op(op.div, [exp, b.op(op.sum, [exp, at], { keepDims: true })])
}

/** relu(x) - alpha * relu(-x); alpha has the shape of x without the batch, 1 along shared axes. */
function prelu(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.prelu, [k.f32, k.required('alpha')])
}

function elu(k: KerasOp, b: OpBuilder): Value {
  const alpha = k.num('alpha', 1)
  const y = b.op(op.elu, [k.f32])
  if (alpha === 1) return y
  return b.op(op.selectV2, [b.op(op.greater, [k.f32, scalar(b, 0)]), y, b.op(op.mul, [y, scalar(b, alpha)])])
}

/** x where x > theta, else 0. */
function thresholdedRelu(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.selectV2, [b.op(op.greater, [k.f32, scalar(b, k.num('theta', 1))]), k.f32, scalar(b, 0)])
}

/** Of integers these give integers. */
const keepsIntegers: ReadonlySet<string> = new Set(['relu', 'relu6'])

export const activationLayers: LoweringRegistry = {
  Activation: layer((k, b) => {
    const name = activationName(k.config('activation'))
    if (name === 'linear') return k.x
    return keepsIntegers.has(name) ? k.keepingIntegers((x) => activate(k, b, x)) : activate(k, b, k.f32)
  }),
  ReLU: layer((k, b) => (slopeOf(k, 0) === 0 ? k.keepingIntegers(() => relu(k, b)) : relu(k, b))),
  LeakyReLU: layer((k, b) => b.op(op.leakyRelu, [k.f32], { alpha: Math.fround(slopeOf(k, 0.3)) })),
  PReLU: layer(prelu),
  ELU: layer(elu),
  Softmax: layer(softmax),
  ThresholdedReLU: layer(thresholdedRelu),
}
