import { type Diagnostic, toDiagnostic } from './core/diagnostics.ts'
import type { SourceMetadata, SourceModel } from './import/source-graph.ts'
import { importTflite } from './import/tflite/import-model.ts'
import type { TfliteFile } from './import/tflite/read-file.ts'
import type { Graph, Model } from './ir/types.ts'
import type { LowerOptions } from './lower/allow.ts'
import { lowerSource } from './lower/index.ts'
import { shareGraphs } from './ops/share-graphs.ts'
import { type OptimizeReport, optimizeModel } from './optimize/index.ts'
import { nothingEqualized } from './quantize/diagnostics.ts'
import { type Equalization, equalize } from './quantize/equalize/equalize.ts'
import { quantize } from './quantize/quantize.ts'
import { narrowHalves, widenHalves } from './quantize/stored-halves.ts'
import type { Decision, Quantized, QuantizeOptions } from './quantize/types.ts'

export interface ConvertOptions
  extends QuantizeOptions,
    Pick<LowerOptions, 'allowCustom' | 'allowFlex' | 'resultTypes' | 'foldLimitBytes' | 'keepGrids'> {
  /** Level the weights of neighbouring ops before anything else, see `equalize`. Default false. */
  readonly equalize?: boolean
  /** Called after import, lowering, each optimizer pass and quantization with the graphs as they stand. */
  readonly onPass?: (name: string, graph: Graph) => void
}

export interface Converted {
  readonly model: Model
  /** The same before quantization; of a file with weights stored as f16 these are f32. */
  readonly floatModel: Model
  /** What was equalized and what was not, where it was asked for. */
  readonly equalization?: Pick<Equalization, 'pairs' | 'others'>
  /** Which biases were corrected and which were not, where it was asked for. */
  readonly biasCorrection?: Quantized['biasCorrection']
  /** `floatModel` with these biases. */
  readonly correctedModel?: Model
  /** What was quantized, what was not, and why. */
  readonly decisions: readonly Decision[]
  readonly diagnostics: readonly Diagnostic[]
  readonly source: SourceMetadata & { readonly format: SourceModel['format'] | 'tflite'; readonly name: string }
  readonly optimized: OptimizeReport
}

/**
 * The whole way from an imported source model to a model ready for `writeTflite`: lower, optimize, equalize, quantize.
 * Throws `lower/*` with every op that cannot be lowered, and `quantize/*`.
 */
export function convert(source: SourceModel, options: ConvertOptions = {}): Converted {
  const keepGrids = options.keepGrids ?? isQuantizing(options)
  const lowered = lowerSource(source, { ...options, keepGrids })
  for (const g of lowered.model.graphs) options.onPass?.('lower', g)
  const { onPass, foldLimitBytes } = options
  const optimized = optimizeModel(lowered.model, { foldLimitBytes, ...(onPass && { onPass }) })
  const floatModel = shareGraphs(optimized.model)
  const float: Converted = {
    model: floatModel,
    floatModel,
    decisions: [],
    diagnostics: [...source.diagnostics, ...lowered.diagnostics, ...optimized.diagnostics],
    source: { ...source.metadata, format: source.format, name: source.name },
    optimized: optimized.report,
  }
  return quantizeConverted(equalized(float, options), options)
}

function equalized(float: Converted, options: Pick<ConvertOptions, 'equalize' | 'onPass'>): Converted {
  if (!options.equalize) return float
  const { model, pairs, others } = equalize(float.floatModel)
  for (const g of model.graphs) options.onPass?.('equalize', g)
  const diagnostics = pairs.length > 0 ? float.diagnostics : [...float.diagnostics, toDiagnostic(nothingEqualized(others), 'warning')]
  return { ...float, model: narrowHalves(model), floatModel: model, equalization: { pairs, others }, diagnostics }
}

/** A model that was converted without quantization, quantized: so ranges can be found in between. Throws `quantize/*`. */
export function quantizeConverted(converted: Converted, options: QuantizeOptions & Pick<ConvertOptions, 'onPass'>): Converted {
  const isWidened = isQuantizing(options) && options.mode !== 'float16'
  const done = quantize(isWidened ? converted.floatModel : converted.model, options)
  const quantized = isWidened ? { ...done, model: narrowHalves(done.model) } : done
  if (isQuantizing(options)) for (const g of quantized.model.graphs) options.onPass?.('quantize', g)
  return {
    ...converted,
    model: quantized.model,
    ...(quantized.biasCorrection && { biasCorrection: quantized.biasCorrection }),
    ...(quantized.correctedModel && { correctedModel: quantized.correctedModel }),
    decisions: quantized.decisions,
    diagnostics: [...converted.diagnostics, ...quantized.diagnostics],
  }
}

/**
 * A `.tflite` file with its weights stored smaller. Its graph stays op for op: nothing is optimized (but weights may be equalized), and what is quantized already, stored
 * sparse or not known here is left as it is, with the reason among the decisions; weights stored as f16 are quantized as the floats that they stand for. Throws `quantize/*` and `import/tflite-inconsistent`.
 */
export function convertTflite(file: TfliteFile, options: QuantizeOptions & Pick<ConvertOptions, 'onPass' | 'equalize'> = {}): Converted {
  const model = importTflite(file)
  for (const g of model.graphs) options.onPass?.('import', g)
  const signatures = model.signatures.map((s) => s.key)
  const frameworkVersion = file.conversionMetadata?.environment?.tensorflowVersion || undefined
  const float: Converted = {
    model,
    floatModel: widenHalves(model),
    decisions: [],
    diagnostics: file.warnings,
    source: { tags: [], frameworkVersion, producer: undefined, framework: 'tensorflow', signatures, format: 'tflite', name: file.name },
    optimized: { passes: [], nearMisses: [], memory: { beforeBytes: 0, afterBytes: 0 } },
  }
  return quantizeConverted(equalized(float, options), options)
}

const isQuantizing = ({ mode, recipe }: QuantizeOptions): boolean => recipe !== undefined || (mode !== undefined && mode !== 'none')
