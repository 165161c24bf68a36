import { sameShape } from '../../core/shape.ts'
import { defineOp, elementsAtBatchOne, operand } from '../spec.ts'

/** Sum of two or more operands of one shape. */
export const addN = defineOp({
  name: 'add_n',
  builtin: 'ADD_N',
  summary: 'sum of operands of one shape',
  operands: [operand('inputs', ['f32', 'i32'], { variadic: true })],
  attrs: {},
  infer(n) {
    const [first, ...rest] = n.types
    if (!first) return n.fail('it needs at least one operand')
    if (rest.some((t) => t!.dtype !== first.dtype || !sameShape(t!.shape, first.shape))) n.fail('operands must have one type')
    return [{ dtype: first.dtype, shape: first.shape }]
  },
  quant: { floatOnly: 'no integer kernel', passesMasks: { how: 'added', operands: ['inputs'] } },
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: n.types.length * elementsAtBatchOne(n.results[0]!.shape) }),
})
