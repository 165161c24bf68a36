import { op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { operandAt } from '../weighted.ts'

/** reshape [..,K] to [B,K]  ->  fc   =>  fc, which flattens leading dims itself. */
export const absorbReshapeIntoFc = rule('absorb-reshape-into-fc', {
  semantics: 'exact',
  pattern: op('fully_connected', {
    as: 'fc',
    attrs: { keepNumDims: false },
    inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] })],
  }),
  check({ fc, reshape, x }, graph) {
    const inner = operandAt(graph, fc, 1)!.type.shape[1]
    if (x.type.shape.at(-1) !== inner) return miss('the reshape changes the last dim', reshape)
    return hit()
  },
  rewrite: ({ fc, x }, _, b) => b.like(fc, { inputs: [x, ...b.graph.operands(fc).slice(1)] }),
})
