import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, operand, versionByDType } from '../spec.ts'

/** exp(beta * x) / sum of it over the last axis. */
export const softmax = defineOp({
  name: 'softmax',
  builtin: 'SOFTMAX',
  summary: 'exp(beta * x) / sum, over the last axis',
  operands: [operand('input', floatOrQ)],
  attrs: { beta: attr.f32('beta') },
  options: 'SoftmaxOptions',
  infer: (n) => [{ dtype: n.type('input').dtype, shape: n.type('input').shape }],
  quant: {
    integer: ['i8', 'i16'],
    ignoresMasks: 'input',
    fixedRange: { i8: { scale: 1 / 256, zeroPoint: -128 }, u8: { scale: 1 / 256, zeroPoint: 0 }, i16: { scale: 1 / 32768, zeroPoint: 0 } },
  },
  version: versionByDType({ i8: 2, u8: 1, i16: 3 }),
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.3.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: 5 * elementsAtBatchOne(n.type('input').shape) }),
})

/** x - log(sum(exp(x))) over the last axis. */
export const logSoftmax = defineOp({
  name: 'log_softmax',
  builtin: 'LOG_SOFTMAX',
  summary: 'log of softmax, over the last axis',
  operands: [operand('input', floatOrQ)],
  attrs: {},
  options: 'LogSoftmaxOptions',
  infer: (n) => [{ dtype: n.type('input').dtype, shape: n.type('input').shape }],
  quant: {
    integer: ['i8'],
    ignoresMasks: 'input',
    fixedRange: { i8: { scale: 16 / 256, zeroPoint: 127 }, u8: { scale: 16 / 256, zeroPoint: 255 } },
  },
  version: versionByDType({ i8: 2 }),
  releases: { 1: '1.14.0', 2: '1.14.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: 5 * elementsAtBatchOne(n.type('input').shape) }),
})
