import { normalizeAxis, sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { op } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { elementwiseNames, inverseOf, turnedConstant } from '../turned-form.ts'
import { resultOf } from '../weighted.ts'

/**
 * transpose -> elementwise op   =>  the op, then the transpose; so that transposes meet and cancel, and ops meet the
 * convolutions before the transpose. All operands must be transposed alike, or constant;
 * pad and concatenation move their paddings and axis along.
 */
export const sinkTranspose = rule('sink-transpose', {
  semantics: 'exact',
  pattern: op([...elementwiseNames, 'pad', 'concatenation'], { as: 'root' }),
  check({ root }, graph) {
    if (!root.inputs.some((id) => id !== null && graph.producer(id)?.op === 'transpose')) return other
    const operands = graph.operands(root)
    const transposes = operands.map((v) => (v ? transposeOf(graph, v) : undefined))
    const first = transposes.find((t) => t !== undefined)
    if (!first) return other
    const { perm } = first
    const rank = perm.length
    for (const [i, v] of operands.entries()) {
      const t = transposes[i]
      if (t && !t.perm.every((p, k) => p === perm[k])) return miss('its operands are transposed in different ways', root)
      if (t && graph.users(v!.id).some((u) => u.id !== root.id)) return miss('the transposed value has other readers', t.node)
      if (t && graph.useCount(v!.id) > operands.filter((o) => o?.id === v!.id).length)
        return miss('the transposed value has other readers', t.node)
      if (!t && (!v?.data || v.type.shape.length > rank)) return miss('an operand is not transposed', root)
    }
    const { shape } = resultOf(graph, root).type
    if (elementwiseNames.includes(root.op) && !operands.some((v, i) => transposes[i] && sameShape(v!.type.shape, shape)))
      return miss('the transposed operand is broadcast', root)
    return hit(
      { perm, sources: transposes.map((t) => t?.x) },
      transposes.flatMap((t) => (t ? [t.node] : [])),
    )
  },
  rewrite({ root }, { perm, sources }, b) {
    const inverse = inverseOf(perm)
    const inputs = b.graph.operands(root).map((v, i) => {
      if (sources[i]) return sources[i]
      return root.op === 'pad' ? permutedPaddings(b, v!, inverse) : turnedConstant(b, v!, inverse)
    })
    const axis = root.op === 'concatenation' ? { axis: perm[normalizeAxis(root.attrs.axis as number, perm.length)!]! } : {}
    return b.op(ops.transpose, [b.like(root, { inputs, attrs: axis }), b.i32(perm)])
  },
})

function transposeOf(graph: GraphEditor, v: Value): { node: Node; x: Value; perm: readonly number[] } | undefined {
  const node = graph.producer(v.id)
  if (node?.op !== 'transpose') return undefined
  const [x, p] = graph.operands(node)
  const perm = constInts(p)
  return perm ? { node, x: x!, perm } : undefined
}

function permutedPaddings(b: RewriteBuilder, paddings: Value, inverse: readonly number[]): Value {
  const p = constInts(paddings)!
  return b.i32(
    inverse.flatMap((k) => [p[2 * k]!, p[2 * k + 1]!]),
    [inverse.length, 2],
  )
}
