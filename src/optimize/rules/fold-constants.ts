import { byteLengthOf } from '../../core/dtype.ts'
import { elementCount } from '../../core/shape.ts'
import { foldConstants as fold } from '../../ops/fold.ts'
import { findSpec, op as ops } from '../../ops/index.ts'
import { kernels } from '../../ops/kernels.ts'
import { foldingDeclined } from '../diagnostics.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isBetterFilled } from '../splats.ts'

/** op(constants)  =>  constant, computed now when small, when read when large. */
export const foldConstants = rule('fold-constants', {
  semantics: 'exact',
  pattern: op('*', { as: 'root' }),
  check({ root }, graph, limits) {
    const spec = findSpec(root.op)
    if (!spec || root.inputs.length === 0 || root.inputs.some((id) => id !== null && !graph.value(id).data)) return other
    const operands = graph.operands(root)
    if (operands.every((v) => v === null)) return other
    const results = root.outputs.map((id) => graph.value(id))
    const made = results.reduce((n, v) => n + byteLengthOf(v.type.dtype, elementCount(v.type.shape) ?? 0), 0)
    if (root.op === ops.fill.name && isBetterFilled(graph, results[0]!, made))
      return miss('it takes less of the file than its result', root)
    const folded = fold(
      spec,
      root.attrs,
      operands,
      results.map((v) => v.type),
      { limitBytes: limits.foldLimitBytes, origin: root.origin },
    )
    if (folded) return hit(results.map((v, i) => ({ type: v.type, data: folded[i]!, name: operands.find((o) => o?.data)?.name ?? v.name })))
    const held = operands.reduce((n, v) => n + (v?.data?.byteLength ?? 0), 0)
    if (spec.sideEffect || !kernels[root.op] || made <= held) return miss('it cannot be computed ahead', root)
    return miss('its result is much larger than its operands', root, foldingDeclined(root.op, root.origin, results[0]!, made - held))
  },
  rewrite: (_, found, b) => found.map(({ name, type, data }) => b.graph.addConst(name, type, data)),
})
