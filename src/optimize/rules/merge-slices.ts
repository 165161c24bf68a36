import type { GraphEditor } from '../../ir/graph.ts'
import type { Node } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { slicedRange } from '../../ops/shape/slice.ts'
import { constInts } from '../../ops/view.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isReadOnce, resultOf } from '../weighted.ts'

/** What is taken along one axis; undefined: everything. */
type Range = { readonly start: number; readonly count: number; readonly stride: number } | undefined

/** The ranges that a slice or strided_slice takes along each axis, all known; undefined when one is not, or runs backwards. */
function rangesOf(graph: GraphEditor, node: Node): readonly Range[] | undefined {
  const [x, begin, second, third] = graph.operands(node)
  const { shape } = x!.type
  const from = constInts(begin)
  const to = constInts(second)
  if (!from || !to || node.attrs.offset || node.attrs.ellipsisMask || node.attrs.newAxisMask) return undefined
  const kept = resultOf(graph, node).type.shape
  const strides = node.op === 'slice' ? shape.map(() => 1) : constInts(third)
  if (!strides?.every((s) => s > 0)) return undefined
  const ranges = shape.map((d, i): Range | null => {
    const bit = 1 << i
    if (node.op === 'slice') {
      if (from[i] === 0 && d === kept[i]) return undefined
      return typeof kept[i] === 'number' ? { start: from[i]!, count: kept[i], stride: 1 } : null
    }
    const isOne = ((node.attrs.shrinkAxisMask as number) & bit) !== 0
    const isOpen = (mask: unknown) => ((mask as number) & bit) !== 0 && !isOne
    const start = isOpen(node.attrs.beginMask) || i >= from.length ? undefined : from[i]
    const end = isOpen(node.attrs.endMask) || i >= to.length ? undefined : to[i]
    if (start === undefined && end === undefined && (strides[i] ?? 1) === 1) return undefined
    if (typeof d !== 'number') return null
    if (isOne) return { start: start! < 0 ? start! + d : start!, count: 1, stride: 1 }
    return { ...slicedRange(d, start, end, strides[i] ?? 1), stride: strides[i] ?? 1 }
  })
  return ranges.includes(null) ? undefined : (ranges as readonly Range[])
}

/** slice | strided_slice of a slice | strided_slice, all constant and forwards  =>  one strided_slice, or slice when no stride is left. */
export const mergeSlices = rule('merge-slices', {
  semantics: 'exact',
  pattern: op(['slice', 'strided_slice'], { as: 'root', inputs: [op(['slice', 'strided_slice'], { as: 'inner', inputs: [value('x')] })] }),
  check({ root, inner }, graph) {
    if (inner.attrs.shrinkAxisMask) return other
    const [first, second] = [rangesOf(graph, inner), rangesOf(graph, root)]
    if (!first || !second) return miss('a range is not known, or runs backwards', root)
    if (!isReadOnce(graph, inner)) return miss('the first slice has other readers', inner)
    const ranges = first.map((a, i): Range => {
      const b = second[i]
      if (!a || !b) return a ?? b
      return { start: a.start + b.start * a.stride, count: b.count, stride: a.stride * b.stride }
    })
    return ranges.some((r) => r?.count === 0)
      ? miss('nothing is left', root)
      : hit({ ranges, shrinkAxisMask: (root.attrs.shrinkAxisMask ?? 0) as number })
  },
  rewrite({ x }, { ranges, shrinkAxisMask }, b) {
    const start = b.i32(ranges.map((r) => r?.start ?? 0))
    if (shrinkAxisMask === 0 && ranges.every((r) => (r?.stride ?? 1) === 1))
      return b.op(ops.slice, [x, start, b.i32(ranges.map((r) => r?.count ?? -1))])
    const end = b.i32(ranges.map((r) => (r ? r.start + (r.count - 1) * r.stride + 1 : 0)))
    const openMask = ranges.reduce((mask, r, i) => (r ? mask : mask | (1 << i)), 0)
    const attrs = { beginMask: openMask, endMask: openMask, shrinkAxisMask }
    return b.op(ops.stridedSlice, [x, start, end, b.i32(ranges.map((r) => r?.stride ?? 1))], attrs)
  },
})
