import { addN } from './elementwise/add-n.kernel.ts'
import * as binary from './elementwise/binary.kernel.ts'
import * as complex from './elementwise/complex.kernel.ts'
import * as select from './elementwise/select.kernel.ts'
import * as unary from './elementwise/unary.kernel.ts'
import type { Kernel, PieceKernel, PlaceKernel } from './fold.ts'
import type { OpName } from './index.ts'
import { batchMatmul } from './nn/batch-matmul.kernel.ts'
import * as conv from './nn/conv.kernel.ts'
import { conv3d } from './nn/conv-3d.kernel.ts'
import { embeddingLookup } from './nn/embedding-lookup.kernel.ts'
import { fullyConnected } from './nn/fully-connected.kernel.ts'
import * as nms from './nn/non-max-suppression.kernel.ts'
import * as normalize from './nn/normalize.kernel.ts'
import * as pool from './nn/pool.kernel.ts'
import * as resize from './nn/resize.kernel.ts'
import { rfft2d } from './nn/rfft.kernel.ts'
import * as softmax from './nn/softmax.kernel.ts'
import * as transposed from './nn/transpose-conv.kernel.ts'
import * as quantization from './quant/quantize.kernel.ts'
import { unidirectionalSequenceLstm } from './recurrent/sequence-lstm.kernel.ts'
import * as arg from './reduce/arg.kernel.ts'
import { cumsum } from './reduce/cumsum.kernel.ts'
import * as reduce from './reduce/reduce.kernel.ts'
import * as segment from './reduce/segment.kernel.ts'
import * as blocks from './shape/blocks.kernel.ts'
import { cast } from './shape/cast.kernel.ts'
import * as concat from './shape/concat.kernel.ts'
import * as matrix from './shape/matrix.kernel.ts'
import * as oneHot from './shape/one-hot.kernel.ts'
import * as pad from './shape/pad.kernel.ts'
import { bitcast, rank, sameBytes, shape } from './shape/reshape.kernel.ts'
import * as reverse from './shape/reverse.kernel.ts'
import * as scatter from './shape/scatter.kernel.ts'
import { gather, slice, stridedSlice } from './shape/slice.kernel.ts'
import * as split from './shape/split.kernel.ts'
import * as tile from './shape/tile.kernel.ts'
import { transpose, transposePieces, transposePlaces } from './shape/transpose.kernel.ts'
import * as where from './shape/where.kernel.ts'

/** Why an op has no reference kernel. */
interface NoKernel {
  readonly none: string
}

const random: NoKernel = { none: 'its results are random' }
const stateful: NoKernel = { none: 'it works on other graphs or on state' }

/** The kernel of every record, or why there is none. */
const table = {
  relu: unary.relu,
  relu6: unary.relu6,
  relu_n1_to_1: unary.reluN1To1,
  relu_0_to_1: unary.relu0To1,
  leaky_relu: unary.leakyRelu,
  elu: unary.elu,
  hard_swish: unary.hardSwish,
  gelu: unary.gelu,
  logistic: unary.logistic,
  tanh: unary.tanh,
  exp: unary.exp,
  log: unary.log,
  sqrt: unary.sqrt,
  rsqrt: unary.rsqrt,
  sin: unary.sin,
  cos: unary.cos,
  floor: unary.floor,
  ceil: unary.ceil,
  round: unary.round,
  abs: unary.abs,
  neg: unary.neg,
  square: unary.square,
  sign: unary.sign,
  logical_not: unary.logicalNot,
  zeros_like: unary.zerosLike,
  add: binary.add,
  sub: binary.sub,
  mul: binary.mul,
  div: binary.div,
  maximum: binary.maximum,
  minimum: binary.minimum,
  squared_difference: binary.squaredDifference,
  pow: binary.pow,
  floor_div: binary.floorDiv,
  floor_mod: binary.floorMod,
  greater: binary.greater,
  greater_equal: binary.greaterEqual,
  less: binary.less,
  less_equal: binary.lessEqual,
  equal: binary.equal,
  not_equal: binary.notEqual,
  logical_and: binary.logicalAnd,
  logical_or: binary.logicalOr,
  conv_2d: conv.conv2d,
  depthwise_conv_2d: conv.depthwiseConv2d,
  fully_connected: fullyConnected,
  average_pool_2d: pool.averagePool2d,
  max_pool_2d: pool.maxPool2d,
  softmax: softmax.softmax,
  log_softmax: softmax.logSoftmax,
  mean: reduce.mean,
  sum: reduce.sum,
  reduce_max: reduce.reduceMax,
  reduce_min: reduce.reduceMin,
  reduce_prod: reduce.reduceProd,
  reduce_any: reduce.reduceAny,
  reduce_all: reduce.reduceAll,
  reshape: sameBytes,
  squeeze: sameBytes,
  expand_dims: sameBytes,
  shape,
  transpose,
  concatenation: concat.concatenation,
  pack: concat.pack,
  pad: pad.pad,
  padv2: pad.pad,
  mirror_pad: pad.mirrorPad,
  slice,
  strided_slice: stridedSlice,
  gather,
  cast,
  atan2: binary.atan2,
  bitwise_xor: binary.bitwiseXor,
  right_shift: binary.rightShift,
  real: complex.real,
  imag: complex.imag,
  complex_abs: complex.complexAbs,
  prelu: binary.prelu,
  add_n: addN,
  select: select.select,
  select_v2: select.selectV2,
  conv_3d: conv3d,
  conv_3d_transpose: transposed.conv3dTranspose,
  transpose_conv: transposed.transposeConv,
  batch_matmul: batchMatmul,
  embedding_lookup: embeddingLookup,
  l2_pool_2d: pool.l2Pool2d,
  l2_normalization: normalize.l2Normalization,
  local_response_normalization: normalize.localResponseNormalization,
  resize_bilinear: resize.resizeBilinear,
  resize_nearest_neighbor: resize.resizeNearestNeighbor,
  rfft2d,
  arg_max: arg.argMax,
  arg_min: arg.argMin,
  topk_v2: arg.topkV2,
  cumsum,
  segment_sum: segment.segmentSum,
  unsorted_segment_sum: segment.segmentSum,
  unsorted_segment_prod: segment.unsortedSegmentProd,
  unsorted_segment_max: segment.unsortedSegmentMax,
  unsorted_segment_min: segment.unsortedSegmentMin,
  rank,
  split: split.split,
  split_v: split.splitV,
  unpack: split.unpack,
  gather_nd: scatter.gatherNd,
  scatter_nd: scatter.scatterNd,
  sparse_to_dense: scatter.sparseToDense,
  dynamic_update_slice: scatter.dynamicUpdateSlice,
  tile: tile.tile,
  broadcast_to: tile.broadcastTo,
  broadcast_args: tile.broadcastArgs,
  fill: tile.fill,
  range: tile.range,
  space_to_depth: blocks.spaceToDepth,
  depth_to_space: blocks.depthToSpace,
  space_to_batch_nd: blocks.spaceToBatchNd,
  batch_to_space_nd: blocks.batchToSpaceNd,
  reverse_v2: reverse.reverseV2,
  reverse_sequence: reverse.reverseSequence,
  matrix_diag: matrix.matrixDiag,
  matrix_set_diag: matrix.matrixSetDiag,
  one_hot: oneHot.oneHot,
  bucketize: oneHot.bucketize,
  where: where.where,
  unique: where.unique,
  bitcast,
  non_max_suppression_v4: nms.nonMaxSuppressionV4,
  non_max_suppression_v5: nms.nonMaxSuppressionV5,
  unidirectional_sequence_lstm: unidirectionalSequenceLstm,
  random_uniform: random,
  random_standard_normal: random,
  multinomial: random,
  while: stateful,
  if: stateful,
  call_once: stateful,
  var_handle: stateful,
  read_variable: stateful,
  assign_variable: stateful,
  dequantize: quantization.dequantize,
  quantize: quantization.quantize,
} satisfies { readonly [K in OpName]: Kernel | NoKernel }

/** Reference kernels by op name; undefined where the table gives a reason instead. */
export const kernels: Readonly<Record<string, Kernel | undefined>> = Object.fromEntries(
  Object.entries<Kernel | NoKernel>(table).map(([name, k]) => [name, typeof k === 'function' ? k : undefined]),
)

/** Kernels that can give their result piece by piece. */
export const pieceKernels: Readonly<Record<string, PieceKernel | undefined>> = { transpose: transposePieces } satisfies Partial<
  Record<OpName, PieceKernel>
>

/** Kernels that tell where the first elements of their result come from. */
export const placeKernels: Readonly<Record<string, PlaceKernel | undefined>> = { transpose: transposePlaces } satisfies Partial<
  Record<OpName, PlaceKernel>
>

/** Ops whose result has the bytes of their first operand. */
export const keepsBytes: ReadonlySet<string> = new Set(
  Object.keys(table).filter((name) => kernels[name] === sameBytes || kernels[name] === bitcast),
)

/** Why an op has no kernel; undefined when it has one. */
export function whyNoKernel(name: OpName): string | undefined {
  const entry = (table as Readonly<Record<OpName, Kernel | NoKernel>>)[name]
  return typeof entry === 'function' ? undefined : entry.none
}

/** Ops whose kernels compute on f32 only, whatever else the record takes. */
export const floatKernels: ReadonlySet<string> = new Set<OpName>([
  'conv_2d',
  'depthwise_conv_2d',
  'fully_connected',
  'transpose_conv',
  'embedding_lookup',
  'average_pool_2d',
  'max_pool_2d',
  'l2_pool_2d',
  'softmax',
  'log_softmax',
  'l2_normalization',
  'resize_bilinear',
  'unidirectional_sequence_lstm',
])

/** Ops whose kernels read scales and zero points; the others compute on plain numbers or move elements. */
export const readsQuantization: ReadonlySet<string> = new Set<OpName>(['dequantize', 'quantize'])
