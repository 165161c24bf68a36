import type { Diagnostic } from './core/diagnostics.ts'
import type { SourceMetadata, SourceModel } from './import/source-graph.ts'
import type { Graph, Model } from './ir/types.ts'
import type { LowerOptions } from './lower/allow.ts'
import { lowerSource } from './lower/index.ts'
import { shareGraphs } from './ops/share-graphs.ts'
import { type OptimizeReport, optimizeModel } from './optimize/index.ts'
import { quantize } from './quantize/quantize.ts'
import type { Decision, QuantizeOptions } from './quantize/types.ts'

export interface ConvertOptions extends QuantizeOptions, Pick<LowerOptions, 'allowCustom' | 'allowFlex' | 'resultTypes'> {
  /** Called after import, lowering, each optimizer pass and quantization with the graphs as they stand. */
  readonly onPass?: (name: string, graph: Graph) => void
}

export interface Converted {
  readonly model: Model
  /** The same before quantization. */
  readonly floatModel: Model
  /** What was quantized, what was not, and why. */
  readonly decisions: readonly Decision[]
  readonly diagnostics: readonly Diagnostic[]
  readonly source: SourceMetadata & { readonly format: SourceModel['format']; readonly name: string }
  readonly optimized: OptimizeReport
}

/**
 * The whole way from an imported source model to a model ready for `writeTflite`: lower, optimize, quantize.
 * Throws `lower/*` with every op that cannot be lowered, and `quantize/*`.
 */
export function convert(source: SourceModel, options: ConvertOptions = {}): Converted {
  const lowered = lowerSource(source, options)
  for (const g of lowered.model.graphs) options.onPass?.('lower', g)
  const optimized = optimizeModel(lowered.model, options.onPass ? { onPass: options.onPass } : {})
  const floatModel = shareGraphs(optimized.model)
  const quantized = quantize(floatModel, options)
  if (options.mode && options.mode !== 'none') for (const g of quantized.model.graphs) options.onPass?.('quantize', g)
  return {
    model: quantized.model,
    floatModel,
    decisions: quantized.decisions,
    diagnostics: [...source.diagnostics, ...lowered.diagnostics, ...optimized.diagnostics, ...quantized.diagnostics],
    source: { ...source.metadata, format: source.format, name: source.name },
    optimized: optimized.report,
  }
}
