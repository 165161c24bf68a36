import { normalizeAxis, sameShape } from '../../core/shape.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { partsOf } from './parts.ts'

/** split of a concatenation into the operands it was made from, unpack of a pack along the same axis  =>  the operands. */
export const takeApartJoined: Rule = rule('take-apart-joined', {
  semantics: 'exact',
  pattern: op(['split', 'split_v', 'unpack'], { as: 'root' }),
  check({ root }, graph) {
    const parts = partsOf(graph, root)
    const joined = parts && graph.producer(parts.x.id)
    if (!joined || joined.op !== (root.op === 'unpack' ? 'pack' : 'concatenation')) return other
    if ((joined.attrs.fusedActivation ?? 'none') !== 'none') return other
    if (normalizeAxis(joined.attrs.axis as number, parts.x.type.shape.length) !== parts.axis) return miss('the axes differ', root)
    const operands = graph.operands(joined).map((v) => v!)
    const fits =
      operands.length === root.outputs.length && operands.every((v, i) => sameShape(v.type.shape, graph.value(root.outputs[i]!).type.shape))
    return fits ? hit({ operands }, [joined]) : miss('the parts are not the operands', root)
  },
  rewrite: (_, { operands }) => operands,
})
