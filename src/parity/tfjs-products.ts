import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import type { Node, TensorType } from '../ir/types.ts'
import { activate } from '../ops/activation.kernel.ts'
import type { InterpretOptions } from '../ops/interpret.ts'
import { fewRows } from './large-arrays.ts'
import type { TfJs, TfJsCore, TfJsTensor } from './tfjs.ts'

/** Multiply-accumulates that the reference kernels take some milliseconds for. */
const manyMacs = 5e5

type Pair = readonly [number, number]
type Product = (core: TfJsCore, node: Node, x: NdArray, w: NdArray, results: TensorType) => TfJsTensor | undefined

/** Operators that are sums of products, large ones by the WebAssembly backend of TensorFlow.js, which is to be the current one. */
export function productsByTfJs({ core }: TfJs): NonNullable<InterpretOptions['compute']> {
  return (node, [x, w, bias], [result]) => {
    const product = products[node.op]
    if (!product || !x || !w || x.dtype !== 'f32' || w.dtype !== 'f32' || (bias && bias.dtype !== 'f32')) return undefined
    const count = result!.shape.reduce<number>((n, d) => n * (d as number), 1)
    if ((count * sizeOf(w)) / Math.max(1, w.shape[0]!) < manyMacs) return undefined
    core.engine().startScope()
    try {
      const tensor = product(core, node, x, w, result!)
      if (!tensor) return undefined
      const values = (tensor.dataSync() as Float32Array).slice()
      if (bias) addTo(values, typedView('f32', bias.bytes))
      return [{ dtype: 'f32', shape: result!.shape as readonly number[], bytes: bytesOf(activate(values, node.attrs)) }]
    } finally {
      core.engine().endScope()
    }
  }
}

/** Whether all that `productsByTfJs` is for is all that takes long in these operators. */
export const isProduct = (op: string): boolean => op in products

const products: Readonly<Record<string, Product>> = Object.assign(Object.create(null), {
  conv_2d(core, { attrs }, x, w) {
    const { stride, dilation } = attrs as { stride: Pair; dilation: Pair }
    if (w.shape[3] !== x.shape[3] || !isOneOf(stride, dilation)) return undefined
    const filter = core.transpose(tensorOf(core, w), [1, 2, 3, 0])
    return core.conv2d(tensorOf(core, x), filter, stride, attrs.padding as string, 'NHWC', dilation)
  },
  depthwise_conv_2d(core, { attrs }, x, w) {
    const { stride, dilation } = attrs as { stride: Pair; dilation: Pair }
    const [, height, width, all] = w.shape as [number, number, number, number]
    const channels = x.shape[3]!
    // Other strides down than across it does not have.
    if (all % channels !== 0 || stride[0] !== stride[1] || !isOneOf(stride, dilation)) return undefined
    const filter = core.tensor(typedView('f32', w.bytes), [height, width, channels, all / channels], 'float32')
    return core.depthwiseConv2d(tensorOf(core, x), filter, stride, attrs.padding as string, 'NHWC', dilation)
  },
  fully_connected(core, _, x, w) {
    const [units, inner] = w.shape as [number, number]
    if (sizeOf(x) / inner <= fewRows) return undefined
    const rows = core.tensor(typedView('f32', x.bytes), [sizeOf(x) / inner, inner], 'float32')
    return core.matMul(rows, core.tensor(typedView('f32', w.bytes), [units, inner], 'float32'), false, true)
  },
  batch_matmul(core, { attrs }, x, w) {
    if (String(x.shape.slice(0, -2)) !== String(w.shape.slice(0, -2))) return undefined
    return core.matMul(tensorOf(core, x), tensorOf(core, w), attrs.adjX === true, attrs.adjY === true)
  },
} satisfies Record<string, Product>)

/** TensorFlow.js has either strides or dilations. */
function isOneOf(stride: Pair, dilation: Pair): boolean {
  return stride.every((s) => s === 1) || dilation.every((d) => d === 1)
}

function tensorOf(core: TfJsCore, { bytes, shape }: NdArray): TfJsTensor {
  return core.tensor(typedView('f32', bytes), [...shape], 'float32')
}

function addTo(values: Float32Array, bias: Float32Array): void {
  for (let i = 0; i < values.length; ) for (let c = 0; c < bias.length; c++, i++) values[i]! += bias[c]!
}
