import { mulDims } from '../core/dim.ts'
import { broadcastShapes, type Dim, isStatic, type Shape, sameShape } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import type { AttrSchema, OpSpec } from '../ops/spec.ts'
import { reshapeTo, shapeOf } from './operands.ts'

/**
 * An element-by-element op whose operands broadcast. Kernels broadcast up to a rank of their own (`broadcastRank` of the record): above
 * it neighbouring dims that broadcast alike are merged, and where that is not enough the operands are broadcast first.
 */
export function elementwise(b: OpBuilder, spec: OpSpec<string, AttrSchema>, operands: readonly Value[]): Value {
  const limit = spec.broadcastRank ?? Number.POSITIVE_INFINITY
  const shapes = operands.map((v) => v.type.shape)
  const rank = Math.max(...shapes.map((s) => s.length))
  const full = shapes.reduce<Shape | undefined>((a, s) => a && broadcastShapes(a, s), [])
  if (rank <= limit || !full || shapes.every((s) => sameShape(s, shapes[0]!))) return b.op(spec, operands)
  const merged = mergeAlike(shapes, full)
  if (merged.length > limit) return b.op(spec, broadcastTogether(b, operands))
  const small = operands.map((v, k) =>
    reshapeTo(
      b,
      v,
      merged.map((group) => group.sizes[k]!),
    ),
  )
  return reshapeTo(b, b.op(spec, small), full, operands)
}

/** All operands at the shape to which they broadcast. */
export function broadcastTogether(b: OpBuilder, operands: readonly Value[]): Value[] {
  const full = operands.reduce<Shape>((a, v) => broadcastShapes(a, v.type.shape) ?? a, [])
  const target = isStatic(full) ? b.i32(full) : operands.map((v) => shapeOf(b, v)).reduce((a, s) => b.op(op.broadcastArgs, [a, s]))
  return operands.map((v) => (sameShape(v.type.shape, full) && isStatic(full) ? v : b.op(op.broadcastTo, [v, target])))
}

interface Group {
  /** Which operands have the full size here; undefined where that is not known, and nothing merges. */
  readonly pattern: string | undefined
  readonly sizes: readonly Dim[]
}

function mergeAlike(shapes: readonly Shape[], full: Shape): Group[] {
  const groups: Group[] = []
  full.forEach((size, i) => {
    if (size === 1) return
    const here = shapes.map((s) => s[s.length - full.length + i] ?? 1)
    const isKnown = here.every((d) => d === size || d === 1)
    const pattern = isKnown ? here.map((d) => Number(d === size)).join('') : undefined
    const last = groups.at(-1)
    if (last && pattern !== undefined && last.pattern === pattern)
      groups[groups.length - 1] = { pattern, sizes: last.sizes.map((d, k) => mulDims(d, here[k]!)) }
    else groups.push({ pattern, sizes: here })
  })
  return groups
}
