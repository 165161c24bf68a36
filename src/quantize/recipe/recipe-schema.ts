import { z } from 'zod'

/*
 * Recipes as JSON, in litert-quantizer's words. @see litert-quantizer 0.11 recipe_manager.py and qtyping.py
 * `layer`, `tensor` and `index` are ours.
 */

const tensorConfig = z.strictObject({
  num_bits: z.number().int(),
  symmetric: z.boolean().default(true),
  granularity: z
    .enum(['TENSORWISE', 'CHANNELWISE', 'BLOCKWISE_32', 'BLOCKWISE_64', 'BLOCKWISE_128', 'BLOCKWISE_256'])
    .default('TENSORWISE'),
  dtype: z.enum(['INT', 'UINT', 'FLOAT']).default('INT'),
  /** Of older recipes, in place of a blockwise granularity. */
  block_size: z.union([z.literal(0), z.literal(32), z.literal(64), z.literal(128), z.literal(256)]).default(0),
  algorithm_params: z.record(z.string(), z.unknown()).default({}),
})

const opConfig = z.strictObject({
  activation_tensor_config: tensorConfig.optional(),
  weight_tensor_config: tensorConfig.optional(),
  compute_precision: z.enum(['INTEGER', 'FLOAT']).default('FLOAT'),
  explicit_dequantize: z.boolean().default(false),
  skip_checks: z.boolean().default(false),
  min_weight_elements: z.number().int().min(0).default(0),
})

const names = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])
const positions = z.union([z.number().int().min(0), z.array(z.number().int().min(0)).min(1)])

export const ruleSchema = z.strictObject({
  regex: z.string().optional(),
  operation: z.string().default('*'),
  layer: names.optional(),
  tensor: names.optional(),
  index: positions.optional(),
  algorithm_key: z.string().default('min_max_uniform_quantize'),
  op_config: opConfig.optional(),
})

export type RuleJson = z.output<typeof ruleSchema>
export type RuleInput = z.input<typeof ruleSchema>
export type TensorConfig = z.output<typeof tensorConfig>

/** Keys that may stand at a place, for suggestions. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const last = path.at(-1)
  if (last === 'op_config') return Object.keys(opConfig.shape)
  if (last === 'weight_tensor_config' || last === 'activation_tensor_config') return Object.keys(tensorConfig.shape)
  return Object.keys(ruleSchema.shape)
}
