import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { shapeOperand } from './shape-operand.ts'

/** reshape(x, shape computed at run time)  =>  reshape(x, constant with one -1), when all sizes but one are known. */
export const materializeShapeOperand = rule('materialize-shape-operand', {
  semantics: 'exact',
  pattern: op('reshape', { as: 'root', inputs: [value('x'), value('shape')] }),
  check({ root, shape }, graph) {
    if (shape.data) return other
    const known = shapeOperand(shape.dims ?? graph.value(root.outputs[0]!).type.shape)
    if (!known) return miss('more than one size of the result is unknown', root)
    return known.filter((d) => d === -1).length <= 1 ? hit({ known }) : miss('more than one size is unknown', root)
  },
  rewrite: ({ x }, { known }, b) => b.op(ops.reshape, [x, b.i32(known)]),
})
