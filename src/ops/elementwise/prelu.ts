import { broadcastShapes } from '../../core/shape.ts'
import { floatOrQ8 } from '../dtypes.ts'
import { defineOp, elementsAtBatchOne, operand } from '../spec.ts'

/** x where x >= 0, else alpha * x; alpha broadcasts to x. */
export const prelu = defineOp({
  name: 'prelu',
  builtin: 'PRELU',
  summary: 'x >= 0 ? x : alpha * x, alpha a tensor',
  operands: [operand('input', floatOrQ8), operand('alpha', floatOrQ8, { preparing: true })],
  attrs: {},
  infer(n) {
    const [x, alpha] = [n.type('input'), n.type('alpha')]
    const shape = broadcastShapes(x.shape, alpha.shape) ?? n.fail('alpha does not broadcast to the input')
    return [{ dtype: x.dtype, shape }]
  },
  quant: { integer: ['i8'], weights: [{ operand: 'alpha', axis: null, narrowRange: true }] },
  passesFactors: true,
  version: () => 1,
  releases: { 1: '1.8.0' },
  accuracy: 'exact',
  cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.results[0]!.shape) }),
})
