import type { ByteSource } from '../core/bytes.ts'

export type FileFormat = 'keras-h5' | 'keras-zip' | 'tflite' | 'json' | GraphFormat | `${GraphFormat}-text` | 'unknown' | 'empty'
/** A GraphDef, a SavedModel's own file, or the `.meta` of a checkpoint. */
type GraphFormat = 'graph-def' | 'saved-model' | 'meta-graph'

const hdf5Magic = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
const zipMagic = [0x50, 0x4b, 0x03, 0x04]
const tfliteMagic = [0x54, 0x46, 0x4c, 0x33]

/**
 * What a file is, from its bytes; its name is not looked at. Of a protobuf only the first fields are looked at.
 * An HDF5 superblock may also stand at 512, 1024 or 2048. @see HDF5 file format specification, II.A
 */
export function detectFormat(source: ByteSource): FileFormat {
  if (source.byteLength === 0) return 'empty'
  const starts = (magic: readonly number[], at: number) => {
    if (source.byteLength < at + magic.length) return false
    const bytes = source.read(at, magic.length)
    return magic.every((b, i) => bytes[i] === b)
  }
  if ([0, 512, 1024, 2048].some((at) => starts(hdf5Magic, at))) return 'keras-h5'
  if (starts(zipMagic, 0)) return 'keras-zip'
  if (starts(tfliteMagic, 4)) return 'tflite'
  const head = source.read(0, Math.min(source.byteLength, 4096))
  const text = new TextDecoder().decode(head).replace(/^\ufeff/, '')
  if (/^\s*\{/.test(text)) return 'json'
  return textFormat(text) ?? binaryFormat(source)
}

/** By the first field's name, behind comments. */
function textFormat(text: string): FileFormat | undefined {
  const [, name = ''] = /^(?:\s*#[^\n]*\n)*\s*([a-z_]+)\s*[:{<]/.exec(text) ?? []
  if (['saved_model_schema_version', 'meta_graphs'].includes(name)) return 'saved-model-text'
  if (['meta_info_def', 'graph_def', 'saver_def', 'collection_def', 'signature_def'].includes(name)) return 'meta-graph-text'
  return ['node', 'library', 'versions', 'version'].includes(name) ? 'graph-def-text' : undefined
}

/** Fields that tell; a MetaGraphDef is told by its second or third. */
const fieldsLookedAt = 4

/**
 * Of protobuf messages that look alike: field 1 of a SavedModel is a number, that of the others a message; field 3 of a MetaGraphDef is
 * a message, that of a GraphDef a number, and its field 1 occurs once.
 * @see tensorflow/core/protobuf/{saved_model,meta_graph}.proto, tensorflow/core/framework/graph.proto
 */
function binaryFormat(source: ByteSource): FileFormat {
  let found: FileFormat = 'unknown'
  const seen = new Set<number>()
  for (let n = 0, at = 0; n < fieldsLookedAt && at < source.byteLength; n++) {
    const bytes = source.read(at, Math.min(16, source.byteLength - at))
    const [tag, afterTag] = varint(bytes, 0)
    const [length, afterLength] = varint(bytes, afterTag)
    const [field, wireType] = [tag >>> 3, tag & 7]
    if (Number.isNaN(length) || (wireType !== 0 && wireType !== 2) || field < 1 || field > 7) return 'unknown'
    if (field === 1 && wireType === 0) return 'saved-model'
    if (wireType === 2 && field > 2 && field !== 4) return seen.has(2) ? 'meta-graph' : 'unknown'
    if (seen.has(1) && field === 1) return 'graph-def'
    seen.add(field)
    found = 'graph-def'
    at += afterLength + (wireType === 2 ? length : 0)
    if (at > source.byteLength) return 'unknown'
  }
  return found
}

/** A varint below 2^49 and where it ends; NaN when it does not end. */
function varint(bytes: Uint8Array, at: number): readonly [number, number] {
  let value = 0
  for (let i = 0; i < 7; i++) {
    const b = bytes[at + i]
    if (b === undefined) break
    value += (b & 0x7f) * 2 ** (7 * i)
    if (b < 0x80) return [value, at + i + 1]
  }
  return [Number.NaN, at]
}
