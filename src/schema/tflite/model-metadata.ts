import { enumeration, named, nested, oneOf, string, table, tables, u32, union, vector } from '../../wire/flatbuffers/schema.ts'

/*
 * The part of the `TFLITE_METADATA` buffer that tells how inputs are prepared: pictures, and their normalization.
 * @see https://github.com/google-ai-edge/LiteRT metadata_schema.fbs
 */

const imageSizeTable = table('ImageSize', { width: u32(0), height: u32(1) })
const imagePropertiesTable = table('ImageProperties', {
  colorSpace: named(enumeration(['UNKNOWN', 'RGB', 'GRAYSCALE']), 'i8', 0),
  defaultSize: nested(imageSizeTable, 1),
})
const contentTable = table('Content', {
  contentProperties: oneOf(
    union('ContentProperties', { FeatureProperties: table('FeatureProperties', {}), ImageProperties: imagePropertiesTable }),
    0,
  ),
})
const normalizationTable = table('NormalizationOptions', { mean: vector('f32', 0), std: vector('f32', 1) })
const processUnitTable = table('ProcessUnit', {
  options: oneOf(union('ProcessUnitOptions', { NormalizationOptions: normalizationTable }), 0),
})
const tensorMetadataTable = table('TensorMetadata', {
  name: string(0),
  content: nested(contentTable, 3),
  processUnits: tables(processUnitTable, 4),
})
const subGraphMetadataTable = table('SubGraphMetadata', { inputTensorMetadata: tables(tensorMetadataTable, 2) })
export const modelMetadataTable = table('ModelMetadata', {
  subgraphMetadata: tables(subGraphMetadataTable, 3),
  minParserVersion: string(7),
})

export const modelMetadataKey = 'TFLITE_METADATA'
export const modelMetadataIdentifier = 'M001'
