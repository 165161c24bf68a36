import { elementCount, isStatic } from '../../core/shape.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { inverseOf } from '../turned-form.ts'
import { isReadOnce } from '../weighted.ts'

/** transpose -> reshape to [N,K] -> fc   =>  reshape -> fc with its columns in the order of what was before the transpose. */
export const absorbTransposeIntoFc = rule('absorb-transpose-into-fc', {
  semantics: 'reassociating',
  pattern: op('fully_connected', {
    as: 'fc',
    inputs: [op('reshape', { as: 'flat', inputs: [op('transpose', { as: 'turn', inputs: [value('x'), constant('p')] })] }), constant('w')],
  }),
  check({ fc, flat, turn, p, w }, graph) {
    const perm = constInts(p)!
    const [rows, ...sizes] = graph.value(turn.outputs[0]!).type.shape
    const flattened = graph.value(flat.outputs[0]!).type.shape
    const columns = w.type.shape[1]
    const keepsRows = perm[0] === 0 && flattened.length === 2 && flattened[0] === rows
    if (!keepsRows || !isStatic(sizes) || elementCount(sizes) !== columns || flattened[1] !== columns)
      return miss('the reshape does not put all but the first dim together', flat)
    if (w.type.dtype !== 'f32' || w.fixed !== undefined) return miss('the weights must stay as they are', fc)
    if (graph.useCount(w.id) > 1) return miss('the weights have other readers', fc)
    if (!isReadOnce(graph, turn) || !isReadOnce(graph, flat)) return miss('the transposed value has other readers', turn)
    return hit({ sizes, order: [0, ...inverseOf(perm).slice(1)], shape: w.type.shape as readonly number[] })
  },
  rewrite({ fc, flat, x, w }, { sizes, order, shape }, b) {
    const [rows] = shape
    const apart = b.op(ops.reshape, [w, b.i32([rows!, ...sizes])])
    const columns = b.op(ops.reshape, [b.op(ops.transpose, [apart, b.i32(order)]), b.i32(shape)])
    const [, target] = b.graph.operands(flat)
    const [, , ...rest] = b.graph.operands(fc)
    return b.like(fc, { inputs: [b.like(flat, { inputs: [x, target!] }), columns, ...rest] })
  },
})
