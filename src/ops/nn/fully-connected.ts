import { divDims, mulDims } from '../../core/dim.ts'
import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, operand } from '../spec.ts'

/** y = act(x @ weights^T + bias). Weights [O,I]; x is read as [.., I]; the result is [B,O], or [..,O] with keepNumDims. */
export const fullyConnected = defineOp({
  name: 'fully_connected',
  builtin: 'FULLY_CONNECTED',
  summary: 'matrix product with weights [O,I]',
  operands: [
    operand('input', floatOrQ),
    operand('weights', ['f32', 'i8', 'u8', 'i16', 'i4', 'i2'], { preparing: true }),
    operand('bias', ['f32', 'i32', 'i64'], { optional: true, preparing: true }),
  ],
  attrs: {
    fusedActivation: attr.activation(),
    weightsFormat: attr.oneOf('weightsFormat', ['default', 'shuffled4x16int8'], 'default'),
    keepNumDims: attr.bool('keepNumDims'),
    asymmetricQuantizeInputs: attr.bool('asymmetricQuantizeInputs'),
    quantizedBiasType: attr.dtype('quantizedBiasType', 'f32'),
  },
  options: 'FullyConnectedOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const weights = n.type('weights').shape
    if (weights.length !== 2 || shape.length < 1) n.fail('weights must have rank 2')
    const [out, inner] = weights
    const last = shape.at(-1)!
    if (n.attrs.keepNumDims) {
      if (typeof last === 'number' && last !== inner) n.fail(`the last input dim is ${last}, the weights expect ${inner}`)
      return [{ dtype, shape: [...shape.slice(0, -1), out!] }]
    }
    const all = mulDims(...shape)
    const rows = divDims(all, inner!)
    // Rows that are stated are those of the weights, or divide into them.
    const isStated = typeof all === 'number' || (shape.length <= 2 && typeof last === 'number')
    if (rows === undefined && isStated && typeof inner === 'number') n.fail(`the input does not divide into rows of ${inner}`)
    return [{ dtype, shape: [rows ?? `(${all}/${inner})`, out!] }]
  },
  quant: {
    integer: ['i8', 'i16'],
    weights: [
      {
        operand: 'weights',
        axis: 0,
        narrowRange: true,
        reads: { axis: 1, channels: 'all' },
        mayCompute: true,
        small: { dynamic: [8, 4, 2], integer: [4], blocks: [4, 2], weightOnly: [8, 4] },
        rotates: 'input',
        product: {
          operand: 'input',
          isDense: true,
          rows: (_, { 1: inner }) => ({ columns: inner as number, groups: 1, isTransposed: false }),
        },
      },
    ],
    biases: [{ operand: 'bias', scaleFrom: ['input', 'weights'], typeAttr: 'quantizedBiasType' }],
    dynamicRange: { setAttrs: { asymmetricQuantizeInputs: true } },
  },
  version(n) {
    const [x, w, b] = n.types
    const isHybrid = x?.dtype === 'f32' && w?.dtype === 'i8'
    if (x?.dtype === 'i16' && w?.dtype === 'i4') return 13
    if (isHybrid && w.quant?.kind === 'per-axis') return 12
    if (x?.dtype === 'i16' && w?.dtype === 'i8' && n.attrs.quantizedBiasType !== 'f32') return 11
    if (x?.dtype === 'i16') return 7
    // An absent bias that has its place among the operands does not count.
    if (b === undefined) return 6
    if (n.attrs.keepNumDims) return 5
    if (w?.dtype === 'i4' || w?.dtype === 'i2') return 10
    if (x?.dtype === 'i8') return 4
    if (isHybrid) return n.attrs.asymmetricQuantizeInputs ? 9 : 3
    return n.attrs.weightsFormat === 'default' ? 1 : 2
  },
  releases: {
    1: '1.5.0',
    2: '1.10.0',
    3: '1.14.0',
    4: '1.14.0',
    5: '2.0.0',
    6: '2.1.0',
    7: '2.3.0',
    8: '2.3.0',
    9: '2.3.0',
    10: '2.11.0',
    11: '2.15.0',
    12: '2.17.0',
    13: '2.18.0',
  },
  accuracy: 'rounding',
  cost: (n) => ({ macs: elementsAtBatchOne(n.results[0]!.shape) * elementsAtBatchOne(n.types[1]!.shape.slice(1)), elementOps: 0 }),
})
