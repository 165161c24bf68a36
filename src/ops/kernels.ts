import * as binary from './elementwise/binary.kernel.ts'
import * as unary from './elementwise/unary.kernel.ts'
import type { Kernel } from './fold.ts'
import type { OpName } from './index.ts'
import * as conv from './nn/conv.kernel.ts'
import { fullyConnected } from './nn/fully-connected.kernel.ts'
import * as pool from './nn/pool.kernel.ts'
import * as softmax from './nn/softmax.kernel.ts'
import * as quantization from './quant/quantize.kernel.ts'
import * as reduce from './reduce/reduce.kernel.ts'
import { cast } from './shape/cast.kernel.ts'
import * as concat from './shape/concat.kernel.ts'
import * as pad from './shape/pad.kernel.ts'
import { sameBytes, shape } from './shape/reshape.kernel.ts'
import { gather, slice, stridedSlice } from './shape/slice.kernel.ts'
import { transpose } from './shape/transpose.kernel.ts'

/** Why an op has no reference kernel. */
interface NoKernel {
  readonly none: string
}

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
  dequantize: quantization.dequantize,
  quantize: quantization.quantize,
} satisfies { readonly [K in OpName]: Kernel | NoKernel }

/** Reference kernels by op name; undefined where the table gives a reason instead. */
export const kernels: Readonly<Record<string, Kernel | undefined>> = Object.fromEntries(
  Object.entries<Kernel | NoKernel>(table).map(([name, k]) => [name, typeof k === 'function' ? k : undefined]),
)

/** Why an op has no kernel; undefined when it has one. */
export function whyNoKernel(name: OpName): string | undefined {
  const entry = (table as Readonly<Record<OpName, Kernel | NoKernel>>)[name]
  return typeof entry === 'function' ? undefined : entry.none
}

/** Ops whose kernels read scales and zero points; the others compute on plain numbers or move elements. */
export const readsQuantization: ReadonlySet<string> = new Set<OpName>(['dequantize', 'quantize'])
