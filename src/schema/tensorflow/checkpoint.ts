import {
  bytes,
  type Decoded,
  enumeration,
  fixed32,
  int32,
  int64,
  message,
  nested,
  optional,
  repeated,
  string,
} from '../../wire/protobuf.ts'
import { TensorShapeProto } from './graph.ts'

/* Values of the table `variables.index`. @see tensorflow/core/protobuf/tensor_bundle.proto */

/** Under the empty key. */
export const BundleHeader = message('BundleHeaderProto', {
  numShards: int32(1),
  /** 0 little, 1 big. */
  endianness: enumeration(2),
})

/** A part of a tensor; an extent without a length is all of its dim. */
export const TensorSliceProto = message('TensorSliceProto', {
  extent: repeated(nested(1, message('Extent', { start: int64(1), length: optional(int64(2)) }))),
})

export const BundleEntry = message('BundleEntryProto', {
  dtype: enumeration(1),
  shape: nested(2, TensorShapeProto),
  shardId: int32(3),
  offset: int64(4),
  size: int64(5),
  /** Masked CRC-32C of the tensor's bytes. */
  crc32c: optional(fixed32(6)),
  /** Not empty when the tensor is stored in pieces. */
  slices: repeated(nested(7, TensorSliceProto)),
})
export type BundleEntry = Decoded<typeof BundleEntry>

/*
 * Values of a checkpoint of the first version, one table with names and numbers. @see tensorflow/core/util/saved_tensor_slice.proto
 */

/** Numbers of one slice. Packed fields are taken as the bytes that they are: those of fixed width need no decoding. */
export const SliceNumbers = message('TensorProto', {
  floatVal: bytes(5),
  doubleVal: bytes(6),
  intVal: bytes(7),
  stringVal: repeated(bytes(8)),
  scomplexVal: bytes(9),
  int64Val: bytes(10),
  boolVal: bytes(11),
  halfVal: bytes(13),
})
export type SliceNumbers = Decoded<typeof SliceNumbers>

/** Under the empty key the tensors, under that of each slice its numbers. */
export const SavedTensorSlices = message('SavedTensorSlices', {
  meta: nested(
    1,
    message('SavedTensorSliceMeta', {
      tensor: repeated(
        nested(
          1,
          message('SavedSliceMeta', {
            name: string(1),
            shape: nested(2, TensorShapeProto),
            type: enumeration(3),
            slice: repeated(nested(4, TensorSliceProto)),
          }),
        ),
      ),
    }),
  ),
  data: nested(2, message('SavedSlice', { data: nested(3, SliceNumbers) })),
})
