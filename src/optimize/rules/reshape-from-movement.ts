import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { movesUnitsOnly } from '../turned-form.ts'
import { resultOf } from '../weighted.ts'
import { shapeOperand } from './shape-operand.ts'

/** squeeze, expand_dims, pack of one, or a transpose that moves only dims of size 1  =>  reshape. */
export const reshapeFromMovement = rule('reshape-from-movement', {
  semantics: 'exact',
  pattern: op(['squeeze', 'expand_dims', 'pack', 'transpose'], { as: 'root', inputs: [value('x')] }),
  check({ root, x }, graph) {
    if (root.op === 'pack' && root.inputs.length !== 1) return other
    if (root.op === 'transpose') {
      const perm = constInts(graph.operands(root)[1])
      if (!perm || !movesUnitsOnly(x.type.shape, perm)) return other
    }
    const shape = shapeOperand(resultOf(graph, root).type.shape)
    return shape ? hit({ shape }) : miss('more than one size of the result is unknown', root)
  },
  rewrite: ({ x }, { shape }, b) => b.op(ops.reshape, [x, b.i32(shape)]),
})
