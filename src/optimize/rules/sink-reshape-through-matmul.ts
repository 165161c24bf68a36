import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'
import { shapeOperand } from './shape-operand.ts'

/** reshape [..,K] to [B,K] -> batch_matmul with a matrix -> reshape   =>  batch_matmul, then one reshape (which may do nothing). */
export const sinkReshapeThroughMatmul = rule('sink-reshape-through-matmul', {
  semantics: 'exact',
  pattern: op('batch_matmul', {
    as: 'matmul',
    attrs: { adjX: false },
    inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] }), value('y')],
  }),
  check({ matmul, reshape, x, y }, graph) {
    const { shape } = resultOf(graph, matmul).type
    const readers = graph.users(matmul.outputs[0]!)
    if (y.type.shape.length !== 2 || shape.length !== 2 || readers.length !== 1 || readers[0]!.op !== 'reshape') return other
    if (x.type.shape.length < 2) return miss('the operand is a vector', reshape)
    if (x.type.shape.at(-1) !== resultOf(graph, reshape).type.shape[1]) return miss('the reshape changes the last dim', reshape)
    const flat = shapeOperand(shape)
    return flat ? hit({ flat }) : miss('more than one size of the result is unknown', matmul)
  },
  rewrite: ({ matmul, x, y }, { flat }, b) => b.op(ops.reshape, [b.like(matmul, { inputs: [x, y] }), b.i32(flat)]),
})
