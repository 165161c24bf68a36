import type { QuantizeOptions } from '../../src/quantize/types.ts'

/** TensorFlow's own modes, as `reference.py` makes them. */
export type TensorFlowMode = 'float' | 'dynamic' | 'float16' | 'int8' | 'int8_uint8io' | 'int16x8'

/** One line of the table: what each tool is asked for; absent where it lacks the mode. */
export interface Row {
  readonly name: string
  readonly how: Omit<QuantizeOptions, 'recipe' | 'ranges'> & { readonly recipe?: readonly object[]; readonly equalize?: boolean }
  readonly tensorflow?: TensorFlowMode
  /** A function of its module `recipe`, or the rules of a recipe. */
  readonly litertQuantizer?: string | readonly object[]
}

const dynamic = (bits: number, operation = '*') => ({
  regex: '.*',
  algorithm_key: 'min_max_uniform_quantize',
  operation,
  op_config: { weight_tensor_config: weight(bits), compute_precision: 'INTEGER' },
})
const weightOnly = (bits: number, operation = '*') => ({
  regex: '.*',
  algorithm_key: 'min_max_uniform_quantize',
  operation,
  op_config: { weight_tensor_config: weight(bits), compute_precision: 'FLOAT', explicit_dequantize: true },
})
const int8 = {
  regex: '.*',
  algorithm_key: 'min_max_uniform_quantize',
  operation: '*',
  op_config: {
    activation_tensor_config: { num_bits: 8, symmetric: false, granularity: 'TENSORWISE', dtype: 'INT' },
    weight_tensor_config: weight(8),
    compute_precision: 'INTEGER',
  },
}
function weight(num_bits: number) {
  return { num_bits, symmetric: true, granularity: 'CHANNELWISE', dtype: 'INT' }
}

/** Integer activations, and weights of 4 bits with one scale where kernels take them, else of 8. */
const int4PerTensor = [
  int8,
  {
    ...int8,
    op_config: { ...int8.op_config, weight_tensor_config: { ...weight(4), granularity: 'TENSORWISE' } },
  },
]

const mixed = (name: string, rules: readonly object[]): Row => ({ name, how: { recipe: rules }, litertQuantizer: rules })

export const rows: readonly Row[] = [
  { name: 'float', how: {}, tensorflow: 'float' },
  { name: 'float16', how: { mode: 'float16' }, tensorflow: 'float16' },
  { name: 'dynamic', how: { mode: 'dynamic' }, tensorflow: 'dynamic', litertQuantizer: 'dynamic_legacy_wi8_afp32' },
  { name: 'weight-only-int8', how: { mode: 'weight-only-int8' }, litertQuantizer: 'weight_only_wi8_afp32' },
  { name: 'weight-only-int4', how: { mode: 'weight-only-int4' }, litertQuantizer: 'weight_only_wi4_afp32' },
  { name: 'dynamic-int4', how: { mode: 'dynamic-int4' }, litertQuantizer: 'dynamic_wi4_afp32' },
  { name: 'dynamic-int4, blocks of 32', how: { mode: 'dynamic-int4', blockSize: 32 }, litertQuantizer: 'dynamic_wi4b32_afp32' },
  { name: 'weight-only-int8, blocks of 32', how: { mode: 'weight-only-int8', blockSize: 32 } },
  { name: 'int8', how: { mode: 'int8' }, tensorflow: 'int8', litertQuantizer: 'static_wi8_ai8' },
  { name: 'int8, per tensor', how: { mode: 'int8', perTensor: true } },
  { name: 'int8-only, uint8 in and out', how: { mode: 'int8-only', io: 'uint8' }, tensorflow: 'int8_uint8io' },
  { name: 'int16x8', how: { mode: 'int16x8' }, tensorflow: 'int16x8', litertQuantizer: 'static_wi8_ai16' },
  { name: 'int8, equalized', how: { mode: 'int8', equalize: true } },
  { name: 'int8, per tensor, equalized', how: { mode: 'int8', perTensor: true, equalize: true } },
  { name: 'weight-only-int4, equalized', how: { mode: 'weight-only-int4', equalize: true } },
  { name: 'dynamic-int4, GPTQ', how: { mode: 'dynamic-int4', weightsAlgorithm: 'gptq' } },
  { name: 'dynamic-int4, AdaRound', how: { mode: 'dynamic-int4', weightsAlgorithm: 'adaround' } },
  { name: 'dynamic-int4, OSCAR', how: { mode: 'dynamic-int4', weightsAlgorithm: 'oscar' } },
  { name: 'int8, GPTQ', how: { mode: 'int8', weightsAlgorithm: 'gptq' } },
  { name: 'int8, biases corrected', how: { mode: 'int8', biasCorrection: true } },
  { name: 'int8, per tensor, biases corrected', how: { mode: 'int8', perTensor: true, biasCorrection: true } },
  { name: 'dynamic-int4, biases corrected', how: { mode: 'dynamic-int4', biasCorrection: true } },
  { name: 'dynamic-int4, GPTQ, biases corrected', how: { mode: 'dynamic-int4', weightsAlgorithm: 'gptq', biasCorrection: true } },
  { name: 'int8, int4 weights per tensor', how: { recipe: int4PerTensor } },
  { name: 'int8, int4 weights per tensor, biases corrected', how: { recipe: int4PerTensor, biasCorrection: true } },
  mixed('dynamic, fully-connected int4', [dynamic(8), dynamic(4, 'FULLY_CONNECTED')]),
  mixed('int8, fully-connected weight-only int4', [int8, weightOnly(4, 'FULLY_CONNECTED')]),
]
