import { bool, enumeration, named, names, nested, string, table, tables, u32, u64, vector } from '../../wire/flatbuffers/schema.ts'

/*
 * The `CONVERSION_METADATA` buffer: who made the file, and how.
 */

export const modelType = enumeration([
  'NONE',
  'TF_SAVED_MODEL',
  'KERAS_MODEL',
  'TF_CONCRETE_FUNCTIONS',
  'TF_GRAPH_DEF',
  'TF_SESSION',
  'JAX',
  'PYTORCH',
])
export const modelOptimizationMode = enumeration({
  PTQ_FLOAT16: 1001,
  PTQ_DYNAMIC_RANGE: 1002,
  PTQ_FULL_INTEGER: 1003,
  PTQ_INT16: 1004,
  QUANTIZATION_AWARE_TRAINING: 2000,
  RANDOM_SPARSITY: 3001,
  BLOCK_SPARSITY: 3002,
  STRUCTURED_SPARSITY: 3003,
})
const environmentTable = table('Environment', {
  tensorflowVersion: string(0),
  apiVersion: u32(1),
  modelType: named(modelType, 'i32', 2),
  modelHash: u64(3),
})
const sparsityBlockSizeTable = table('SparsityBlockSize', { values: vector('u32', 0) })
const conversionOptions = table('ConversionOptions', {
  modelOptimizationModes: names(modelOptimizationMode, 'i32', 0),
  allowCustomOps: bool(1),
  enableSelectTfOps: bool(2),
  forceSelectTfOps: bool(3),
  sparsityBlockSizes: tables(sparsityBlockSizeTable, 4),
})
export const conversionMetadataTable = table('ConversionMetadata', {
  environment: nested(environmentTable, 0),
  options: nested(conversionOptions, 1),
})
