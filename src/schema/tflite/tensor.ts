import { always, bool, i32, named, nested, oneOf, string, table, tables, u32, union, vector } from '../../wire/flatbuffers/schema.ts'
import { dimensionType, tensorType } from './enums.ts'

/*
 * Tensors: type, quantization, sparsity.
 */

const customQuantizationTable = table('CustomQuantization', { custom: vector('u8', 0) })
const blockwiseQuantizationTable = table('BlockwiseQuantization', {
  scales: i32(0),
  zeroPoints: i32(1),
  blockSize: i32(2),
  blockShape: vector('i32', 3),
})
const multiAxisQuantizationTable = table('MultiAxisQuantization', {
  scales: i32(0),
  zeroPoints: i32(1),
  blockSize: i32(2),
  quantizedDimensions: vector('i32', 3),
})
const quantizationDetails = union('QuantizationDetails', {
  CustomQuantization: customQuantizationTable,
  BlockwiseQuantization: blockwiseQuantizationTable,
  MultiAxisQuantization: multiAxisQuantizationTable,
})
const quantizationParametersTable = table('QuantizationParameters', {
  min: vector('f32', 0),
  max: vector('f32', 1),
  scale: vector('f32', 2),
  zeroPoint: vector('i64', 3),
  details: oneOf(quantizationDetails, 4),
  quantizedDimension: i32(6),
})
const int32VectorTable = table('Int32Vector', { values: vector('i32', 0) })
const uint16VectorTable = table('Uint16Vector', { values: vector('u16', 0) })
const uint8VectorTable = table('Uint8Vector', { values: vector('u8', 0) })
const sparseIndexVector = union('SparseIndexVector', {
  Int32Vector: int32VectorTable,
  Uint16Vector: uint16VectorTable,
  Uint8Vector: uint8VectorTable,
})
const dimensionMetadataTable = table('DimensionMetadata', {
  format: named(dimensionType, 'i8', 0),
  denseSize: i32(1),
  arraySegments: oneOf(sparseIndexVector, 2),
  arrayIndices: oneOf(sparseIndexVector, 4),
})
const sparsityParametersTable = table('SparsityParameters', {
  traversalOrder: vector('i32', 0),
  blockMap: vector('i32', 1),
  dimMetadata: tables(dimensionMetadataTable, 2),
})
const variantSubTypeTable = table('VariantSubType', { shape: vector('i32', 0), type: named(tensorType, 'i8', 1), hasRank: bool(2) })
export const tensorTable = table('Tensor', {
  shape: always(vector('i32', 0)),
  type: named(tensorType, 'i8', 1),
  buffer: u32(2),
  name: string(3),
  quantization: nested(quantizationParametersTable, 4),
  isVariable: bool(5),
  sparsity: nested(sparsityParametersTable, 6),
  shapeSignature: vector('i32', 7),
  hasRank: bool(8),
  variantTensors: tables(variantSubTypeTable, 9),
  externalBuffer: u32(10),
})
