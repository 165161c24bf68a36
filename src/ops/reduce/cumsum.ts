import { normalizeAxis } from '../../core/shape.ts'
import { attr, defineOp, elementsAtBatchOne, operand } from '../spec.ts'

/** Running sums along the constant scalar `axis`; `exclusive` leaves the element itself out, `reverse` runs from the end. */
export const cumsum = defineOp({
  name: 'cumsum',
  builtin: 'CUMSUM',
  summary: 'running sums along an axis',
  operands: [operand('input', ['f32', 'i32', 'i64']), operand('axis', ['i32'], { preparing: true })],
  attrs: { exclusive: attr.bool('exclusive'), reverse: attr.bool('reverse') },
  options: 'CumsumOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const axis = n.ints('axis')?.[0]
    if (axis !== undefined && normalizeAxis(axis, shape.length) === undefined) n.fail(`axis ${axis} is out of range`)
    return [{ dtype, shape }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.4.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.type('input').shape) }),
})
