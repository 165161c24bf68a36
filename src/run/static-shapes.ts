import { type ModelTables, operatorName, type SignatureIo } from './model-io.ts'

/*
 * LiteRT.js sizes output buffers before it runs a model, from what the file and its first preparation say, and fills them only when
 * the results are where it put them. That holds where every shape follows from the shapes of the inputs alone; this tells.
 */

/** Ops whose result shapes follow from their operands' shapes; listed operands must be constants for that, others may be anything. */
const constantOperands: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(
    [
      'ABS ADD AVERAGE_POOL_2D BATCH_MATMUL CAST CEIL CONCATENATION CONV_2D CONV_3D COS DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE',
      'DIV ELU EMBEDDING_LOOKUP EQUAL EXP FAKE_QUANT FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GELU GREATER',
      'GREATER_EQUAL HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND',
      'LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MATRIX_DIAG MAXIMUM MAX_POOL_2D MINIMUM MUL NEG NOT_EQUAL PACK POW PRELU QUANTIZE',
      'RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SELECT SELECT_V2 SIGN SIN SOFTMAX SPACE_TO_DEPTH SQRT SQUARE',
      'SQUARED_DIFFERENCE SQUEEZE SUB TANH UNPACK ZEROS_LIKE',
    ]
      .join(' ')
      .split(' ')
      .map((op) => [op, []]),
  ),
  ARG_MAX: [1],
  ARG_MIN: [1],
  BATCH_TO_SPACE_ND: [1, 2],
  BROADCAST_TO: [1],
  CUMSUM: [1],
  EXPAND_DIMS: [1],
  MEAN: [1],
  MIRROR_PAD: [1],
  PAD: [1],
  PADV2: [1],
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
  TOPK_V2: [1],
  TRANSPOSE: [1],
  TRANSPOSE_CONV: [0],
}

/**
 * Whether the output buffers of a signature are right once their shapes are: every op of its subgraph takes shapes from shapes, and
 * every output is the result of an op, of known rank, and given out once.
 */
export function hasStaticShapes(tables: ModelTables, signature: SignatureIo): boolean {
  const graph = tables.subgraphs[signature.subgraph]!
  const produced = new Set<number>()
  for (const { opcodeIndex, inputs, outputs } of graph.operators) {
    const code = tables.operatorCodes[opcodeIndex]
    const operands = code && constantOperands[operatorName(code)]
    if (!operands) return false
    const isConstant = (operand: number): boolean => {
      const tensor = graph.tensors[inputs[operand] ?? -1]
      return tensor === undefined || (tables.buffers[tensor.buffer]?.data?.byteLength ?? 0) > 0
    }
    if (!operands.every(isConstant)) return false
    for (const o of outputs) produced.add(o)
  }
  const outputs = signature.outputs.map((o) => o.tensor)
  return (
    new Set(outputs).size === outputs.length &&
    outputs.every((o) => produced.has(o)) &&
    signature.outputs.every((o) => !o.isRankOpen) &&
    signature.inputs.every((i) => !i.isRankOpen)
  )
}
