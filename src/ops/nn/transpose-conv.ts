import { mulDims } from '../../core/dim.ts'
import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, operand, type RowWindow } from '../spec.ts'
import { checkWindow, sharesInside, slidOver, type Window } from './window.ts'

/** Gradient of a 2-D convolution by its input. Weights [O,H,W,I], O the channels of the result; `outputShape` is [N,H,W,O]. */
export const transposeConv = defineOp({
  name: 'transpose_conv',
  builtin: 'TRANSPOSE_CONV',
  summary: '2-D transposed convolution, weights [O,H,W,I]',
  operands: [
    operand('outputShape', ['i32'], { preparing: true }),
    operand('weights', ['f32', 'i8', 'u8', 'i4'], { preparing: true }),
    operand('input', floatOrQ),
    operand('bias', ['f32', 'i32', 'i64'], { optional: true, preparing: true }),
  ],
  attrs: {
    padding: attr.padding(),
    stride: attr.tuple(['strideH', 'strideW'], [1, 1]),
    fusedActivation: attr.activation(),
    quantizedBiasType: attr.dtype('quantizedBiasType', 'f32'),
  },
  options: 'TransposeConvOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const weights = n.type('weights').shape
    if (shape.length !== 4 || weights.length !== 4) n.fail('input and weights must have rank 4')
    if (typeof shape[3] === 'number' && typeof weights[3] === 'number' && shape[3] !== weights[3])
      n.fail(`the input has ${shape[3]} channels, the weights expect ${weights[3]}`)
    const out = n.dims('outputShape')
    checkWindow(n, n.attrs.stride, weights)
    if (out && out.length !== 4) n.fail('the output shape must have 4 elements')
    return [{ dtype, shape: out ?? [shape[0]!, n.unknown(1), n.unknown(2), weights[0]!] }]
  },
  quant: {
    integer: ['i8', 'i16'],
    weights: [
      {
        operand: 'weights',
        axis: 0,
        narrowRange: true,
        reads: {
          axis: 3,
          channels: 'all',
          // The window slides over the result, with a place for each position of the input.
          shares(attrs, weights, _, result) {
            const window = attrs as unknown as Window
            const [, height, width] = weights as number[]
            const [, down, across] = slidOver(result, [height!, width!], window, 1) as number[]
            const places = (down! * across!) / elementsAtBatchOne(result.slice(1, 3))
            return sharesInside(result, [height!, width!], window)?.map((share) => share * places)
          },
        },
        small: { dynamic: [8], weightOnly: [8] },
        product: {
          operand: 'input',
          rows({ stride, padding }, [, height, width, inner], _, [, down, across]) {
            if (typeof down !== 'number' || typeof across !== 'number') return 'the height and width of its result are not known'
            const size = [height as number, width as number] as const
            const window = { size, over: [down, across], stride, padding } as unknown as RowWindow
            return { columns: size[0] * size[1] * (inner as number), groups: 1, isTransposed: false, window }
          },
        },
      },
    ],
    biases: [{ operand: 'bias', scaleFrom: ['input', 'weights'], typeAttr: 'quantizedBiasType' }],
    dynamicRange: { setAttrs: {} },
  },
  version(n) {
    const [, weights, x, bias] = n.types
    if (x?.dtype === 'i16' && weights?.dtype === 'i8' && n.attrs.quantizedBiasType !== 'f32') return 5
    if (n.attrs.fusedActivation !== 'none') return 4
    if (bias) return 3
    return weights?.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.9.0', 2: '2.2.0', 3: '2.3.0', 4: '2.13.0', 5: '2.15.0' },
  accuracy: 'rounding',
  cost(n) {
    const input = n.type('input').shape
    return { macs: elementsAtBatchOne([mulDims(...input.slice(0, 3)), ...n.type('weights').shape]), elementOps: 0 }
  },
})
