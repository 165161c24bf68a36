import type { Shape } from '../../core/shape.ts'
import type { Attrs } from '../../ir/types.ts'
import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, operand, type RowWindow, type TypedNodeView } from '../spec.ts'
import { checkWindow, sharesInside, slidOver, type Window } from './window.ts'

const filterDTypes = ['f32', 'i8', 'u8', 'i4', 'i2'] as const
const biasDTypes = ['f32', 'i32', 'i64'] as const

function isPerAxis(n: Pick<TypedNodeView, 'types'>): boolean {
  return n.types[1]?.quant?.kind === 'per-axis'
}

const sharesOfFilter = (attrs: Attrs, [, height, width]: Shape, input: Shape) =>
  sharesInside(input, [height as number, width as number], attrs as unknown as Window)

const windowOf = (attrs: Attrs, [height, width]: Shape): RowWindow => {
  const { stride, dilation, padding } = attrs as unknown as Required<Window>
  return { size: [height as number, width as number], stride, dilation, padding }
}

const channelsUnknown = 'the number of its channels is not known'

/** y[n,h,w,o] = act(bias[o] + sum over window of x * filter). Filter [O,H,W,I]; groups = C / I. */
export const conv2d = defineOp({
  name: 'conv_2d',
  builtin: 'CONV_2D',
  summary: '2-D convolution, filter [O,H,W,I]',
  operands: [
    operand('input', floatOrQ),
    operand('filter', filterDTypes, { preparing: true }),
    operand('bias', biasDTypes, { optional: true, preparing: true }),
  ],
  attrs: {
    padding: attr.padding(),
    stride: attr.tuple(['strideH', 'strideW'], [1, 1]),
    dilation: attr.tuple(['dilationHFactor', 'dilationWFactor'], [1, 1]),
    fusedActivation: attr.activation(),
    quantizedBiasType: attr.dtype('quantizedBiasType', 'f32'),
  },
  options: 'Conv2DOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const filter = n.type('filter').shape
    if (shape.length !== 4 || filter.length !== 4) n.fail('input and filter must have rank 4')
    const channels = shape[3]
    const [out, kh, kw, inner] = filter as number[]
    if (typeof channels === 'number' && typeof inner === 'number' && channels % inner !== 0)
      n.fail(`${channels} input channels are no multiple of the filter's ${inner}`)
    checkWindow(n, n.attrs.stride, n.attrs.dilation, filter)
    return [{ dtype, shape: slidOver(shape, [kh!, kw!], n.attrs, out!) }]
  },
  quant: {
    integer: ['i8', 'i16'],
    weights: [
      {
        operand: 'filter',
        axis: 0,
        narrowRange: true,
        reads: { axis: 3, channels: 'group', shares: sharesOfFilter },
        small: { dynamic: [8, 4, 2], integer: [4], weightOnly: [8, 4] },
        product: {
          operand: 'input',
          rows(attrs, [, ...row], { 3: channels }) {
            const [height, width, inner] = row as number[]
            if (typeof channels !== 'number') return channelsUnknown
            return { columns: height! * width! * inner!, groups: channels / inner!, isTransposed: false, window: windowOf(attrs, row) }
          },
        },
      },
    ],
    biases: [{ operand: 'bias', scaleFrom: ['input', 'filter'], typeAttr: 'quantizedBiasType' }],
    dynamicRange: { setAttrs: {} },
  },
  version(n) {
    const [x, f] = n.types
    if (x?.dtype === 'i16' && f?.dtype === 'i8' && n.attrs.quantizedBiasType !== 'f32') return 8
    if (x?.shape[3] !== f?.shape[3]) return 6
    if (f?.dtype === 'i4' || f?.dtype === 'i2') return 7
    if (x?.dtype === 'f32' && f?.dtype === 'i8') return isPerAxis(n) ? 5 : 2
    return x?.dtype === 'i16' ? 4 : x?.dtype === 'i8' ? 3 : 1
  },
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '1.14.0', 4: '2.3.0', 5: '2.4.0', 6: '2.9.0', 7: '2.11.0', 8: '2.15.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: elementsAtBatchOne(n.results[0]!.shape) * elementsAtBatchOne(n.types[1]!.shape.slice(1)), elementOps: 0 }),
})

/** y[n,h,w,c*M+m] = act(bias + sum over window of x[..c] * filter[0,..,c*M+m]). Filter [1,H,W,C*M]. */
export const depthwiseConv2d = defineOp({
  name: 'depthwise_conv_2d',
  builtin: 'DEPTHWISE_CONV_2D',
  summary: '2-D depthwise convolution, filter [1,H,W,C*M]',
  operands: [
    operand('input', floatOrQ),
    operand('filter', filterDTypes, { preparing: true }),
    operand('bias', biasDTypes, { optional: true, preparing: true }),
  ],
  attrs: {
    padding: attr.padding(),
    stride: attr.tuple(['strideH', 'strideW'], [1, 1]),
    depthMultiplier: attr.i32('depthMultiplier'),
    dilation: attr.tuple(['dilationHFactor', 'dilationWFactor'], [1, 1]),
    fusedActivation: attr.activation(),
  },
  options: 'DepthwiseConv2DOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const filter = n.type('filter').shape
    if (shape.length !== 4 || filter.length !== 4) n.fail('input and filter must have rank 4')
    const channels = shape[3]
    const [, kh, kw, out] = filter as number[]
    const { stride, dilation, depthMultiplier } = n.attrs
    checkWindow(n, stride, dilation, filter)
    if (typeof channels === 'number' && channels * depthMultiplier !== out)
      n.fail(`the filter has ${out} channels, expected ${channels} x ${depthMultiplier}`)
    return [{ dtype, shape: slidOver(shape, [kh!, kw!], n.attrs, out!) }]
  },
  quant: {
    integer: ['i8', 'i16'],
    weights: [
      {
        operand: 'filter',
        axis: 3,
        narrowRange: true,
        reads: { axis: 3, channels: 'one', shares: sharesOfFilter },
        small: { dynamic: [8], weightOnly: [8] },
        product: {
          operand: 'input',
          rows(attrs, [, ...size], { 3: channels }) {
            const [height, width] = size as number[]
            if (typeof channels !== 'number') return channelsUnknown
            return { columns: height! * width!, groups: channels, isTransposed: true, window: windowOf(attrs, size) }
          },
        },
      },
    ],
    biases: [{ operand: 'bias', scaleFrom: ['input', 'filter'] }],
    dynamicRange: { setAttrs: {}, perChannel: true },
  },
  version(n) {
    const [x, f] = n.types
    if (f?.dtype === 'i4') return 7
    if (x?.dtype === 'f32' && f?.dtype === 'i8') return isPerAxis(n) ? 6 : 4
    if (x?.dtype === 'i16') return 5
    if (x?.dtype === 'i8') return 3
    return n.attrs.dilation.some((d) => d !== 1) ? 2 : 1
  },
  releases: { 1: '1.5.0', 2: '1.12.0', 3: '1.14.0', 4: '2.2.0', 5: '2.3.0', 6: '2.3.0', 7: '2.11.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: elementsAtBatchOne(n.results[0]!.shape) * elementsAtBatchOne(n.types[1]!.shape.slice(1, 3)), elementOps: 0 }),
})
