import {
  always,
  data,
  i8,
  i32,
  named,
  oneOf,
  placeableTables,
  string,
  table,
  tables,
  u32,
  u64,
  vector,
} from '../../wire/flatbuffers/schema.ts'
import { builtinOperator } from './builtin-operator.ts'
import { builtinOptions, builtinOptions2 } from './builtin-options.ts'
import { customOptionsFormat } from './enums.ts'
import { tensorTable } from './tensor.ts'

/*
 * The model file: operator codes, subgraphs, buffers, signatures. Runtimes, TFLite Micro above all, read the fields marked `always` unchecked.
 */

export const operatorCodeTable = table('OperatorCode', {
  deprecatedBuiltinCode: i8(0),
  customCode: string(1),
  version: i32(2, 1),
  builtinCode: named(builtinOperator, 'i32', 3),
})
export const operatorTable = table('Operator', {
  opcodeIndex: u32(0),
  inputs: always(vector('i32', 1)),
  outputs: always(vector('i32', 2)),
  builtinOptions: oneOf(builtinOptions, 3),
  customOptions: vector('u8', 5),
  customOptionsFormat: named(customOptionsFormat, 'i8', 6),
  mutatingVariableInputs: vector('bool', 7),
  intermediates: vector('i32', 8),
  largeCustomOptionsOffset: u64(9),
  largeCustomOptionsSize: u64(10),
  builtinOptions2: oneOf(builtinOptions2, 11),
  debugMetadataIndex: i32(13, -1),
})
export const subGraphTable = table('SubGraph', {
  tensors: always(tables(tensorTable, 0)),
  inputs: always(vector('i32', 1)),
  outputs: always(vector('i32', 2)),
  operators: always(tables(operatorTable, 3)),
  name: string(4),
  debugMetadataIndex: i32(5, -1),
})
export const bufferTable = table('Buffer', { data: data(0), offset: u64(1), size: u64(2) })
const externalBufferGroupTable = table('ExternalBufferGroup', { name: string(0) })
const externalBufferTable = table('ExternalBuffer', {
  id: u32(0),
  group: u32(1),
  offset: u64(2),
  length: u64(3),
  packing: string(4),
})
const metadataTable = table('Metadata', { name: always(string(0)), buffer: u32(1) })
const tensorMapTable = table('TensorMap', { name: always(string(0)), tensorIndex: u32(1) })
export const signatureDefTable = table('SignatureDef', {
  inputs: always(tables(tensorMapTable, 0)),
  outputs: always(tables(tensorMapTable, 1)),
  signatureKey: always(string(2)),
  subgraphIndex: u32(4),
})
export const modelTable = table('Model', {
  version: u32(0),
  operatorCodes: tables(operatorCodeTable, 1),
  subgraphs: tables(subGraphTable, 2),
  description: string(3),
  buffers: placeableTables(bufferTable, 4),
  metadataBuffer: vector('i32', 5),
  metadata: tables(metadataTable, 6),
  signatureDefs: tables(signatureDefTable, 7),
  externalBufferGroups: tables(externalBufferGroupTable, 8),
  externalBuffers: tables(externalBufferTable, 9),
})
