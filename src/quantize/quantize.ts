import { constFromBytes } from '../core/bytes.ts'
import type { Model } from '../ir/types.ts'
import { unknownMode } from './diagnostics.ts'
import { dynamicRange } from './dynamic-range.ts'
import { float16 } from './float16.ts'
import { keepFloatMatcher } from './keep-float.ts'
import { type Decision, type Quantized, type QuantizeOptions, quantizeModes } from './types.ts'

/** Tells the runtime that the model may compute in f16 with f32 accumulation. @see TFLite delegates/utils/metadata reduced_precision */
const reducedPrecisionKey = 'reduced_precision_support'

/**
 * A smaller model from a float one; `mode` says how. The input is not changed.
 * Throws `quantize/unknown-mode`, `quantize/unmatched-pattern`, `quantize/not-finite`.
 */
export function quantize(model: Model, options: QuantizeOptions = {}): Quantized {
  const mode = options.mode ?? 'none'
  const keep = keepFloatMatcher(model, options.keepFloat ?? [])
  if (mode === 'none') return { model, decisions: [], diagnostics: [] }
  const decisions: Decision[] = []
  const graphs = model.graphs.map((graph) => {
    const result = passes[mode as keyof typeof passes]?.(graph, options, keep)
    if (!result) throw unknownMode(mode, quantizeModes)
    decisions.push(...result.decisions)
    return result.graph
  })
  const metadata = new Map(model.metadata)
  if (mode === 'float16') metadata.set(reducedPrecisionKey, constFromBytes(new TextEncoder().encode('fp16accfp32')))
  return { model: { ...model, graphs, metadata }, decisions, diagnostics: [] }
}

const passes = {
  dynamic: dynamicRange,
  float16: (graph: Parameters<typeof float16>[0], _: QuantizeOptions, keep: Parameters<typeof float16>[1]) => float16(graph, keep),
}
