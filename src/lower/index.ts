import type { SourceModel } from '../import/source-graph.ts'
import { type Lowered, lower } from './lower.ts'
import { tensorflow } from './tf/index.ts'

/** Lowers a model with the registry of its dialect. Throws what `lower` throws. */
export function lowerSource(source: SourceModel): Lowered {
  return lower(source, tensorflow)
}
