import { type Decoded, enumeration, fixed32, int32, int64, message, nested, optional, repeated } from '../../wire/protobuf.ts'
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
