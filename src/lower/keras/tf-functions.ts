import { type Json, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { castTo } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import { SourceOp } from '../source-op.ts'
import { tensorflowOp } from '../tf/call.ts'
import { dtypeNamed, promoted, tensorOf, vectorOf } from './arguments.ts'
import { KerasOp, layer } from './keras-op.ts'
import { kerasOperations } from './operations/index.ts'
import { resizeTo } from './resize.ts'
import { sliceBy } from './slicing.ts'

/*
 * TensorFlow functions that Keras 2 keeps in a functional model (`TFOpLambda`): `tf.add(x, y)` is saved as the function's name and its
 * arguments. Where Keras 3 has the same operation, it is that one under other names of arguments.
 */

/** Runs the operation of Keras 3 with the arguments `params`, the others as its options under the names in `options`. */
function as(name: string, params: readonly string[], options: Readonly<Record<string, string>> = {}): Lowering {
  return (n, b) => {
    const { args, kwargs, layer: from } = n.node.keras!
    const given = (i: number): Json => args[i] ?? member(kwargs, params[i]!) ?? null
    const config: { [key: string]: Json } = {}
    for (const [theirs, ours] of Object.entries(options)) config[ours] = member(kwargs, theirs) ?? null
    const keras = { layer: { ...from, config }, args: params.map((_, i) => given(i)), kwargs: {} }
    return kerasOperations[`keras.ops.${name}`]!(new SourceOp({ ...n.node, keras }, n.operands, n.context), b)
  }
}

const x = ['x']
const xy = ['x', 'y']
const axes = { axis: 'axis', keepdims: 'keepdims' }
const input = ['input']

function reshapeLike(name: string, param: string): Lowering {
  return layer((k, b) => tensorflowOp(k, b, name, [tensorOf(k, b, k.argument(0, 'tensor')), vectorOf(k, b, k.argument(1, param))])[0]!)
}

function matmul(k: KerasOp, b: OpBuilder): Value {
  const [l, r] = promoted(k, b, [k.argument(0, 'a'), k.argument(1, 'b')])
  const flag = (name: string) => k.argument(99, name) === true
  const attrs = { adj_x: flag('transpose_a') || flag('adjoint_a'), adj_y: flag('transpose_b') || flag('adjoint_b') }
  return tensorflowOp(k, b, 'BatchMatMulV2', [l!, r!], attrs)[0]!
}

function split(k: KerasOp, b: OpBuilder): readonly Value[] {
  const sizes = k.argument(1, 'num_or_size_splits')
  const axis = b.i32([k.axis(Number(k.argument(2, 'axis') ?? 0), k.rank)], [])
  if (typeof sizes === 'number') return tensorflowOp(k, b, 'Split', [axis, k.x], { num_split: sizes })
  if (!Array.isArray(sizes)) return k.reject('the sizes must be constant')
  return tensorflowOp(k, b, 'SplitV', [k.x, vectorOf(k, b, sizes), axis], { num_split: sizes.length })
}

function l2Normalize(k: KerasOp, b: OpBuilder): Value {
  const axis = k.argument(1, 'axis')
  const list = (Array.isArray(axis) ? axis : [axis ?? -1]) as readonly number[]
  const squares = b.op(op.sum, [b.op(op.mul, [k.f32, k.f32]), b.i32(list.map((a) => k.axis(a, k.rank)))], { keepDims: true })
  const least = b.f32([Math.fround(Number(k.argument(2, 'epsilon') ?? 1e-12))])
  return b.op(op.mul, [k.f32, b.op(op.rsqrt, [b.op(op.maximum, [squares, least])])])
}

function pad(k: KerasOp, b: OpBuilder): Value {
  const paddings = vectorPairs(k, b, k.argument(1, 'paddings'))
  const mode = String(k.argument(2, 'mode') ?? 'CONSTANT').toUpperCase()
  if (mode !== 'CONSTANT') return tensorflowOp(k, b, 'MirrorPad', [k.x, paddings], { mode })[0]!
  const value = k.argument(4, 'constant_values') ?? 0
  if (value === 0) return b.op(op.pad, [k.x, paddings])
  return b.op(op.padv2, [k.x, paddings, tensorOf(k, b, value, k.x.type.dtype)])
}

function vectorPairs(k: KerasOp, b: OpBuilder, v: Json | undefined): Value {
  const value = tensorOf(k, b, v, 'i32')
  return value.type.dtype === 'i32' && value.type.shape.length === 2 ? value : k.reject('the paddings must be pairs of integers')
}

function window(name: 'MaxPool' | 'AvgPool') {
  return layer((k, b) => {
    const size = (param: string): number[] => {
      const v = k.argument(99, param)
      const list = (Array.isArray(v) ? v : [v]) as readonly number[]
      return list.length === 4 ? [...list] : [1, list[0]!, list[1] ?? list[0]!, 1]
    }
    if ((k.argument(99, 'data_format') ?? 'NHWC') !== 'NHWC' || k.rank !== 4)
      return k.reject('only pictures with channels last are supported')
    const padding = String(k.argument(99, 'padding') ?? 'VALID').toUpperCase()
    return tensorflowOp(k, b, name, [k.x], { ksize: size('ksize'), strides: size('strides'), padding })[0]!
  })
}

function resize(k: KerasOp, b: OpBuilder): Value {
  const size = k.argument(1, 'size')
  if (!Array.isArray(size) || size.length !== 2 || !size.every((n) => typeof n === 'number'))
    return k.reject('the size must be two constants')
  if (k.argument(99, 'antialias') === true || k.argument(99, 'preserve_aspect_ratio') === true || k.rank !== 4)
    return k.reject('only plain resizing of pictures is supported')
  return resizeTo(k, b, k.x, [size[0] as number, size[1] as number], String(k.argument(2, 'method') ?? 'bilinear'))
}

function blocks(name: 'DepthToSpace' | 'SpaceToDepth') {
  return layer((k, b) => tensorflowOp(k, b, name, [k.x], { block_size: Number(k.argument(1, 'block_size')) })[0]!)
}

function fill(value: 0 | 1) {
  return layer((k, b) => {
    const shape = vectorOf(k, b, k.argument(0, 'shape'))
    return b.op(op.fill, [shape, tensorOf(k, b, value, dtypeNamed(k, k.argument(1, 'dtype') ?? 'float32'))])
  })
}

const functions: LoweringRegistry = Object.assign(Object.create(null), {
  '__operators__.add': as('Add', xy),
  convert_to_tensor: layer((k, b) => {
    const stated = k.argument(1, 'dtype')
    const dtype = stated === undefined ? undefined : dtypeNamed(k, stated)
    const value = tensorOf(k, b, k.argument(0, 'value'), dtype)
    return dtype ? castTo(b, value, dtype) : value
  }),
  'math.add': as('Add', xy),
  'math.subtract': as('Subtract', xy),
  'math.multiply': as('Multiply', xy),
  'math.truediv': as('Divide', xy),
  'math.divide': as('Divide', xy),
  'math.divide_no_nan': as('DivideNoNan', xy),
  'math.floordiv': as('FloorDivide', xy),
  'math.floormod': as('Mod', xy),
  'math.pow': as('Power', xy),
  'math.maximum': as('Maximum', xy),
  'math.minimum': as('Minimum', xy),
  'math.greater': as('Greater', xy),
  'math.greater_equal': as('GreaterEqual', xy),
  'math.less': as('Less', xy),
  'math.less_equal': as('LessEqual', xy),
  'math.equal': as('Equal', xy),
  '__operators__.eq': as('Equal', ['self', 'other']),
  'math.not_equal': as('NotEqual', xy),
  '__operators__.ne': as('NotEqual', ['self', 'other']),
  'math.logical_and': as('LogicalAnd', xy),
  'math.logical_or': as('LogicalOr', xy),
  'math.logical_not': as('LogicalNot', x),
  'math.squared_difference': layer((k, b) => b.op(op.squaredDifference, promoted(k, b, [k.argument(0, 'x'), k.argument(1, 'y')]))),
  'math.negative': as('Negative', x),
  'math.abs': as('Absolute', x),
  'math.sign': as('Sign', x),
  'math.square': as('Square', x),
  'math.sqrt': as('Sqrt', x),
  'math.rsqrt': as('Rsqrt', x),
  'math.exp': as('Exp', x),
  'math.expm1': as('Expm1', x),
  'math.log': as('Log', x),
  'math.log1p': as('Log1p', x),
  'math.sin': as('Sin', x),
  'math.cos': as('Cos', x),
  'math.tan': as('Tan', x),
  'math.atan': as('Arctan', x),
  'math.tanh': as('Tanh', x),
  'math.erf': as('Erf', x),
  'math.sigmoid': as('Sigmoid', x),
  'math.softplus': as('Softplus', ['features']),
  'math.floor': as('Floor', x),
  'math.ceil': as('Ceil', x),
  'math.round': as('Round', x),
  'math.reciprocal': as('Reciprocal', x),
  'math.is_nan': as('Isnan', x),
  'math.reduce_sum': as('Sum', ['input_tensor'], axes),
  'math.reduce_mean': as('Mean', ['input_tensor'], axes),
  'math.reduce_max': as('Max', ['input_tensor'], axes),
  'math.reduce_min': as('Min', ['input_tensor'], axes),
  'math.reduce_prod': as('Prod', ['input_tensor'], axes),
  'math.reduce_any': as('Any', ['input_tensor'], axes),
  'math.reduce_all': as('All', ['input_tensor'], axes),
  'math.reduce_variance': as('Var', ['input_tensor'], axes),
  'math.reduce_std': as('Std', ['input_tensor'], axes),
  'math.reduce_logsumexp': as('Logsumexp', ['input_tensor'], axes),
  'math.cumsum': as('Cumsum', x, { axis: 'axis' }),
  'math.argmax': layer((k, b) => argument(k, b, 'ArgMax')),
  'math.argmin': layer((k, b) => argument(k, b, 'ArgMin')),
  'math.add_n': layer((k, b) => promoted(k, b, k.argument(0, 'inputs') as readonly Json[]).reduce((s, v) => b.op(op.add, [s, v]))),
  'math.l2_normalize': layer(l2Normalize),
  'math.top_k': as('TopK', input, { k: 'k' }),
  'nn.relu': as('Relu', ['features']),
  'nn.relu6': as('Relu6', ['features']),
  'nn.elu': as('Elu', ['features']),
  'nn.selu': as('Selu', ['features']),
  'nn.silu': as('Silu', ['features']),
  'nn.swish': as('Silu', ['features']),
  'nn.softsign': as('Softsign', ['features']),
  'nn.gelu': layer((k, b) => b.op(op.gelu, [k.f32], { approximate: k.argument(1, 'approximate') === true })),
  'nn.leaky_relu': as('LeakyRelu', ['features'], { alpha: 'negative_slope' }),
  'nn.softmax': as('Softmax', ['logits'], { axis: 'axis' }),
  'nn.log_softmax': as('LogSoftmax', ['logits'], { axis: 'axis' }),
  'nn.max_pool2d': window('MaxPool'),
  'nn.max_pool': window('MaxPool'),
  'nn.avg_pool2d': window('AvgPool'),
  'nn.avg_pool': window('AvgPool'),
  'nn.depth_to_space': blocks('DepthToSpace'),
  'nn.space_to_depth': blocks('SpaceToDepth'),
  'nn.bias_add': as('Add', ['value', 'bias']),
  'linalg.matmul': layer(matmul),
  concat: as('Concatenate', ['values'], { axis: 'axis' }),
  stack: as('Stack', ['values'], { axis: 'axis' }),
  unstack: as('Unstack', ['value'], { axis: 'axis' }),
  split: layer(split),
  reshape: reshapeLike('Reshape', 'shape'),
  tile: reshapeLike('Tile', 'multiples'),
  broadcast_to: reshapeLike('BroadcastTo', 'shape'),
  expand_dims: as('ExpandDims', input, { axis: 'axis' }),
  squeeze: as('Squeeze', input, { axis: 'axis' }),
  'compat.v1.squeeze': as('Squeeze', input, { axis: 'axis' }),
  transpose: as('Transpose', ['a'], { perm: 'axes' }),
  'compat.v1.transpose': as('Transpose', ['a'], { perm: 'axes' }),
  where: as('Where', ['condition', 'x', 'y']),
  cast: as('Cast', x, { dtype: 'dtype' }),
  clip_by_value: as('Clip', ['t'], { clip_value_min: 'x_min', clip_value_max: 'x_max' }),
  gather: layer(gather),
  'compat.v1.gather': layer(gather),
  one_hot: as('OneHot', ['indices'], { depth: 'num_classes', axis: 'axis' }),
  pad: layer(pad),
  'compat.v1.pad': layer(pad),
  reverse: layer((k, b) => tensorflowOp(k, b, 'ReverseV2', [k.x, vectorOf(k, b, k.argument(1, 'axis'))])[0]!),
  roll: as('Roll', input, { shift: 'shift', axis: 'axis' }),
  identity: layer((k) => k.x),
  stop_gradient: layer((k) => k.x),
  zeros_like: as('ZerosLike', input),
  ones_like: as('OnesLike', input),
  'compat.v1.zeros_like': as('ZerosLike', ['tensor']),
  'compat.v1.ones_like': as('OnesLike', ['tensor']),
  zeros: fill(0),
  ones: fill(1),
  fill: layer((k, b) => b.op(op.fill, [vectorOf(k, b, k.argument(0, 'dims')), tensorOf(k, b, k.argument(1, 'value'))])),
  shape: layer(shape),
  'compat.v1.shape': layer(shape),
  'image.resize': layer(resize),
})

function argument(k: KerasOp, b: OpBuilder, name: string): Value {
  const axis = k.argument(1, 'axis')
  return tensorflowOp(k, b, name, [k.x, b.i32([k.axis(Number(axis ?? 0), k.rank)], [])], {
    output_type: { type: dtypeNamed(k, k.argument(2, 'output_type') ?? 'int64') },
  })[0]!
}

function gather(k: KerasOp, b: OpBuilder): Value {
  const batch = Number(k.argument(5, 'batch_dims') ?? 0)
  const axis = k.axis(Number(k.argument(4, 'axis') ?? batch), k.rank)
  return b.op(op.gather, [k.x, tensorOf(k, b, k.argument(1, 'indices'), 'i32')], { axis, batchDims: batch })
}

function shape(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.shape, [k.x], { outType: dtypeNamed(k, k.argument(99, 'out_type') ?? 'int32') })
}

const functionOf: Lowering = (n, b) => {
  const k = new KerasOp(n, b)
  const name = k.text('function')
  const lowering = functions[name]
  if (lowering) return lowering(n, b)
  return k.reject(
    `the function tf.${name} is not supported in a Keras file`,
    'Export the model as a SavedModel, which holds the graph: model.export("folder").',
  )
}

export const tensorflowFunctions: LoweringRegistry = {
  TFOpLambda: functionOf,
  SlicingOpLambda: layer((k, b) => sliceBy(k, b, k.argument(1, 'slice_spec') ?? null)),
}
