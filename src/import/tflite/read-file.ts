import { type ByteSource, type ConstData, constFromSource } from '../../core/bytes.ts'
import { type Diagnostic, Diagnostics, DowncastError, toDiagnostic } from '../../core/diagnostics.ts'
import { builtinOperator } from '../../schema/tflite/builtin-operator.ts'
import { conversionMetadataTable } from '../../schema/tflite/conversion-metadata.ts'
import { type bufferTable, modelTable, type operatorCodeTable } from '../../schema/tflite/model.ts'
import { type ModelRecord, tfliteIdentifier } from '../../schema/tflite/records.ts'
import { decodeFlatbuffer } from '../../wire/flatbuffers/reader.ts'
import { codeOfName, nameOfCode, type RecordOf } from '../../wire/flatbuffers/schema.ts'
import { type TrailingZip, trailingZip } from '../../wire/trailing-zip.ts'
import { detectFormat, type FileFormat } from '../detect.ts'
import { externalWeights, inconsistentModel, notTflite, strangeRuntimeVersion, unknownField } from './diagnostics.ts'
import { verifyModel } from './verify.ts'

export type ConversionMetadata = RecordOf<typeof conversionMetadataTable>

/** A `.tflite` file: its tables as records, its weights as handles on the source. */
export interface TfliteFile {
  readonly name: string
  readonly byteLength: number
  readonly model: ModelRecord
  /** In the order of their numbers. Buffer 0 is the empty one that activations point to. */
  readonly buffers: readonly ConstData[]
  /** Metadata buffers by name, the two below included. */
  readonly metadata: ReadonlyMap<string, ConstData>
  /** The oldest runtime that has every op version, `2.3.0`. */
  readonly minRuntimeVersion: string | undefined
  readonly conversionMetadata: ConversionMetadata | undefined
  /** Associated files (labels, vocabularies), a zip archive behind all else. */
  readonly archive: TrailingZip | undefined
  readonly warnings: readonly Diagnostic[]
}

/** A longer one is none. */
const maxConversionMetadataBytes = 2 ** 20

/**
 * Reads and verifies a `.tflite` file; weights are not read, however large the file.
 * Throws `import/not-tflite`, `import/tflite-version`, `import/tflite-index-out-of-range`, `import/tflite-inconsistent` and the codes
 * of `decodeFlatbuffer`.
 * @see https://github.com/google-ai-edge/LiteRT the schema in `tflite/converter/schema/schema.fbs`
 */
export function readTfliteFile(source: ByteSource): TfliteFile {
  requireIdentifier(source)
  const { value, unknown } = decodeFlatbuffer(modelTable, source, { identifier: tfliteIdentifier })
  const { buffers: bufferRecords, ...rest } = value
  const buffers = bufferRecords.map((b, i) => locate(source, `buffers[${i}]`, b))
  refuseOverlap(source, buffers)
  const model: ModelRecord = {
    ...rest,
    operatorCodes: rest.operatorCodes.map(effectiveCode),
    subgraphs: rest.subgraphs.map((graph, g) => ({
      ...graph,
      operators: graph.operators.map(({ largeCustomOptionsOffset: offset, largeCustomOptionsSize: size, ...operator }, i) => ({
        ...operator,
        largeCustomOptions: offset > 1n ? range(source, `subgraphs[${g}].operators[${i}]`, offset, size) : undefined,
      })),
    })),
  }
  const diagnostics = new Diagnostics()
  verifyModel(source.name, model, buffers, diagnostics)
  diagnostics.throwIfErrors()

  const metadata = new Map(model.metadata.map((m) => [m.name, buffers[m.buffer]!]))
  const warnings = unknown.map((field) => unknownField(source.name, field))
  const external = model.subgraphs.flatMap((g) => g.tensors).filter((t) => t.externalBuffer !== 0)
  if (external[0]) {
    const groups = model.externalBufferGroups.map((g) => g.name)
    warnings.push(externalWeights(source.name, external[0].name, external.length, groups))
  }
  return {
    name: source.name,
    byteLength: source.byteLength,
    model,
    buffers,
    metadata,
    minRuntimeVersion: runtimeVersion(source.name, metadata.get('min_runtime_version'), warnings),
    conversionMetadata: readConversionMetadata(source.name, metadata.get('CONVERSION_METADATA'), warnings),
    archive: trailingZip(source),
    warnings,
  }
}

/** The op of an operator code: files before 2020 have the deprecated field only, ops from 127 on the new one only. */
function effectiveCode(code: RecordOf<typeof operatorCodeTable>): RecordOf<typeof operatorCodeTable> {
  const builtin = Math.max(code.deprecatedBuiltinCode, codeOfName(builtinOperator, code.builtinCode))
  return { ...code, deprecatedBuiltinCode: Math.min(builtin, 127), builtinCode: nameOfCode(builtinOperator, builtin) }
}

/** Buffers are parts of the file, so together they are no larger; otherwise a small file could stand for terabytes. */
function refuseOverlap(source: ByteSource, buffers: readonly ConstData[]): void {
  const bytes = [...new Set(buffers)].reduce((n, b) => n + b.byteLength, 0)
  if (bytes > source.byteLength) {
    throw inconsistentModel(source.name, 'buffers', 'size of all buffers', `at most ${source.byteLength} bytes`, `${bytes}`)
  }
}

/** Bytes of a buffer: in the tables, or behind them (offsets 0 and 1 mean none, as runtimes have it). */
function locate(source: ByteSource, path: string, { data, offset, size }: RecordOf<typeof bufferTable>): ConstData {
  if (data) return data
  return offset > 1n ? range(source, path, offset, size) : constFromSource(source, 0, 0)
}

function range(source: ByteSource, path: string, offset: bigint, size: bigint): ConstData {
  if (offset + size > BigInt(source.byteLength)) {
    throw inconsistentModel(source.name, path, 'place of the data', `within ${source.byteLength} bytes`, `${size} bytes at ${offset}`)
  }
  return constFromSource(source, Number(offset), Number(size))
}

/** The field has 16 bytes, in which numbers of four digits and a zero byte fit. */
function runtimeVersion(file: string, buffer: ConstData | undefined, warnings: Diagnostic[]): string | undefined {
  if (!buffer) return undefined
  const text = new TextDecoder().decode(buffer.bytes().subarray(0, 64)).replace(/\0.*$/s, '')
  if (text === '' || /^\d{1,4}(\.\d{1,4}){0,2}$/.test(text)) return text || undefined
  warnings.push(strangeRuntimeVersion(file, text))
  return undefined
}

function readConversionMetadata(file: string, buffer: ConstData | undefined, warnings: Diagnostic[]): ConversionMetadata | undefined {
  if (!buffer || buffer.byteLength > maxConversionMetadataBytes) return undefined
  const source: ByteSource = {
    name: `${file} (CONVERSION_METADATA)`,
    byteLength: buffer.byteLength,
    read: (offset, length) => buffer.bytes().subarray(offset, offset + length),
  }
  try {
    return decodeFlatbuffer(conversionMetadataTable, source).value
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
    warnings.push(toDiagnostic(e, 'warning'))
    return undefined
  }
}

const formatNames: Readonly<Record<FileFormat, string | undefined>> = {
  'keras-h5': 'an HDF5 file, such as a Keras .h5 model',
  'keras-zip': 'a zip archive, such as a .keras model',
  tflite: undefined,
  json: 'JSON, such as a TensorFlow.js model.json',
  'graph-def': 'a TensorFlow graph, such as a frozen .pb',
  'graph-def-text': 'a TensorFlow graph in text form, such as a .pbtxt',
  'saved-model': 'a protobuf, such as a saved_model.pb',
  'saved-model-text': 'a protobuf in text form, such as a saved_model.pbtxt',
  'meta-graph': 'the graph of a TensorFlow checkpoint',
  'meta-graph-text': 'the graph of a TensorFlow checkpoint in text form',
  unknown: undefined,
  empty: 'an empty file',
}

function requireIdentifier(source: ByteSource): void {
  const format = detectFormat(source)
  if (format === 'tflite') return
  const head = new TextDecoder().decode(source.read(0, Math.min(source.byteLength, 64)))
  if (head.startsWith('version https://git-lfs')) {
    throw notTflite(source.name, 'a Git LFS pointer', 'Fetch the model itself with git lfs pull.')
  }
  if (/^\s*<(!doctype|html)/i.test(head))
    throw notTflite(source.name, 'an HTML page', 'The download gave a web page: fetch the file itself.')
  const convertible = /^(keras|json|graph-def|saved-model)/.test(format)
  throw notTflite(source.name, formatNames[format], convertible ? 'Convert it first: downcast convert.' : undefined)
}
