import { type ConstData, constFromBytes } from '../../core/bytes.ts'
import { type DiagnosticFields, DowncastError } from '../../core/diagnostics.ts'
import type { Model } from '../../ir/types.ts'
import { modelMetadataIdentifier, modelMetadataKey, modelMetadataTable } from '../../schema/tflite/model-metadata.ts'
import { encodeFlatbuffer } from '../../wire/flatbuffers/writer.ts'
import { badKeptPreprocess } from './diagnostics.ts'
import { formatPreprocess, type Preprocess, parsePreprocess } from './preprocess.ts'
import { checkPreprocessing } from './preprocessing.ts'

/** Where a file says how its inputs are prepared: JSON, `{"version": 1, "inputs": {"x": "mean=0,std=255"}}`, `""` for inputs that are not named. */
export const preprocessKey = 'downcast.preprocess'
const version = 1
/** More than a model has inputs. */
const maxBytes = 64 << 10

/**
 * The model with its preprocessing in the metadata: whole for downcast, and what TFLite's own metadata has fields for (mean, std, size and color
 * of pictures) for others, unless the model has such metadata already. Without records the model as it is.
 * Throws `run/unknown-preprocess-input`.
 */
export function withPreprocess(model: Model, records: ReadonlyMap<string, Preprocess>): Model {
  if (records.size === 0) return model
  checkPreprocessing(
    records,
    model.signatures.flatMap((s) => s.inputs.map((p) => p.name)),
  )
  const inputs = Object.fromEntries([...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, p]) => [name, formatPreprocess(p)]))
  const metadata = new Map(model.metadata)
  if (!metadata.has(modelMetadataKey)) metadata.set(modelMetadataKey, standardMetadata(model, records))
  metadata.set(preprocessKey, constFromBytes(new TextEncoder().encode(JSON.stringify({ version, inputs }))))
  return { ...model, metadata }
}

/** @see https://ai.google.dev/edge/litert/models/metadata */
function standardMetadata({ graphs, signatures }: Model, records: ReadonlyMap<string, Preprocess>): ConstData {
  const subgraphMetadata = graphs.slice(0, 1).map((graph) => ({
    inputTensorMetadata: graph.inputs.map((id) => {
      const { name, type } = graph.values.get(id)!
      const port = signatures.find((s) => s.graph === 0)?.inputs.find((p) => p.value === id)
      const record = records.get(port?.name ?? name) ?? records.get('')
      return { name: port?.name ?? name, ...(record && describe(record, type.shape)) }
    }),
  }))
  return constFromBytes(
    encodeFlatbuffer(modelMetadataTable, { subgraphMetadata, minParserVersion: '1.0.0' }, { identifier: modelMetadataIdentifier }),
  )
}

function describe({ mean, std, color, layout }: Preprocess, shape: readonly (number | string)[]) {
  const normalization = { mean: Float32Array.from(mean), std: Float32Array.from(std) }
  const processUnits = [{ options: { type: 'NormalizationOptions' as const, value: normalization } }]
  const [height, width, channels] = layout === 'nchw' ? [shape[2], shape[3], shape[1]] : [shape[1], shape[2], shape[3]]
  if (shape.length !== 4 || typeof height !== 'number' || typeof width !== 'number') return { processUnits }
  const isGray = color === 'gray' || (color === undefined && channels === 1)
  const isRgb = color === 'rgb' || (color === undefined && channels === 3)
  const colorSpace = isGray ? ('GRAYSCALE' as const) : isRgb ? ('RGB' as const) : undefined
  if (colorSpace === undefined) return { processUnits }
  const image = { colorSpace, defaultSize: { width, height } }
  return { processUnits, content: { contentProperties: { type: 'ImageProperties' as const, value: image } } }
}

/**
 * The preprocessing that a file says of itself; undefined where it says none. What is no such record, or one of inputs that the file does not have,
 * is a problem and no preprocessing.
 */
export function keptPreprocess(
  file: string,
  metadata: ReadonlyMap<string, ConstData>,
  inputs: readonly string[],
): { readonly records?: ReadonlyMap<string, Preprocess>; readonly problem?: DiagnosticFields } {
  const data = metadata.get(preprocessKey)
  if (!data) return {}
  try {
    if (data.byteLength > maxBytes)
      return { problem: badKeptPreprocess(file, `it has ${data.byteLength} bytes, at most ${maxBytes} are read`) }
    const root: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data.bytes()))
    if (!isRecord(root) || root.version !== version || !isRecord(root.inputs))
      return { problem: badKeptPreprocess(file, `it is no record of version ${version}`) }
    const records = new Map<string, Preprocess>()
    for (const [name, text] of Object.entries(root.inputs)) {
      if (typeof text !== 'string') return { problem: badKeptPreprocess(file, `that of ${JSON.stringify(name)} is no text`) }
      records.set(name, parsePreprocess(text))
    }
    checkPreprocessing(records, inputs)
    return records.size === 0 ? {} : { records }
  } catch (e) {
    if (e instanceof DowncastError || e instanceof SyntaxError || e instanceof TypeError)
      return { problem: badKeptPreprocess(file, e instanceof DowncastError ? e.message.replace(/\.$/, '') : 'it is no JSON') }
    throw e
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
