import {
  bigInt64,
  bigUint64,
  bool,
  bytes,
  type Decoded,
  double,
  enumeration,
  float,
  int32,
  int64,
  type Lazy,
  lazy,
  type Message,
  map,
  message,
  nested,
  optional,
  repeated,
  string,
  uint32,
} from '../../wire/protobuf.ts'

/*
 * Messages of a TensorFlow graph, the fields that an importer needs.
 * @see tensorflow/core/framework/{tensor_shape,tensor,attr_value,node_def,op_def,function,versions,graph}.proto
 */

/** `TensorShape::MaxDimensions()` of TensorFlow is 254. */
const maxRank = 254
/** Operands of one node; a concatenation has hundreds. */
const maxInputs = 50_000

export const TensorShapeProto = message('TensorShapeProto', {
  dim: repeated(nested(2, message('Dim', { size: int64(1) })), maxRank),
  unknownRank: bool(3),
})
export type TensorShapeProto = Decoded<typeof TensorShapeProto>

export const TensorProto = message('TensorProto', {
  dtype: enumeration(1),
  tensorShape: nested(2, TensorShapeProto),
  tensorContent: bytes(4),
  floatVal: repeated(float(5)),
  doubleVal: repeated(double(6)),
  intVal: repeated(int32(7)),
  stringVal: repeated(bytes(8)),
  scomplexVal: repeated(float(9)),
  int64Val: repeated(bigInt64(10)),
  boolVal: repeated(bool(11)),
  dcomplexVal: repeated(double(12)),
  halfVal: repeated(int32(13)),
  uint32Val: repeated(uint32(16)),
  uint64Val: repeated(bigUint64(17)),
})
export type TensorProto = Decoded<typeof TensorProto>

/** A function named with attributes for it. */
export interface NameAttrList {
  readonly name: string
  readonly attr: ReadonlyMap<string, Lazy<AttrValue>>
}
export const NameAttrList: Message<NameAttrList> = message('NameAttrList', {
  name: string(1),
  attr: map(
    2,
    lazy(2, (): Message<AttrValue> => AttrValue),
  ),
})

const ListValue = message('ListValue', {
  s: repeated(bytes(2)),
  i: repeated(int64(3)),
  f: repeated(float(4)),
  b: repeated(bool(5)),
  type: repeated(enumeration(6)),
  shape: repeated(nested(7, TensorShapeProto)),
  tensor: repeated(lazy(8, TensorProto)),
  func: repeated(nested(9, NameAttrList)),
})

/** One of its fields is set. */
export interface AttrValue {
  readonly list: Decoded<typeof ListValue> | undefined
  readonly s: Uint8Array | undefined
  readonly i: number | undefined
  readonly f: number | undefined
  readonly b: boolean | undefined
  readonly type: number | undefined
  readonly shape: TensorShapeProto | undefined
  readonly tensor: Lazy<TensorProto> | undefined
  readonly placeholder: string | undefined
  readonly func: NameAttrList | undefined
}
export const AttrValue: Message<AttrValue> = message('AttrValue', {
  list: nested(1, ListValue),
  s: optional(bytes(2)),
  i: optional(int64(3)),
  f: optional(float(4)),
  b: optional(bool(5)),
  type: optional(enumeration(6)),
  shape: nested(7, TensorShapeProto),
  tensor: lazy(8, TensorProto),
  placeholder: optional(string(9)),
  func: nested(10, NameAttrList),
})

/** A node without its attributes, which are most of its bytes. */
export const NodeHead = message('NodeDef', { name: string(1), op: string(2), input: repeated(string(3), maxInputs) })
/** The attributes of a node. */
export const NodeAttributes = message('NodeDef', { attr: map(5, lazy(2, AttrValue)) })

const ArgDef = message('ArgDef', {
  name: string(1),
  type: enumeration(3),
  typeAttr: string(4),
  numberAttr: string(5),
  typeListAttr: string(6),
})

export const OpDef = message('OpDef', {
  name: string(1),
  inputArg: repeated(nested(2, ArgDef)),
  outputArg: repeated(nested(3, ArgDef)),
  attr: repeated(nested(4, message('AttrDef', { name: string(1), type: string(2), defaultValue: lazy(3, AttrValue) }))),
  isStateful: bool(17),
})
export type OpDef = Decoded<typeof OpDef>

export const FunctionDef = message('FunctionDef', {
  signature: nested(1, OpDef),
  nodeDef: repeated(lazy(3, NodeHead)),
  ret: map(4, string(2)),
  attr: map(5, lazy(2, AttrValue)),
  controlRet: map(6, string(2)),
})
export type FunctionDef = Decoded<typeof FunctionDef>

/** Only the name of an op. */
export const OpName = message('OpDef', { name: string(1) })
/** Only the name of a function. */
export const FunctionName = message('FunctionDef', { signature: nested(1, OpName) })

const FunctionDefLibrary = message('FunctionDefLibrary', { function: repeated(lazy(1, FunctionDef)) })

export const GraphDef = message('GraphDef', {
  node: repeated(lazy(1, NodeHead)),
  library: nested(2, FunctionDefLibrary),
  versions: nested(4, message('VersionDef', { producer: int32(1), minConsumer: int32(2) })),
})
export type GraphDef = Decoded<typeof GraphDef>
