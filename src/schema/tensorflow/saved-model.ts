import { bytes, type Decoded, enumeration, int64, lazy, map, message, nested, optional, repeated, string } from '../../wire/protobuf.ts'
import { GraphDef, OpDef, TensorShapeProto } from './graph.ts'
import { SavedObjectGraph } from './object-graph.ts'

/* Messages around the graph of a SavedModel. @see tensorflow/core/protobuf/{saved_model,meta_graph,saver,variable}.proto */

export const TensorInfo = message('TensorInfo', {
  name: optional(string(1)),
  dtype: enumeration(2),
  tensorShape: nested(3, TensorShapeProto),
  cooSparse: nested(4, message('CooSparse', { valuesTensorName: string(1) })),
  compositeTensor: nested(5, message('CompositeTensor', {})),
})
export type TensorInfo = Decoded<typeof TensorInfo>

export const SignatureDef = message('SignatureDef', {
  inputs: map(1, nested(2, TensorInfo)),
  outputs: map(2, nested(2, TensorInfo)),
  methodName: string(3),
})
export type SignatureDef = Decoded<typeof SignatureDef>

const SaverDef = message('SaverDef', {
  filenameTensorName: string(1),
  saveTensorName: string(2),
  restoreOpName: string(3),
})

/** One entry of a graph collection such as `variables`. */
const CollectionDef = message('CollectionDef', {
  nodeList: nested(1, message('NodeList', { value: repeated(string(1)) })),
  bytesList: nested(2, message('BytesList', { value: repeated(bytes(1)) })),
})

const MetaInfoDef = message('MetaInfoDef', {
  strippedOpList: nested(2, message('OpList', { op: repeated(lazy(1, OpDef)) })),
  tags: repeated(string(4)),
  tensorflowVersion: string(5),
})

export const MetaGraphDef = message('MetaGraphDef', {
  metaInfoDef: nested(1, MetaInfoDef),
  graphDef: nested(2, GraphDef),
  saverDef: nested(3, SaverDef),
  collectionDef: map(4, lazy(2, CollectionDef)),
  signatureDef: map(5, nested(2, SignatureDef)),
  objectGraphDef: lazy(7, SavedObjectGraph),
})
export type MetaGraphDef = Decoded<typeof MetaGraphDef>

export const SavedModel = message('SavedModel', {
  savedModelSchemaVersion: int64(1),
  metaGraphs: repeated(lazy(2, MetaGraphDef)),
})

/** Only the tags of a MetaGraph, at little cost. */
export const MetaGraphTags = message('MetaGraphDef', { metaInfoDef: nested(1, message('MetaInfoDef', { tags: repeated(string(4)) })) })
