import { type ConstData, constFromBytes } from '../core/bytes.ts'
import { conversionMetadataTable, type modelOptimizationMode, type modelType } from '../schema/tflite/conversion-metadata.ts'
import type { NameOf } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'

export interface Conversion {
  /** Who converted: `downcast 0.1.0`. Stands where TensorFlow writes its own version. */
  readonly converter: string
  readonly modelType: NameOf<typeof modelType>
  readonly modes: readonly NameOf<typeof modelOptimizationMode>[]
}

export const conversionMetadataKey = 'CONVERSION_METADATA'

/** The buffer by which tools tell how a file was made. @see TensorFlow lite/schema/conversion_metadata.fbs */
export function conversionMetadata(c: Conversion): ConstData {
  return constFromBytes(
    encodeFlatbuffer(conversionMetadataTable, {
      environment: { tensorflowVersion: c.converter, apiVersion: 2, modelType: c.modelType, modelHash: 0n },
      options: { modelOptimizationModes: c.modes },
    }),
  )
}
