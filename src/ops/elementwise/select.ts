import type { DType } from '../../core/dtype.ts'
import { broadcastShapes } from '../../core/shape.ts'
import { defineOp, elementsAtBatchOne, operand } from '../spec.ts'

const selectable: readonly DType[] = ['f32', 'i8', 'u8', 'i16', 'i32', 'u32', 'i64', 'bool']
const operands = [operand('condition', ['bool']), operand('x', selectable), operand('y', selectable)]

/** x where the condition holds, else y; all of one shape, or a condition that is a scalar or picks along the first axis. */
export const select = defineOp({
  name: 'select',
  builtin: 'SELECT',
  summary: 'condition ? x : y, without broadcasting',
  operands,
  attrs: {},
  options: 'SelectOptions',
  infer(n) {
    const [condition, x, y] = [n.type('condition'), n.type('x'), n.type('y')]
    if (x.dtype !== y.dtype) n.fail('x and y must have one dtype')
    if (x.shape.length !== y.shape.length || !broadcastShapes(x.shape, y.shape)) n.fail('x and y must have one shape')
    if (condition.shape.length > 1 && condition.shape.length !== x.shape.length) n.fail('the condition has another rank')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  quant: {
    integer: ['i8', 'i16'],
    sameScales: { operands: ['x', 'y'], results: [0] },
    passesMasks: { how: 'picked', operands: ['x', 'y'] },
  },
  version: (n) => (n.types.some((t) => t!.shape.length === 5) ? 3 : 1),
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.12.0', 4: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['x', 'y'],
  cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.results[0]!.shape) }),
})

/** x where the condition holds, else y; the three broadcast to one shape. */
export const selectV2 = defineOp({
  name: 'select_v2',
  builtin: 'SELECT_V2',
  summary: 'condition ? x : y',
  operands,
  attrs: {},
  options: 'SelectV2Options',
  infer(n) {
    const [condition, x, y] = [n.type('condition'), n.type('x'), n.type('y')]
    if (x.dtype !== y.dtype) n.fail('x and y must have one dtype')
    const both = broadcastShapes(x.shape, y.shape)
    const shape = (both && broadcastShapes(condition.shape, both)) ?? n.fail('the shapes do not broadcast')
    return [{ dtype: x.dtype, shape }]
  },
  quant: {
    integer: ['i8', 'i16'],
    sameScales: { operands: ['x', 'y'], results: [0] },
    passesMasks: { how: 'picked', operands: ['x', 'y'] },
  },
  version: () => 1,
  releases: { 1: '2.2.0', 2: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['x', 'y'],
  broadcastRank: 5,
  cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.results[0]!.shape) }),
})
