import { type DiagnosticFields, joined } from '../../core/diagnostics.ts'
import { isJsonObject, type Json, member } from '../../core/json.ts'
import { allSpecs } from '../../ops/index.ts'
import { recipeNotJson, recipeParts, recipeValue, unknownRecipeKey, unsupportedAlgorithm } from '../diagnostics.ts'
import { type Granularity, isRotating, type StaticWeights, type WeightAlgorithm } from '../weights/scheme.ts'
import { type Action, isPortWord, type Match, portWords, type Recipe, type Rule } from './recipe.ts'
import { keysAt, type RuleJson, ruleSchema, type TensorConfig } from './recipe-schema.ts'

const algorithms: ReadonlyMap<string, WeightAlgorithm> = new Map([
  ['min_max_uniform_quantize', 'min-max'],
  ['MSE', 'mse'],
  ['OCTAV', 'octav'],
  ['dequantized_weight_recovery', 'recover'],
  ['GPTQ', 'gptq'],
  ['ADAROUND', 'adaround'],
  ['OSCAR', 'oscar'],
  ['HADAMARD_ROTATION', 'hadamard'],
  ['DECOMPOSED_HADAMARD_ROTATION', 'decomposed-hadamard'],
])
/** Means that weights become f16. */
const floatCasting = 'float_casting'
/** Means that an op stays float. */
const noQuantize = 'no_quantize'
/** litert-quantizer's own word for an op that the schema calls otherwise. */
const operationNames: ReadonlyMap<string, string> = new Map([['CONV_2D_TRANSPOSE', 'TRANSPOSE_CONV']])

/**
 * A recipe from the text of a JSON file: a list of rules, or an object of such lists of which `part` names one.
 * Throws `quantize/recipe-not-json`, `quantize/recipe-parts`, and, with every problem of the file, `quantize/recipe-value`,
 * `quantize/unknown-recipe-key` and `quantize/unsupported-algorithm`.
 */
export function parseRecipe(name: string, text: string, part?: string): Recipe {
  let json: Json
  try {
    json = JSON.parse(text) as Json
  } catch (e) {
    throw recipeNotJson(name, e)
  }
  return recipeOf(name, json, part)
}

/** The same from JSON that is read already. */
export function recipeOf(name: string, json: unknown, part?: string): Recipe {
  const problems: DiagnosticFields[] = []
  const list = rulesOf(name, json as Json, part)
  const rules = list.flatMap((item, i) => {
    const parsed = ruleSchema.safeParse(item)
    const at = `[${i}]`
    if (parsed.success) return ruleOf(name, at, parsed.data, problems) ?? []
    for (const issue of parsed.error.issues) {
      const path = `${at}${issue.path.map((p) => (typeof p === 'number' ? `[${p}]` : `.${String(p)}`)).join('')}`
      if (issue.code === 'unrecognized_keys')
        problems.push(...issue.keys.map((key) => unknownRecipeKey(name, path, key, keysAt(issue.path))))
      else problems.push(recipeValue(name, path, issue.message))
    }
    return []
  })
  if (problems.length > 0) throw joined(problems)
  return { name, rules }
}

function rulesOf(name: string, json: Json, part: string | undefined): readonly Json[] {
  if (Array.isArray(json)) return json
  if (!isJsonObject(json)) throw recipeParts(name, [])
  const parts = Object.keys(json)
  const chosen = part === undefined && parts.length === 1 ? parts[0]! : part
  const found = chosen === undefined ? undefined : member(json, chosen)
  if (!Array.isArray(found)) throw recipeParts(name, parts)
  return found
}

function ruleOf(recipe: string, path: string, json: RuleJson, problems: DiagnosticFields[]): Rule | undefined {
  const before = problems.length
  const match = matchOf(recipe, path, json, problems)
  const action = actionOf(recipe, path, json, problems)
  return problems.length > before || !action ? undefined : { path, match, action }
}

const listOf = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one])

function matchOf(recipe: string, path: string, json: RuleJson, problems: DiagnosticFields[]): Match {
  const regex = json.regex === undefined ? undefined : regexOf(json.regex)
  if (regex === null) problems.push(recipeValue(recipe, `${path}.regex`, `${JSON.stringify(json.regex)} is no regular expression`))
  const operation = json.operation === '*' ? undefined : (operationNames.get(json.operation) ?? json.operation)
  const builtins = allSpecs().map((s) => s.builtin)
  if (operation !== undefined && !builtins.includes(operation) && !isPortWord(operation))
    problems.push(unknownRecipeKey(recipe, `${path}.operation`, json.operation, ['*', ...portWords, ...operationNames.keys(), ...builtins]))
  return {
    ...(regex && { regex }),
    ...(operation !== undefined && { operation }),
    ...(json.layer !== undefined && { layer: listOf(json.layer) }),
    ...(json.tensor !== undefined && { tensor: listOf(json.tensor) }),
    ...(json.index !== undefined && { index: listOf(json.index) }),
  }
}

/** A regular expression of Python's, whose named groups are written otherwise; null when it is none. */
function regexOf(text: string): RegExp | null {
  try {
    return new RegExp(text.replace(/\(\?P</g, '(?<'))
  } catch {
    return null
  }
}

function actionOf(recipe: string, path: string, json: RuleJson, problems: DiagnosticFields[]): Action | undefined {
  if (json.algorithm_key === noQuantize) return { kind: 'float' }
  const wrong = (field: string, what: string): undefined => {
    problems.push(recipeValue(recipe, `${path}.${field}`, what))
    return undefined
  }
  const algorithm = json.algorithm_key === floatCasting ? floatCasting : algorithms.get(json.algorithm_key)
  if (algorithm === undefined) {
    problems.push(
      unsupportedAlgorithm(recipe, `${path}.algorithm_key`, json.algorithm_key, [...algorithms.keys(), floatCasting, noQuantize]),
    )
    return undefined
  }
  const config = json.op_config
  if (!config) return wrong('op_config', 'it is missing')
  const { weight_tensor_config: weight, activation_tensor_config: activation } = config
  if (!weight) return wrong('op_config.weight_tensor_config', 'it is missing')
  if (algorithm === floatCasting) {
    if (weight.dtype !== 'FLOAT' || weight.num_bits !== 16)
      return wrong('op_config.weight_tensor_config', `with ${floatCasting} weights are FLOAT of 16 bits`)
    if (activation || config.compute_precision !== 'FLOAT' || !config.explicit_dequantize)
      return wrong('op_config', `with ${floatCasting} the compute_precision is FLOAT, explicit_dequantize true, and activations stay float`)
    return { kind: 'half' }
  }
  if (weight.dtype !== 'INT')
    return wrong('op_config.weight_tensor_config.dtype', `weights are stored as INT, not ${weight.dtype}, but with ${floatCasting}`)
  const bits = ([2, 4, 8] as const).find((b) => b === weight.num_bits)
  if (bits === undefined) return wrong('op_config.weight_tensor_config.num_bits', `weights have 2, 4 or 8 bits, not ${weight.num_bits}`)
  if (activation) {
    if (config.compute_precision !== 'INTEGER') return wrong('op_config.compute_precision', 'with integer activations it is INTEGER')
    if (algorithm === 'oscar') return wrong('algorithm_key', 'OSCAR is for float activations: leave activation_tensor_config out')
    if (isRotating(algorithm)) return wrong('algorithm_key', 'rotations are for float activations: leave activation_tensor_config out')
    return staticAction(weight, { bits, algorithm, ...(config.skip_checks && { isUnchecked: true }) }, activation, wrong)
  }
  if (config.compute_precision === 'FLOAT' && !config.explicit_dequantize)
    return wrong('op_config.explicit_dequantize', 'it is true where compute_precision is FLOAT')
  if (config.compute_precision === 'INTEGER' && config.explicit_dequantize)
    return wrong('op_config.explicit_dequantize', 'it is false where compute_precision is INTEGER')
  const compute = config.compute_precision === 'INTEGER' ? 'dynamic' : 'weight-only'
  const maxRotation = isRotating(algorithm) ? (weight.algorithm_params.max_hadamard_size ?? 0) : undefined
  if (maxRotation !== undefined && !isCount(maxRotation))
    return wrong('op_config.weight_tensor_config.algorithm_params.max_hadamard_size', 'it is a whole number, 0 for any size')
  return {
    kind: 'weights',
    scheme: {
      compute,
      bits,
      isSymmetric: weight.symmetric,
      granularity: granularityOf(weight),
      algorithm,
      minElements: config.min_weight_elements,
      ...(maxRotation !== undefined && { maxRotation }),
      isUnchecked: config.skip_checks,
    },
  }
}

const isCount = (x: unknown): x is number => Number.isInteger(x) && (x as number) >= 0 && (x as number) < 2 ** 31

function staticAction(
  weight: TensorConfig,
  form: Omit<StaticWeights, 'granularity'>,
  activation: TensorConfig,
  wrong: (field: string, what: string) => undefined,
): Action | undefined {
  const { num_bits: bits, symmetric, dtype, granularity } = activation
  const at = 'op_config.activation_tensor_config'
  if (bits !== 8 && bits !== 16) return wrong(`${at}.num_bits`, `activations have 8 or 16 bits, not ${bits}`)
  if (dtype === 'FLOAT' || granularity !== 'TENSORWISE') return wrong(at, 'activations are INT with one scale for each tensor (TENSORWISE)')
  if (bits === 16 && !symmetric) return wrong(`${at}.symmetric`, 'activations of 16 bits are symmetric')
  const isUnsigned = dtype === 'UINT'
  if (isUnsigned && (bits === 16 || symmetric))
    return wrong(at, 'activations are UINT with 8 bits and asymmetric, and only as INPUT or OUTPUT')
  const by = granularityOf(weight)
  if (form.bits === 2 || !weight.symmetric || typeof by === 'number')
    return wrong('op_config.weight_tensor_config', 'with integer activations weights have 8 or 4 bits, symmetric, by channel or tensor')
  return { kind: 'static', type: bits === 8 ? 'i8' : 'i16', isSymmetric: symmetric, isUnsigned, weights: { ...form, granularity: by } }
}

function granularityOf({ granularity, block_size: blockSize }: TensorConfig): Granularity {
  if (blockSize !== 0) return blockSize
  if (granularity === 'TENSORWISE') return 'per-tensor'
  return granularity === 'CHANNELWISE' ? 'per-axis' : Number(granularity.slice('BLOCKWISE_'.length))
}
