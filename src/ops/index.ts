import * as control from './control/control.ts'
import { addN } from './elementwise/add-n.ts'
import * as binary from './elementwise/binary.ts'
import * as complex from './elementwise/complex.ts'
import { prelu } from './elementwise/prelu.ts'
import * as select from './elementwise/select.ts'
import * as unary from './elementwise/unary.ts'
import { batchMatmul } from './nn/batch-matmul.ts'
import * as conv from './nn/conv.ts'
import * as conv3d from './nn/conv-3d.ts'
import { embeddingLookup } from './nn/embedding-lookup.ts'
import { fullyConnected } from './nn/fully-connected.ts'
import * as nms from './nn/non-max-suppression.ts'
import * as normalize from './nn/normalize.ts'
import * as pool from './nn/pool.ts'
import * as resize from './nn/resize.ts'
import { rfft2d } from './nn/rfft.ts'
import * as softmax from './nn/softmax.ts'
import { transposeConv } from './nn/transpose-conv.ts'
import * as quantization from './quant/quantize.ts'
import * as random from './random/random.ts'
import { unidirectionalSequenceLstm } from './recurrent/sequence-lstm.ts'
import * as arg from './reduce/arg.ts'
import { cumsum } from './reduce/cumsum.ts'
import * as reduce from './reduce/reduce.ts'
import * as segment from './reduce/segment.ts'
import { bitcast } from './shape/bitcast.ts'
import * as blocks from './shape/blocks.ts'
import { cast } from './shape/cast.ts'
import * as concat from './shape/concat.ts'
import * as matrix from './shape/matrix.ts'
import * as oneHot from './shape/one-hot.ts'
import * as pad from './shape/pad.ts'
import * as reshape from './shape/reshape.ts'
import * as reverse from './shape/reverse.ts'
import * as scatter from './shape/scatter.ts'
import { gather, slice, stridedSlice } from './shape/slice.ts'
import * as split from './shape/split.ts'
import * as tile from './shape/tile.ts'
import { transpose } from './shape/transpose.ts'
import * as where from './shape/where.ts'
import type { OpSpec } from './spec.ts'

/** Every op record, by its name in `BuiltinOperator`'s families. Lowerings import them from here. */
export const op = {
  ...unary,
  ...binary,
  ...complex,
  prelu,
  addN,
  ...select,
  ...conv,
  ...conv3d,
  transposeConv,
  fullyConnected,
  batchMatmul,
  embeddingLookup,
  ...pool,
  ...normalize,
  ...resize,
  rfft2d,
  ...nms,
  unidirectionalSequenceLstm,
  ...softmax,
  ...reduce,
  ...arg,
  cumsum,
  ...segment,
  ...reshape,
  transpose,
  ...concat,
  ...split,
  ...pad,
  stridedSlice,
  slice,
  gather,
  ...scatter,
  ...tile,
  ...blocks,
  ...reverse,
  ...matrix,
  ...oneHot,
  ...where,
  cast,
  bitcast,
  ...quantization,
  ...random,
  ...control,
}

/** Names of the ops that have a record. */
export type OpName = (typeof op)[keyof typeof op]['name']

const byName = new Map<string, OpSpec>(Object.values(op).map((spec) => [spec.name, spec as unknown as OpSpec]))
const byBuiltin = new Map<string, OpSpec>([...byName.values()].map((spec) => [spec.builtin, spec]))

/** The record of an op by its IR name. */
export function findSpec(name: string): OpSpec | undefined {
  return byName.get(name)
}

/** The record of a `BuiltinOperator`. */
export function findBuiltin(builtin: string): OpSpec | undefined {
  return byBuiltin.get(builtin)
}

/** Every record, in a fixed order. */
export function allSpecs(): readonly OpSpec[] {
  return [...byName.values()]
}
