import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { flag, ints, string, strings } from '../import/node-attrs.ts'
import type { SourceNode } from '../import/source-graph.ts'
import type { Attrs, Node, TensorType } from '../ir/types.ts'
import { activate } from '../ops/activation.kernel.ts'
import { type Walk, walksOf } from '../ops/nn/window.kernel.ts'
import { samePadding, windowOutput } from '../ops/nn/window.ts'
import { type Contraction, contracted, contractionOf } from './contraction.ts'
import { type Convolution, convolutionGradient, convolved, type Sliding } from './convolution.ts'
import { multiplyDepthwise } from './depthwise-kernel.ts'
import { unary } from './large-arrays.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

/*
 * Large sums of products on kernels of our own: those of a source's nodes, and of the operators that Keras layers become.
 */

/** Multiply-accumulates from which on it is worth it. */
const manyMacs = 5e5

/** Undefined for less than `least` multiply-accumulates, and for what it does not compute. */
type Product = (node: SourceNode, operands: readonly NdArray[], least: number) => NdArray | undefined

const products: Readonly<Record<string, Product>> = Object.assign(Object.create(null), {
  MatMul: floats((n, x, w, least) => contracted(matrices(0, flag(n, 'transpose_a'), flag(n, 'transpose_b')), x, w, least)),
  BatchMatMul: inBatches(),
  BatchMatMulV2: inBatches(),
  BatchMatMulV3: inBatches(),
  Einsum: floats((n, x, w, least) => {
    const contraction = contractionOf(string(n, 'equation'))
    return contraction && contracted(contraction, x, w, least)
  }),
  Conv2D: sliding(),
  Conv3D: sliding(),
  DepthwiseConv2dNative: floats((n, x, w, least) => depthwise(x, w, { ...slidingOf(n, x.shape, w), multiplier: w.shape[3]! }, least)),
  Conv2DBackpropInput: gradient,
  Conv3DBackpropInputV2: gradient,
} satisfies Record<string, Product>)

/** Fused nodes of TensorFlow.js's converter, and what their product is. */
const fused: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  _FusedConv2D: 'Conv2D',
  _FusedMatMul: 'MatMul',
  FusedDepthwiseConv2dNative: 'DepthwiseConv2dNative',
})

function floats(product: (node: SourceNode, x: NdArray, w: NdArray, least: number) => NdArray | undefined): Product {
  return (node, [x, w], least) => (isFloat(x) && isFloat(w) ? product(node, x, w, least) : undefined)
}

function inBatches(): Product {
  return floats((n, x, w, least) => batches(x, w, flag(n, 'adj_x'), flag(n, 'adj_y'), least))
}

function sliding(): Product {
  return floats((n, x, w, least) => convolution(x, w, { ...slidingOf(n, x.shape, w), isTransposed: false }, least))
}

function gradient(node: SourceNode, [sizes, w, x]: readonly NdArray[], least: number): NdArray | undefined {
  if (!sizes || !isFloat(w) || !isFloat(x) || w.shape.at(-1) !== x.shape.at(-1)) return undefined
  const shape = [...(toFloat32(sizes) ?? [])]
  // Of pictures some files leave the batch and the channels out.
  if (shape.length !== x.shape.length || shape[0] !== x.shape[0] || shape.at(-1) !== w.shape.at(-2)) return undefined
  const { walks, output } = slidingOf(node, shape, w)
  if (String(output) !== String(x.shape.slice(1, -1)) || (sizeOf(x) / x.shape.at(-1)!) * sizeOf(w) < least) return undefined
  return convolutionGradient(x, w, { walks, output: shape.slice(1, -1) })
}

function batches(x: NdArray, w: NdArray, adjX: boolean, adjY: boolean, least: number): NdArray | undefined {
  const rank = x.shape.length - 2
  return rank < 0 ? undefined : contracted(matrices(rank, adjX, adjY), x, w, least)
}

/** Of matrices behind so many batch axes. */
function matrices(rank: number, isLeftTransposed: boolean, isRightTransposed: boolean): Contraction {
  const batch = Array.from({ length: rank }, (_, i) => String.fromCharCode(65 + i))
  const before = batch.join('')
  return {
    left: before + (isLeftTransposed ? 'kr' : 'rk'),
    right: before + (isRightTransposed ? 'ck' : 'kc'),
    output: `${before}rc`,
    batch,
    summed: ['k'],
    leftOnly: ['r'],
    rightOnly: ['c'],
  }
}

/** How the windows of a node with channels last walk over what has this shape, and the sizes of its result. */
function slidingOf(n: SourceNode, shape: readonly number[], w: NdArray): Sliding {
  const [strides, dilations, explicit] = [ints(n, 'strides'), ints(n, 'dilations'), ints(n, 'explicit_paddings')]
  const padding = string(n, 'padding')
  const [walks, output]: [Walk[], number[]] = [[], []]
  for (let axis = 1; axis < shape.length - 1; axis++) {
    const [size, stride, dilation, whole] = [w.shape[axis - 1]!, strides[axis] ?? 1, dilations[axis] ?? 1, shape[axis]!]
    const [before, after] = padding === 'EXPLICIT' ? [explicit[2 * axis]!, explicit[2 * axis + 1]!] : [0, 0]
    const origin = padding === 'SAME' ? samePadding(whole, size, stride, dilation)[0] : before
    walks.push({ size, stride, dilation, origin: -origin })
    output.push(windowOutput(before + whole + after, size, stride, dilation, padding === 'SAME' ? 'same' : 'valid') as number)
  }
  return { walks, output }
}

function convolution(x: NdArray, w: NdArray, how: Convolution, least: number): NdArray | undefined {
  const places = how.output.reduce((n, d) => n * d, x.shape[0]!)
  return places * sizeOf(w) < least ? undefined : convolved(x, w, how)
}

/** `w`: [height, width, C, multiplier], or those two as one. */
function depthwise(
  x: NdArray,
  w: NdArray,
  { walks, output, multiplier }: Sliding & { multiplier: number },
  least: number,
): NdArray | undefined {
  const [batch, , , channels] = x.shape as [number, number, number, number]
  if (batch * output[0]! * output[1]! * sizeOf(w) < least) return undefined
  const values = multiplyDepthwise(typedView('f32', x.bytes), typedView('f32', w.bytes), { picture: x.shape, multiplier, walks, output })
  return { dtype: 'f32', shape: [batch, ...output, channels * multiplier], bytes: bytesOf(values) }
}

const isChannelsFirst = (n: SourceNode): boolean => string(n, 'data_format').startsWith('NC')

const isFloat = (x: NdArray | null | undefined): x is NdArray => x?.dtype === 'f32'

export function productEvaluator(least = manyMacs): NodeEvaluator {
  return {
    name: 'own sums of products',
    async evaluate(node, operands, outputs) {
      const product = products[fused[node.op] ?? node.op]
      if (!product || outputs.some((i) => i !== 0) || isChannelsFirst(node)) return undefined
      const sums = product(node, operands, least)
      const result = sums && node.op in fused ? finished(node, sums, operands) : sums
      return result && new Map([[0, result]])
    },
  }
}

type Activation = (x: number, channel: number) => number

/** What the converter of TensorFlow.js fuses behind a product: a bias and an activation. */
function finished(node: SourceNode, sums: NdArray, [, , bias, slopes]: readonly NdArray[]): NdArray | undefined {
  const [first, activation, ...more] = strings(node, 'fused_ops')
  const f = activationOf(node, activation, slopes)
  if (first !== 'BiasAdd' || !f || more.length > 0 || !isFloat(bias)) return undefined
  const values = withBias(sums, bias)
  const channels = sizeOf(bias)
  for (let i = 0; i < values.length; i++) values[i] = f(values[i]!, i % channels)
  return sums
}

function activationOf(node: SourceNode, name: string | undefined, slopes: NdArray | undefined): Activation | undefined {
  if (name === undefined) return (x) => x
  if (name === 'LeakyRelu') {
    const alpha = node.attrs.get('leakyrelu_alpha')
    return alpha?.kind === 'float' ? (x) => (x < 0 ? alpha.value * x : x) : undefined
  }
  if (name !== 'Prelu') return unary[name]
  const own = isFloat(slopes) && sizeOf(slopes) === slopes.shape.at(-1) ? typedView('f32', slopes.bytes) : undefined
  return own && ((x, channel) => (x < 0 ? own[channel % own.length]! * x : x))
}

/** Those of operators. */
type OperatorProduct = (attrs: Attrs, x: NdArray, w: NdArray, shape: readonly number[]) => NdArray | undefined

const operators: Readonly<Record<string, OperatorProduct>> = Object.assign(Object.create(null), {
  conv_2d: (attrs, x, w, shape) => convolution(x, w, { ...slidingOver(attrs, x, w, shape), isTransposed: true }, manyMacs),
  depthwise_conv_2d(attrs, x, w, shape) {
    const multiplier = w.shape[3]! / x.shape[3]!
    return depthwise(x, w, { ...slidingOver(attrs, x, w, shape), multiplier }, manyMacs)
  },
  fully_connected(_, x, w) {
    const inner = w.shape[1]!
    const rows = { ...x, shape: [sizeOf(x) / inner, inner] }
    return contracted(matrices(0, false, true), rows, w, manyMacs)
  },
  batch_matmul: ({ adjX, adjY }, x, w) => batches(x, w, adjX === true, adjY === true, manyMacs),
} satisfies Record<string, OperatorProduct>)

function slidingOver(attrs: Attrs, x: NdArray, w: NdArray, result: readonly number[]): Sliding {
  return { walks: walksOf(x.shape.slice(1, 3), w.shape.slice(1, 3), attrs), output: result.slice(1, 3) }
}

/** Operators that are large sums of products; undefined for all others. */
export function productOf(node: Node, [x, w, bias]: readonly (NdArray | null)[], [result]: readonly TensorType[]): NdArray[] | undefined {
  const product = operators[node.op]
  if (!product || !isFloat(x) || !isFloat(w) || (bias && !isFloat(bias))) return undefined
  const shape = result!.shape as readonly number[]
  const made = product(node.attrs, x, w, shape)
  if (!made) return undefined
  return [{ dtype: 'f32', shape, bytes: bytesOf(activate(withBias(made, bias), node.attrs)) }]
}

/** Whether all that `productOf` is for is all that takes long in these operators. */
export const isProduct = (op: string): boolean => op in operators

/** The sums with the bias added to them, in place. */
function withBias(sums: NdArray, bias: NdArray | null | undefined): Float32Array {
  const values = typedView('f32', sums.bytes)
  const added = bias ? typedView('f32', bias.bytes) : []
  if (added.length > 0) for (let i = 0; i < values.length; ) for (let c = 0; c < added.length; c++, i++) values[i]! += added[c]!
  return values
}
