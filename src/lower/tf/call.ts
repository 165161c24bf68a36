import type { DType } from '../../core/dtype.ts'
import type { SourceAttr } from '../../import/source-graph.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { unsupportedOp } from '../diagnostics.ts'
import { SourceOp } from '../source-op.ts'
import { tensorflow } from './index.ts'

/** Attributes of a TensorFlow op by plain values; `float` and `type` mark what JavaScript does not tell apart. */
export type PlainAttrs = Readonly<
  Record<string, boolean | string | number | readonly number[] | { readonly float: number } | { readonly type: DType }>
>

function attrOf(v: PlainAttrs[string]): SourceAttr {
  if (typeof v === 'boolean') return { kind: 'bool', value: v }
  if (typeof v === 'string') return { kind: 'string', value: v, bytes: new TextEncoder().encode(v) }
  if (typeof v === 'number') return { kind: 'int', value: v }
  if ('float' in v) return { kind: 'float', value: v.float }
  if ('type' in v) return { kind: 'type', value: v.type, code: 0 }
  return { kind: 'ints', value: v }
}

/** The results of a TensorFlow op on `operands`: another dialect's layer said in its terms. Throws what its lowering throws. */
export function tensorflowOp(
  from: SourceOp,
  b: OpBuilder,
  name: string,
  operands: readonly Value[],
  attrs: PlainAttrs = {},
): readonly Value[] {
  const lowering = tensorflow[name]
  if (!lowering)
    throw unsupportedOp(
      name,
      from.layer,
      operands.map((v) => v.type),
    )
  const map = new Map(Object.entries(attrs).map(([key, v]) => [key, attrOf(v)]))
  const node = {
    name: from.node.name,
    op: name,
    inputs: [],
    layer: from.layer === undefined ? [] : [from.layer],
    attrs: { get: (key: string) => map.get(key), has: (key: string) => map.has(key), names: () => [...map.keys()] },
  }
  const result = lowering(new SourceOp(node, operands, from.context), b)
  return Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
}
