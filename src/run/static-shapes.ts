import { type ModelTables, opOf, type SignatureIo, type SubGraphTables } from './model-io.ts'

/*
 * LiteRT.js sizes output buffers before it runs a model, from what the file and its first preparation say, and fills them only when
 * the results are where it put them. That holds where every shape follows from the shapes of the inputs alone; this tells.
 */

/** Ops whose result shapes follow from their operands' shapes, and from the values of the operands listed. */
const shapeOperands: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(
    [
      'ABS ADD AVERAGE_POOL_2D BATCH_MATMUL CAST CEIL CONCATENATION CONV_2D CONV_3D COS DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE',
      'DIV ELU EMBEDDING_LOOKUP EQUAL EXP FAKE_QUANT FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GELU GREATER',
      'GREATER_EQUAL HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND',
      'LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MATRIX_DIAG MAXIMUM MAX_POOL_2D MINIMUM MUL NEG NOT_EQUAL PACK POW PRELU QUANTIZE',
      'RANK RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SELECT SELECT_V2 SHAPE SIGN SIN SOFTMAX SPACE_TO_DEPTH SQRT SQUARE',
      'SQUARED_DIFFERENCE SQUEEZE SUB TANH UNPACK ZEROS_LIKE',
    ]
      .join(' ')
      .split(' ')
      .map((op) => [op, []]),
  ),
  ARG_MAX: [1],
  ARG_MIN: [1],
  BATCH_TO_SPACE_ND: [1, 2],
  BROADCAST_ARGS: [0, 1],
  BROADCAST_TO: [1],
  CUMSUM: [1],
  EXPAND_DIMS: [1],
  FILL: [0],
  MEAN: [1],
  MIRROR_PAD: [1],
  PAD: [1],
  PADV2: [1],
  RANGE: [0, 1, 2],
  REDUCE_ALL: [1],
  REDUCE_ANY: [1],
  REDUCE_MAX: [1],
  REDUCE_MIN: [1],
  REDUCE_PROD: [1],
  RESHAPE: [1],
  RESIZE_BILINEAR: [1],
  RESIZE_NEAREST_NEIGHBOR: [1],
  REVERSE_V2: [1],
  SLICE: [1, 2],
  SPACE_TO_BATCH_ND: [1, 2],
  SPLIT: [0],
  SPLIT_V: [1, 2],
  STRIDED_SLICE: [1, 2, 3],
  SUM: [1],
  TILE: [1],
  TRANSPOSE: [1],
  TRANSPOSE_CONV: [0],
}

/**
 * What the shapes of a signature's outputs follow from:
 * - `inputs`: the shapes of the inputs and constants, known when the model is prepared; every output is an op's own result;
 * - `computed`: still the shapes of the inputs, but LiteRT may find out only while it runs;
 * - `values`: perhaps the values of the inputs, so that they may differ from run to run.
 */
export type ShapeSource = 'inputs' | 'computed' | 'values'

export function shapeSource(tables: ModelTables, signature: SignatureIo): ShapeSource {
  const graph = tables.subgraphs[signature.subgraph]!
  /** Tensors whose values follow from shapes and constants. */
  const derived = new Set(constantsOf(tables, graph))
  const constants = new Set(derived)
  const produced = new Set<number>()
  let areAllConstant = true
  for (const operator of graph.operators) {
    const { inputs, outputs } = operator
    const name = opOf(operator, tables) ?? ''
    const operands = shapeOperands[name]?.map((o) => inputs[o] ?? -1)
    if (!operands?.every((o) => o < 0 || derived.has(o))) return 'values'
    areAllConstant &&= operands.every((o) => o < 0 || constants.has(o))
    const isDerived = name === 'SHAPE' || name === 'RANK' || inputs.every((i) => i < 0 || derived.has(i))
    for (const o of outputs) {
      produced.add(o)
      if (isDerived) derived.add(o)
    }
  }
  const ports = [...signature.inputs, ...signature.outputs]
  const outputs = signature.outputs.map((o) => o.tensor)
  const areOwn = new Set(outputs).size === outputs.length && outputs.every((o) => produced.has(o) && !derived.has(o))
  return areAllConstant && areOwn && ports.every((p) => !p.isRankOpen) ? 'inputs' : 'computed'
}

function constantsOf(tables: ModelTables, graph: SubGraphTables): number[] {
  return [...graph.tensors.keys()].filter((i) => (tables.buffers[graph.tensors[i]!.buffer]?.data?.byteLength ?? 0) > 0)
}
