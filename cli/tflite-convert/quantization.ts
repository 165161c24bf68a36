import type { Diagnostics } from '../../src/core/diagnostics.ts'
import { flagCounts, flagMissing, flagValue, withoutEffect } from './diagnostics.ts'
import type { FlagReader } from './translate.ts'

/** Sets of operators by their names in `--target_ops`. */
export const opSets = [
  'TFLITE_BUILTINS',
  'SELECT_TF_OPS',
  'TFLITE_BUILTINS_INT8',
  'EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8',
] as const

type Type = 'FLOAT' | 'INT8' | 'UINT8'
const portType = { FLOAT: 'float32', INT8: 'int8', UINT8: 'uint8' } as const

/**
 * The flags of quantization as options of `convert`; what is wrong with them goes to `problems`.
 * @see tensorflow/lite/python/lite.py, TFLiteConverterBaseV1
 */
export function quantizationWords(
  { text, list, has }: FlagReader,
  inputs: readonly string[],
  isCalibrated: boolean,
  problems: Diagnostics,
): string[] {
  const idle = (flag: string, why: string) => problems.add('info', withoutEffect(flag, why))
  const typeOf = (name: 'inference_type' | 'inference_input_type') => text(name)?.replace('QUANTIZED_', '') as Type | undefined
  const inference = typeOf('inference_type') ?? 'FLOAT'
  const input = typeOf('inference_input_type') ?? inference
  const trained = inference !== 'FLOAT' && input !== 'FLOAT' ? input : inference
  const mode = modeOf({ text, list, has }, trained)
  const isTrained = mode === 'uint8' || mode === 'int8'
  if (inference !== 'FLOAT' && trained !== inference && isTrained)
    idle(`--inference_type ${inference}`, `the type of the inputs, ${input}, is that of all, as in TensorFlow 2`)
  if (has('post_training_quantize') && (inference !== 'FLOAT' || input !== 'FLOAT') && !isTrained)
    idle('--inference_type', '--post_training_quantize stores the weights of a float model smaller')

  const words = mode === 'none' ? [] : ['--quantize', mode]
  const takesStats = isTrained || (mode === 'none' && input !== 'FLOAT')
  if (input !== 'FLOAT' && (mode.startsWith('int8') || mode === 'none')) words.push('--io', portType[input])
  else if (mode === 'uint8' && input === 'FLOAT') words.push('--io', 'float32')

  const stats = statsOf({ text, list, has }, inputs, mode !== 'none', problems)
  if (stats.length > 0 && takesStats) words.push(...stats.flatMap((s) => ['--input-stats', s]))
  else if (stats.length > 0) idle('--mean_values', 'no input is stored as integers')
  else if (takesStats && !isCalibrated)
    problems.add('error', flagMissing(['--mean_values', '--std_dev_values'], 'they say how integer inputs are stored'))

  const range = [text('default_ranges_min'), text('default_ranges_max')]
  if (range.every((r) => r !== undefined)) {
    if (isTrained) words.push(`--default-ranges=${range.join(',')}`)
    else idle('--default_ranges_min', 'no activation is stored as integers')
  }
  return words
}

function modeOf({ list, has }: FlagReader, type: Type): string {
  const targets = list('target_ops')
  const allowsFloat = targets.includes('TFLITE_BUILTINS') || targets.includes('SELECT_TF_OPS')
  if (targets.includes(opSets[3])) return allowsFloat ? 'int16x8' : 'int16x8-only'
  if (targets.includes('TFLITE_BUILTINS_INT8')) return allowsFloat ? 'int8' : 'int8-only'
  if (has('post_training_quantize')) return has('quantize_to_float16') ? 'float16' : 'dynamic'
  return type === 'FLOAT' ? 'none' : type.toLowerCase()
}

/** `x=128,127` for each input. */
function statsOf({ list }: FlagReader, inputs: readonly string[], isInteger: boolean, problems: Diagnostics): string[] {
  const [means, deviations] = [list('mean_values'), list('std_dev_values')]
  if (means.length === 0 || deviations.length !== means.length) return []
  const count = Math.max(inputs.length, 1)
  if (means.length !== count) problems.add('error', flagCounts(['--mean_values', '--input_arrays'], [means.length, inputs.length]))
  const isNumber = (t: string) => t.trim() !== '' && Number.isFinite(Number(t))
  for (const mean of means)
    if (!isNumber(mean) || (isInteger && !Number.isInteger(Number(mean))))
      problems.add('error', flagValue('--mean_values', mean, isInteger ? 'whole numbers, so that 0 is stored exactly' : 'numbers'))
  for (const std of deviations)
    if (!isNumber(std) || !(Number(std) > 0)) problems.add('error', flagValue('--std_dev_values', std, 'numbers above 0'))
  return means.map((mean, i) => `${inputs[i] === undefined ? '' : `${inputs[i]}=`}${mean},${deviations[i]}`)
}
