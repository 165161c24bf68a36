import { constFromBytes } from '../../src/core/bytes.ts'
import { ndArray, toFloat32 } from '../../src/core/nd-array.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { GraphEditor } from '../../src/ir/graph.ts'
import { seededRandom } from '../../src/ir/synthetic.ts'
import type { Model, Value } from '../../src/ir/types.ts'
import { OpBuilder } from '../../src/ops/build.ts'
import { findSpec, op } from '../../src/ops/index.ts'
import type { OpSpec } from '../../src/ops/spec.ts'
import type { QuantizedForm } from '../../src/quantize/matrix.ts'
import type { Ranges } from '../../src/quantize/ranges.ts'
import type { LiteRtRunner } from '../../src/run/litert.ts'

/** A model of one op, and float inputs for it. */
export interface OneOp {
  readonly model: Model
  readonly data: ReadonlyMap<string, { readonly values: Float32Array | Int32Array; readonly shape: readonly number[] }>
}

/** The float model of the op alone for a cell of the matrix, from its record and the table below. */
export function oneOpOf({ of, column }: QuantizedForm): OneOp {
  const spec = findSpec(of)!
  const e = new Example(column !== 'int8' && column !== 'uint8' && column !== 'int16x8')
  const make = Object.hasOwn(makers, spec.name) ? makers[spec.name]! : spec.operands.length === 1 ? unary() : binary
  const results = [make(e, spec)].flat()
  e.graph.setOutputs(results.map((v) => v.id))
  const graph = e.graph.finish()
  const inputs = graph.inputs.map((value) => ({ name: graph.values.get(value)!.name, value }))
  const outputs = graph.outputs.map((value, i) => ({ name: `y${i}`, value }))
  const signatures = [{ key: 'serving_default', graph: 0, inputs, outputs }]
  return { model: { graphs: [graph], signatures, description: '', metadata: new Map() }, data: e.data }
}

/** The results in LiteRT.js. */
export async function runOneOp(runner: LiteRtRunner, model: Model, data: OneOp['data']): Promise<Float32Array[]> {
  const loaded = await runner.load(tfliteBytes(model), { name: 'one.tflite' })
  const inputs = new Map(
    [...data].map(([name, { values, shape }]) => [name, ndArray(values instanceof Int32Array ? 'i32' : 'f32', values, shape)]),
  )
  const results = await loaded.run(inputs)
  const found = loaded.signatures[0]!.outputs.map((o) => toFloat32(results.get(o.name)!)!.slice())
  await loaded.dispose()
  return found
}

/** Those of inputs and results, where results are known, else of numbers within 1; the states of an LSTM are given some room. */
export function rangesOf({ graphs }: Model, data: OneOp['data'], results?: readonly Float32Array[]): Ranges {
  const [graph] = graphs
  return {
    of(_, value) {
      const at = graph!.outputs.indexOf(value.id)
      const seen = data.get(value.name)?.values ?? (at < 0 ? [-8, 8] : (results?.[at] ?? [-1, 1]))
      return [Math.min(...seen), Math.max(...seen)]
    },
  }
}

/** The part of the largest result by which the others may be off: a few steps of the coarsest numbers. */
export const toleranceOf = ({ column, bits }: QuantizedForm): number => 4 / 2 ** (bits ?? (column === 'int16x8' ? 10 : 8))

class Example {
  readonly graph = new GraphEditor('main')
  readonly b = new OpBuilder(this.graph)
  /** Whether what may be a table of weights is a constant. */
  readonly storesWeights: boolean
  readonly data = new Map<string, { values: Float32Array | Int32Array; shape: readonly number[] }>()
  readonly #next = seededRandom(7)

  constructor(storesWeights: boolean) {
    this.storesWeights = storesWeights
  }

  /** An input of `low` and 255 steps above it, the ends among its elements: on the i8 grid of its range where that has 0. */
  input(shape: readonly number[], low = -8, step = 1 / 16): Value {
    const values = Float32Array.from({ length: count(shape) }, (_, i) => low + (i < 2 ? 255 * i : Math.floor(256 * this.#next())) * step)
    return this.#add('f32', shape, values)
  }

  /** An input of numbers below `end`. */
  indices(shape: readonly number[], end: number): Value {
    return this.#add(
      'i32',
      shape,
      Int32Array.from({ length: count(shape) }, (_, i) => (i * 5) % end),
    )
  }

  #add(dtype: 'f32' | 'i32', shape: readonly number[], values: Float32Array | Int32Array): Value {
    const name = `x${this.data.size}`
    this.data.set(name, { values, shape })
    return this.graph.addInput(name, { dtype, shape })
  }

  /** A constant about 0, channels of different magnitude. */
  weights(shape: readonly number[], most = 2.5): Value {
    const values = Array.from(
      { length: count(shape) },
      (_, i) => (this.#next() - 0.5) * 0.4 * most * (1 + (Math.floor(i / shape.at(-1)!) % 5)),
    )
    return this.b.f32(values, shape, 'w')
  }

  bias(length: number): Value {
    return this.b.f32(
      Array.from({ length }, (_, i) => i / 4),
      [length],
      'bias',
    )
  }
}

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

type Make = (e: Example, spec: OpSpec) => Value | Value[]

const picture = [1, 6, 6, 4]
/** Divides into blocks of every size. */
const rowLength = 256

const unary =
  (low = -8): Make =>
  (e, spec) =>
    e.b.op(spec, [e.input([2, 3, 8], low)])
const binary: Make = (e, spec) => e.b.op(spec, [e.input([2, 3, 8]), e.input([2, 3, 8])])
const reduction: Make = (e, spec) => e.b.op(spec, [e.input([2, 3, 8]), e.b.i32([1])], { keepDims: true })
const pool: Make = (e, spec) => e.b.op(spec, [e.input(picture)], { filter: [2, 2], stride: [2, 2], padding: 'valid' })
const resize: Make = (e, spec) => e.b.op(spec, [e.input(picture), e.b.i32([9, 12])])
const position: Make = (e, spec) => e.b.op(spec, [e.input([5, 16]), e.b.i32([1], [])])
const padding = (e: Example) => e.b.i32([0, 0, 1, 2, 1, 1, 0, 0], [4, 2])
/** Half of the elements from one, half from the other. */
const choice: Make = (e, spec) => {
  const flags = e.b.const('flags', 'bool', [2, 3, 8], constFromBytes(Uint8Array.from({ length: 48 }, (_, i) => (i >> 1) & 1)))
  return e.b.op(spec, [flags, e.input([2, 3, 8]), e.input([2, 3, 8])])
}

/** By the name of the op; those with one operand, or two alike, need none. */
const makers: Readonly<Record<string, Make>> = {
  exp: (e, spec) => e.b.op(spec, [e.input([2, 3, 8], -15)]),
  log: unary(4),
  rsqrt: unary(4),
  sqrt: unary(0),
  leaky_relu: (e) => e.b.op(op.leakyRelu, [e.input([2, 3, 8])], { alpha: 0.25 }),
  div: (e) => e.b.op(op.div, [e.input([2, 3, 8]), e.input([2, 3, 8], 8)]),
  prelu: (e) => e.b.op(op.prelu, [e.input(picture), e.weights([1, 1, 4])]),
  select: choice,
  select_v2: choice,
  conv_2d: (e) => e.b.op(op.conv2d, [e.input(picture), e.weights([5, 3, 3, 4]), e.bias(5)], {}),
  depthwise_conv_2d: (e) => e.b.op(op.depthwiseConv2d, [e.input(picture), e.weights([1, 3, 3, 8]), e.bias(8)], { depthMultiplier: 2 }),
  transpose_conv: (e) =>
    e.b.op(op.transposeConv, [e.b.i32([1, 12, 12, 5]), e.weights([5, 3, 3, 4]), e.input(picture), e.bias(5)], { stride: [2, 2] }),
  fully_connected: (e) => e.b.op(op.fullyConnected, [e.input([3, rowLength]), e.weights([8, rowLength]), e.bias(8)]),
  batch_matmul: (e) => e.b.op(op.batchMatmul, [e.input([2, 3, 16]), e.weights([2, 16, 5])]),
  embedding_lookup: (e) => e.b.op(op.embeddingLookup, [e.indices([7], 9), e.weights([9, rowLength])]),
  average_pool_2d: pool,
  max_pool_2d: pool,
  resize_bilinear: resize,
  resize_nearest_neighbor: resize,
  softmax: (e) => e.b.op(op.softmax, [e.input([4, 8])], { beta: 1 }),
  log_softmax: (e) => e.b.op(op.logSoftmax, [e.input([4, 8], -4, 1 / 32)]),
  l2_normalization: (e) => e.b.op(op.l2Normalization, [e.input([4, 8])]),
  unidirectional_sequence_lstm: lstm,
  mean: reduction,
  sum: reduction,
  reduce_max: reduction,
  reduce_min: reduction,
  reduce_prod: reduction,
  arg_max: position,
  arg_min: position,
  topk_v2: (e) => e.b.ops(op.topkV2, [e.input([5, 16]), e.b.i32([3], [])]),
  reshape: (e) => e.b.op(op.reshape, [e.input([2, 3, 8]), e.b.i32([6, 8])]),
  squeeze: (e) => e.b.op(op.squeeze, [e.input([2, 1, 8])], { squeezeDims: [1] }),
  expand_dims: (e) => e.b.op(op.expandDims, [e.input([2, 3, 8]), e.b.i32([1], [])]),
  transpose: (e) => e.b.op(op.transpose, [e.input([2, 3, 8]), e.b.i32([2, 0, 1])]),
  concatenation: (e) => e.b.op(op.concatenation, [e.input([2, 3]), e.input([2, 5], 0)], { axis: 1 }),
  pack: (e) => e.b.op(op.pack, [e.input([2, 3]), e.input([2, 3], 0)], { axis: 1, valuesCount: 2 }),
  split: (e) => e.b.ops(op.split, [e.b.i32([2], []), e.input([2, 3, 8])], { numSplits: 2 }),
  split_v: (e) => e.b.ops(op.splitV, [e.input([2, 3, 8]), e.b.i32([3, 5]), e.b.i32([2], [])], { numSplits: 2 }),
  unpack: (e) => e.b.ops(op.unpack, [e.input([2, 3, 8])], { num: 3, axis: 1 }),
  pad: (e) => e.b.op(op.pad, [e.input(picture), padding(e)]),
  padv2: (e) => e.b.op(op.padv2, [e.input(picture), padding(e), e.b.f32([2], [])]),
  mirror_pad: (e) => e.b.op(op.mirrorPad, [e.input(picture), padding(e)], { mode: 'reflect' }),
  strided_slice: (e) => e.b.op(op.stridedSlice, [e.input([4, 8]), e.b.i32([0, 1]), e.b.i32([4, 7]), e.b.i32([2, 3])]),
  slice: (e) => e.b.op(op.slice, [e.input([4, 8]), e.b.i32([1, 2]), e.b.i32([2, 5])]),
  gather: (e) => e.b.op(op.gather, e.storesWeights ? [e.weights([9, 8]), e.indices([4], 9)] : [e.input([4, 8]), e.b.i32([3, 0, 3])]),
  dynamic_update_slice: (e) => e.b.op(op.dynamicUpdateSlice, [e.input([4, 8]), e.input([2, 3]), e.b.i32([1, 4])]),
  gather_nd: (e) => e.b.op(op.gatherNd, [e.input([4, 8]), e.b.i32([3, 1, 0, 7], [2, 2])]),
  scatter_nd: (e) => e.b.op(op.scatterNd, [e.b.i32([2, 0], [2, 1]), e.input([2, 8]), e.b.i32([4, 8])]),
  broadcast_to: (e) => e.b.op(op.broadcastTo, [e.input([3, 1]), e.b.i32([2, 3, 4])]),
  fill: (e) => e.b.op(op.fill, [e.b.i32([2, 3]), e.input([])]),
  tile: (e) => e.b.op(op.tile, [e.input([2, 3]), e.b.i32([2, 2])]),
  batch_to_space_nd: (e) => e.b.op(op.batchToSpaceNd, [e.input([4, 3, 3, 2]), e.b.i32([2, 2]), e.b.i32([0, 0, 1, 0], [2, 2])]),
  space_to_batch_nd: (e) => e.b.op(op.spaceToBatchNd, [e.input(picture), e.b.i32([2, 2]), e.b.i32([0, 0, 2, 0], [2, 2])]),
  depth_to_space: (e) => e.b.op(op.depthToSpace, [e.input(picture)], { blockSize: 2 }),
  space_to_depth: (e) => e.b.op(op.spaceToDepth, [e.input(picture)], { blockSize: 2 }),
  reverse_v2: (e) => e.b.op(op.reverseV2, [e.input([2, 3, 8]), e.b.i32([1])]),
  one_hot: (e) => e.b.op(op.oneHot, [e.indices([4], 6), e.b.i32([6], []), e.input([]), e.b.f32([0], [])], { axis: -1 }),
}

/** Four gates over five steps, no peepholes, no projection. */
function lstm(e: Example): Value {
  const units = 6
  const channels = 8
  const gates = (size: number) => Array.from({ length: 4 }, () => e.weights([units, size], 0.2))
  const state = (name: string) => e.graph.addValue({ name, type: { dtype: 'f32', shape: [1, units] }, isVariable: true })
  const none = null
  const biases = Array.from({ length: 4 }, () => e.bias(units))
  const weights = [...gates(channels), ...gates(units), none, none, none, ...biases, none, none]
  return e.b.op(op.unidirectionalSequenceLstm, [e.input([1, 5, channels]), ...weights, state('h'), state('c'), none, none, none, none], {
    fusedActivation: 'tanh',
  })
}
