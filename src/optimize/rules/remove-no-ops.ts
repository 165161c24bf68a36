import { sameShape } from '../../core/shape.ts'
import { constInts } from '../../ops/view.ts'
import { op, value } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/**
 * Ops that give back their operand  =>  the operand: reshape to the same shape, cast or bitcast to the same type, transpose in
 * order, concatenation of one, padding by zero, a slice of everything.
 */
export const removeNoOps = rule('remove-no-ops', {
  semantics: 'exact',
  pattern: op(
    [
      'reshape',
      'squeeze',
      'cast',
      'bitcast',
      'transpose',
      'concatenation',
      'pad',
      'padv2',
      'mirror_pad',
      'slice',
      'strided_slice',
      'broadcast_to',
    ],
    {
      as: 'root',
      inputs: [value('x')],
    },
  ),
  check({ root, x }, graph) {
    const { type } = resultOf(graph, root)
    if (type.dtype !== x.type.dtype || !sameShape(type.shape, x.type.shape)) return other
    const ints = (i: number) => constInts(graph.operands(root)[i])
    switch (root.op) {
      case 'transpose':
        return ints(1)?.every((p, i) => p === i) ? hit() : other
      case 'concatenation':
        return root.inputs.length === 1 && root.attrs.fusedActivation === 'none' ? hit() : other
      case 'pad':
      case 'padv2':
      case 'mirror_pad':
        return ints(1)?.every((p) => p === 0) ? hit() : other
      case 'slice':
        return ints(1)?.every((begin) => begin === 0) ? hit() : other
      case 'strided_slice':
        return ints(3)?.every((stride) => stride === 1) ? hit() : other
      default:
        return hit()
    }
  },
  rewrite: ({ x }) => x,
})
