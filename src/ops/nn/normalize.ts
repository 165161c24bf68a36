import { floatOrQ8 } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, operand } from '../spec.ts'

/** x / max(|x|, 1e-6), the norm taken over the last axis. */
export const l2Normalization = defineOp({
  name: 'l2_normalization',
  builtin: 'L2_NORMALIZATION',
  summary: 'rows along the last axis scaled to length 1',
  operands: [operand('input', floatOrQ8)],
  attrs: { fusedActivation: attr.activation() },
  options: 'L2NormOptions',
  infer: (n) => [{ dtype: n.type('input').dtype, shape: n.type('input').shape }],
  quant: { integer: ['i8'], fixedRange: { i8: { scale: 1 / 128, zeroPoint: 0 }, u8: { scale: 1 / 128, zeroPoint: 128 } } },
  version: (n) => (n.results[0]!.dtype === 'i8' ? 2 : 1),
  releases: { 1: '1.5.0', 2: '1.14.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: 3 * elementsAtBatchOne(n.type('input').shape) }),
})

/** x / (bias + alpha * sum of squares over channels c-radius..c+radius) ^ beta. */
export const localResponseNormalization = defineOp({
  name: 'local_response_normalization',
  builtin: 'LOCAL_RESPONSE_NORMALIZATION',
  summary: 'x divided by a power of the squares of neighbouring channels',
  operands: [operand('input', ['f32'])],
  attrs: { radius: attr.i32('radius'), bias: attr.f32('bias'), alpha: attr.f32('alpha'), beta: attr.f32('beta') },
  options: 'LocalResponseNormalizationOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    if (shape.length !== 4) n.fail('the input must have rank 4')
    return [{ dtype, shape }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '1.5.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: (2 * n.attrs.radius + 8) * elementsAtBatchOne(n.type('input').shape) }),
})
