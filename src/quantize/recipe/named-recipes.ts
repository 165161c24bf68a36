import { unknownRecipe } from '../diagnostics.ts'
import { recipeOf } from './parse-recipe.ts'
import type { Recipe } from './recipe.ts'
import type { RuleInput } from './recipe-schema.ts'

/*
 * The recipes that litert-quantizer 0.11 publishes, by the names of its functions (recipe.py) and files (recipes/*.json).
 */

type Granularity = NonNullable<NonNullable<NonNullable<RuleInput['op_config']>['weight_tensor_config']>['granularity']>

const weight = (num_bits: number, granularity: Granularity = 'CHANNELWISE', symmetric = true) =>
  ({ num_bits, symmetric, granularity, dtype: 'INT' }) as const

const dynamic = (
  bits: number,
  granularity?: Granularity,
  match: Pick<RuleInput, 'regex' | 'operation' | 'algorithm_key'> = {},
  min = 0,
): RuleInput => ({
  regex: '.*',
  ...match,
  op_config: { weight_tensor_config: weight(bits, granularity), compute_precision: 'INTEGER', min_weight_elements: min },
})

const weightOnly = (bits: number, symmetric = true): RuleInput => ({
  regex: '.*',
  op_config: { weight_tensor_config: weight(bits, 'CHANNELWISE', symmetric), compute_precision: 'FLOAT', explicit_dequantize: true },
})

const integer = (bits: 8 | 16): RuleInput => ({
  regex: '.*',
  op_config: {
    activation_tensor_config: { num_bits: bits, symmetric: bits === 16, granularity: 'TENSORWISE', dtype: 'INT' },
    weight_tensor_config: weight(8),
    compute_precision: 'INTEGER',
  },
})

const rotated = { algorithm_key: 'DECOMPOSED_HADAMARD_ROTATION' } as const
const embedding = (granularity?: Granularity, how: Pick<RuleInput, 'algorithm_key'> = {}) => [
  dynamic(4, granularity, { operation: 'EMBEDDING_LOOKUP', ...how }),
]
const decoder = (granularity?: Granularity, how: Pick<RuleInput, 'algorithm_key'> = {}) => [
  dynamic(4, granularity, { operation: 'FULLY_CONNECTED', ...how }),
  dynamic(8, 'CHANNELWISE', { operation: 'FULLY_CONNECTED', regex: 'per_layer' }),
]
const gemma = (name: string, granularity?: Granularity, how?: Pick<RuleInput, 'algorithm_key'>): [string, RuleInput[]][] => [
  [`${name}/tf_lite_embedder`, embedding(granularity, how)],
  [`${name}/tf_lite_per_layer_embedder`, embedding(granularity, how)],
  [`${name}/tf_lite_prefill_decode`, decoder(granularity, how)],
]

const named: ReadonlyMap<string, readonly RuleInput[]> = new Map([
  ['dynamic_wi8_afp32', [dynamic(8)]],
  ['dynamic_wi4_afp32', [dynamic(4)]],
  ['dynamic_legacy_wi8_afp32', [dynamic(8, 'CHANNELWISE', {}, 1024)]],
  ...([8, 4, 2] as const).flatMap((bits): [string, RuleInput[]][] => [
    [`dynamic_wi${bits}c_afp32`, [dynamic(bits)]],
    [`dynamic_wi${bits}b32_afp32`, [dynamic(bits, 'BLOCKWISE_32')]],
    [`dynamic_wi${bits}b64_afp32`, [dynamic(bits, 'BLOCKWISE_64')]],
    [`dynamic_wi${bits}c_hr_afp32`, [dynamic(bits, 'CHANNELWISE', rotated)]],
  ]),
  ...([8, 4] as const).map((bits): [string, RuleInput[]] => [
    `dynamic_wi${bits}_afp32_hadamard`,
    [dynamic(8), dynamic(bits, 'CHANNELWISE', rotated)],
  ]),
  ['weight_only_wi8_afp32', [weightOnly(8)]],
  ['weight_only_wi4_afp32', [weightOnly(4)]],
  ['default_af32w8float', [weightOnly(8, false)]],
  ['default_af32w4float', [weightOnly(4, false)]],
  ['static_wi8_ai8', [integer(8)]],
  ['static_wi8_ai16', [integer(16)]],
  ['default_a8w8', [integer(8)]],
  ['default_a16w8', [integer(16)]],
  [
    'sample_advanced_usage',
    [integer(8), { ...weightOnly(4), operation: 'FULLY_CONNECTED' }, { regex: '.*', operation: 'CONV_2D', algorithm_key: 'no_quantize' }],
  ],
  ...gemma('gemma4_mixed48'),
  ...gemma('gemma4_mixed48_hr', 'CHANNELWISE', rotated),
  ...gemma('gemma4_mixed48_b32', 'BLOCKWISE_32'),
  ...gemma('gemma4_mixed48_b64', 'BLOCKWISE_64'),
])

/** Names for `--recipe`. */
export const recipeNames: readonly string[] = [...named.keys()]

/** A published recipe; a file's name may end in `_recipe` or `_recipe.json`. Throws `quantize/unknown-recipe`. */
export function namedRecipe(name: string): Recipe {
  const short = name.replace(/\.json$/, '').replace(/_recipe$/, '')
  const rules = named.get(short)
  if (!rules) throw unknownRecipe(name, recipeNames)
  return recipeOf(short, rules)
}
