import type { ConstData } from '../core/bytes.ts'
import type { Model, Value } from '../ir/types.ts'
import { foldedFrom } from '../ops/fold.ts'

/** A constant of the finished model that folding made larger than what it was computed from. */
export interface GrownConstant {
  readonly value: Value
  /** Source layers whose ops were folded. */
  readonly layers: readonly string[]
  readonly beforeBytes: number
  readonly afterBytes: number
}

/** Growth up to this is shapes and scalars. */
const toldBytes = 1024

/**
 * Constants that folding made larger, those that grew most first. What a constant was computed from counts as saved unless the model
 * still holds it.
 */
export function grownByFolding(model: Model): readonly GrownConstant[] {
  const held = new Map<ConstData | string, Value>()
  for (const g of model.graphs) for (const v of g.values.values()) if (v.data) held.set(v.data.key ?? v.data, v)
  const grown: GrownConstant[] = []
  for (const value of held.values()) {
    const folded = foldedFrom(value.data!)
    if (!folded) continue
    let beforeBytes = 0
    for (const source of folded.from) if (!held.has(source.key ?? source)) beforeBytes += source.byteLength
    const afterBytes = value.data!.byteLength
    if (afterBytes > beforeBytes + toldBytes) grown.push({ value, layers: [...folded.layers], beforeBytes, afterBytes })
  }
  return grown.sort((a, b) => b.afterBytes - b.beforeBytes - (a.afterBytes - a.beforeBytes))
}
