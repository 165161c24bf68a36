import { type ByteSink, memorySink } from '../core/bytes.ts'
import { version } from '../core/version.ts'
import { constBytes } from '../ir/const-bytes.ts'
import type { Model } from '../ir/types.ts'
import { keptModel } from '../ops/kept.ts'
import { type Conversion, conversionMetadata, conversionMetadataKey } from './conversion-metadata.ts'
import { type WrittenFile, writeTfliteFile } from './file-writer.ts'
import { modelRecord } from './model-record.ts'

export type ExportOptions = Partial<Omit<Conversion, 'converter'>>

export interface WrittenModel extends WrittenFile {
  /** First runtime release that runs every op. */
  readonly minRuntimeVersion: string
}

/**
 * Writes a model to a sink, weights streamed. Equal models give equal bytes.
 * Throws what computing a constant throws (`wire/*`) and what the sink throws.
 */
export function writeTflite(model: Model, sink: ByteSink, options: ExportOptions = {}): WrittenModel {
  const conversion = conversionMetadata({
    converter: `downcast ${version}`,
    modelType: options.modelType ?? 'NONE',
    modes: options.modes ?? [],
  })
  const { record, buffers, minRuntimeVersion } = modelRecord(model, new Map([[conversionMetadataKey, conversion]]))
  const written = writeTfliteFile(record, buffers, sink)
  const archive = keptModel(model)?.archive
  if (!archive) return { ...written, minRuntimeVersion }
  sink.write(archive.movedTo(written.byteLength), written.byteLength)
  return { ...written, byteLength: written.byteLength + archive.byteLength, minRuntimeVersion }
}

/** Room for the tables of most models. */
const tableBytes = 1 << 16

/** The same in memory. */
export function tfliteBytes(model: Model, options: ExportOptions = {}): Uint8Array {
  const sink = memorySink(constBytes(model) + tableBytes)
  writeTflite(model, sink, options)
  return sink.bytes()
}
