import type { SourceModel } from '../import/source-graph.ts'
import type { LowerOptions } from './allow.ts'
import { keras } from './keras/index.ts'
import { withMasks } from './keras/masks.ts'
import { type Lowered, lower } from './lower.ts'
import type { LoweringRegistry } from './registry.ts'
import { tensorflow } from './tf/index.ts'

const dialects: Readonly<Record<SourceModel['format'], LoweringRegistry>> = {
  'saved-model': tensorflow,
  'graph-def': tensorflow,
  'tfjs-graph': tensorflow,
  'keras-h5': keras,
  'keras-zip': keras,
  'tfjs-layers': keras,
}

/** The lowerings for the ops of a model. */
export function dialectOf(source: SourceModel): LoweringRegistry {
  return dialects[source.format]
}

/** Lowers a model with the registry of its dialect. Throws what `lower` throws. */
export function lowerSource(source: SourceModel, options: LowerOptions = {}): Lowered {
  const dialect = dialectOf(source)
  return lower(dialect === keras ? { ...source, graphs: source.graphs.map(withMasks) } : source, dialect, options)
}
