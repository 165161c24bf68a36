import { isJsonObject } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { convolution, depthwiseConvolution, type WindowOptions } from '../layers.ts'
import type { LoweringRegistry } from '../registry.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'

function padding(k: KerasOp): 'same' | 'valid' {
  const mode = k.text('padding', 'valid').toLowerCase()
  return mode === 'same' || mode === 'valid' ? mode : k.reject(`padding ${mode} is not supported`)
}

function windowOptions(k: KerasOp): WindowOptions {
  k.requireChannelsLast()
  if (k.rank !== 4) k.reject(`the input must have rank 4, found ${k.rank}`)
  return { padding: padding(k), stride: k.pair('strides', 1), dilation: k.pair('dilation_rate', 1) }
}

function biased(k: KerasOp, b: OpBuilder, y: Value): Value {
  const bias = k.weight('bias')
  return activate(k, b, bias ? b.op(op.add, [y, bias]) : y)
}

function separable(k: KerasOp, b: OpBuilder): Value {
  const options = windowOptions(k)
  const depth = depthwiseConvolution(b, k.x, k.required('depthwise_kernel'), options)
  const point = convolution(b, depth, k.required('pointwise_kernel'), { padding: 'valid', stride: [1, 1], dilation: [1, 1] })
  return biased(k, b, point)
}

function pool(spec: typeof op.maxPool2d | typeof op.averagePool2d) {
  return layer((k, b) => {
    k.requireChannelsLast()
    const filter = k.pair('pool_size', 2)
    const stride = k.config('strides') == null ? filter : k.pair('strides', 1)
    return b.op(spec as typeof op.maxPool2d, [k.x], { padding: padding(k), filter, stride })
  })
}

function globalPool(spec: typeof op.mean | typeof op.reduceMax) {
  return layer((k, b) => {
    k.requireChannelsLast()
    const axes = Array.from({ length: k.rank - 2 }, (_, i) => i + 1)
    return b.op(spec as typeof op.mean, [k.x, b.i32(axes)], { keepDims: k.flag('keepdims', false) })
  })
}

/** `[[top, bottom], [left, right]]`, `[h, w]` or one number. */
function borders(k: KerasOp, name: string): [number, number, number, number] {
  const v = k.config(name)
  const pair = (side: unknown): [number, number] => {
    if (typeof side === 'number') return [side, side]
    const list = Array.isArray(side) && !isJsonObject(side) ? (side as number[]) : []
    return list.length === 2 && list.every(Number.isInteger)
      ? [list[0]!, list[1]!]
      : k.reject(`${name} must be a number, two numbers or two pairs`)
  }
  if (!Array.isArray(v)) return [...pair(v), ...pair(v)]
  return [...pair(v[0]), ...pair(v[1])]
}

function zeroPadding(k: KerasOp, b: OpBuilder): Value {
  k.requireChannelsLast()
  return b.op(op.pad, [k.x, b.i32([0, 0, ...borders(k, 'padding'), 0, 0], [4, 2])])
}

function cropping(k: KerasOp, b: OpBuilder): Value {
  k.requireChannelsLast()
  const [top, bottom, left, right] = borders(k, 'cropping')
  const [, h, w] = k.x.type.shape
  if (typeof h !== 'number' || typeof w !== 'number') return k.reject('the picture size must be known')
  const ends = { beginMask: 0b1001, endMask: 0b1001 }
  return b.op(op.stridedSlice, [k.x, b.i32([0, top, left, 0]), b.i32([0, h - bottom, w - right, 0]), b.i32([1, 1, 1, 1])], ends)
}

export const convLayers: LoweringRegistry = {
  Conv2D: layer((k, b) => biased(k, b, convolution(b, k.x, k.required('kernel'), windowOptions(k)))),
  DepthwiseConv2D: layer((k, b) => biased(k, b, depthwiseConvolution(b, k.x, k.required('kernel'), windowOptions(k)))),
  SeparableConv2D: layer(separable),
  MaxPooling2D: pool(op.maxPool2d),
  AveragePooling2D: pool(op.averagePool2d),
  GlobalAveragePooling1D: globalPool(op.mean),
  GlobalAveragePooling2D: globalPool(op.mean),
  GlobalMaxPooling1D: globalPool(op.reduceMax),
  GlobalMaxPooling2D: globalPool(op.reduceMax),
  ZeroPadding2D: layer(zeroPadding),
  Cropping2D: layer(cropping),
}
