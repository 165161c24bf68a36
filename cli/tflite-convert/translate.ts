import { type Diagnostic, Diagnostics } from '../../src/core/diagnostics.ts'
import { flagCounts, flagMissing, flagValue, withoutEffect } from './diagnostics.ts'
import { type FlagName, flagOf } from './flags.ts'
import type { FlagValues } from './parse-flags.ts'
import { opSets, quantizationWords } from './quantization.ts'

/** What the flags ask for, in the words of `downcast convert`. */
export interface Translation {
  readonly words: readonly string[]
  readonly output: string
  /** Write the graph as DOT instead of the model. */
  readonly isGraph: boolean
  /** Folder for the report. */
  readonly summaryDir: string | undefined
  /** Flags that change nothing, each once. */
  readonly notes: readonly Diagnostic[]
}

/**
 * The meaning of `tflite_convert`'s flags; `isCalibrated` where ranges come from elsewhere. Throws cli/flag-missing, cli/flag-counts, and cli/flag-value, all problems together.
 * @see tensorflow/lite/python/tflite_convert.py, _check_tf1_flags
 */
export function translate(flags: FlagValues, isCalibrated = false): Translation {
  const notes = new Diagnostics()
  const text = (name: FlagName): string | undefined => (flags.get(name) as string | undefined) || undefined
  const list = (name: FlagName, by = ','): string[] => (text(name) ?? '').split(by).filter((w) => w !== '')
  const has = (name: FlagName): boolean => flags.get(name) === true
  check(flags, { text, list, has }, notes)
  const model = text('graph_def_file') ?? text('saved_model_dir') ?? text('keras_model_file')
  const output = text('output_file')
  notes.throwIfErrors()

  const isV1 = [...flags.keys()].some((name) => flagOf(name).of === 'v1') || has('enable_v1_converter')
  const inputs = list('input_arrays')
  const shapes = (text('input_shapes') ?? '').split(':')
  const words = [model!, '-o', output!]
  const add = (option: string, values: readonly string[]) => {
    if (values.length > 0) words.push(`--${option}`, values.join(','))
  }
  const tags = text('saved_model_tag_set')
  if (flags.has('saved_model_tag_set')) words.push('--tags', tags ?? '')
  const key = text('saved_model_signature_key') ?? (isV1 && flags.has('saved_model_dir') ? 'serving_default' : undefined)
  if (key !== undefined && flags.has('saved_model_dir')) words.push('--signature', key)
  add('inputs', inputs)
  add('outputs', list('output_arrays'))
  inputs.forEach((name, i) => {
    if (shapes[i]) words.push('--shape', `${name}=${shapes[i]}`)
  })
  words.push(...quantizationWords({ text, list, has }, inputs, isCalibrated, notes))
  if (has('allow_custom_ops')) words.push('--allow-custom', '*')
  if (list('target_ops').includes('SELECT_TF_OPS')) add('allow-flex', ['*', ...list('experimental_select_user_tf_ops')])
  const dump = text('dump_graphviz_dir')
  if (dump !== undefined) words.push('--trace', dump, '--trace-as', 'dot')
  tellIdle(flags, { text, list, has }, notes)
  notes.throwIfErrors()
  return {
    words,
    output: output!,
    isGraph: text('output_format') === 'GRAPHVIZ_DOT',
    summaryDir: text('conversion_summary_dir'),
    notes: notes.list,
  }
}

export interface FlagReader {
  text(name: FlagName): string | undefined
  list(name: FlagName, by?: string): string[]
  has(name: FlagName): boolean
}

/** Rules about which flags go together. */
function check(flags: FlagValues, { text, list, has }: FlagReader, problems: Diagnostics): void {
  const missing = (names: readonly FlagName[], why: string) => {
    const absent = names.filter((n) => !text(n))
    if (absent.length > 0)
      problems.add(
        'error',
        flagMissing(
          absent.map((n) => `--${n}`),
          why,
        ),
      )
  }
  const count = (a: FlagName, b: FlagName, counts: readonly [number, number]) => {
    if (counts[0] !== counts[1]) problems.add('error', flagCounts([`--${a}`, `--${b}`], counts))
  }
  const items = (name: FlagName, by: string) => (text(name) ?? '').split(by).length
  missing(['output_file'], 'nothing says what to write')
  if (!text('graph_def_file') && !text('saved_model_dir') && !text('keras_model_file'))
    problems.add('error', flagMissing(['--saved_model_dir, --keras_model_file or --graph_def_file'], 'nothing says what to convert'))
  if (text('graph_def_file')) missing(['input_arrays', 'output_arrays'], 'a GraphDef does not say what goes in and comes out')
  if (text('input_shapes')) {
    missing(['input_arrays'], '--input_shapes are theirs')
    if (text('input_arrays')) count('input_shapes', 'input_arrays', [items('input_shapes', ':'), items('input_arrays', ',')])
    for (const size of list('input_shapes', ':').flatMap((s) => s.split(',')))
      if (!/^\s*(-1|\d+)?\s*$/.test(size)) problems.add('error', flagValue('--input_shapes', size, 'sizes such as 1,28,28,1'))
  }
  if (text('mean_values') || text('std_dev_values')) {
    missing(['mean_values', 'std_dev_values'], 'a mean and a standard deviation go together')
    if (text('mean_values') && text('std_dev_values'))
      count('mean_values', 'std_dev_values', [items('mean_values', ','), items('std_dev_values', ',')])
  }
  if (flags.has('default_ranges_min') || flags.has('default_ranges_max'))
    missing(['default_ranges_min', 'default_ranges_max'], 'a range has two ends')
  if (has('dump_graphviz_video')) missing(['dump_graphviz_dir'], '--dump_graphviz_video writes there')
  if (text('custom_opdefs') && !has('allow_custom_ops'))
    problems.add('error', flagMissing(['--allow_custom_ops'], '--custom_opdefs is for custom ops'))
  for (const name of ['custom_opdefs', 'experimental_select_user_tf_ops'] as const)
    if (text(name) && flags.get('experimental_new_converter') === false)
      problems.add('error', flagValue('--experimental_new_converter', 'false', `true with --${name}`))
  if (text('experimental_select_user_tf_ops') && !list('target_ops').includes('SELECT_TF_OPS'))
    problems.add('error', flagMissing(['SELECT_TF_OPS in --target_ops'], '--experimental_select_user_tf_ops adds to it'))
  for (const set of list('target_ops'))
    if (!opSets.some((s) => s === set)) problems.add('error', flagValue('--target_ops', set, `sets of ${opSets.join(', ')}`))
}

/** Tells flags that change nothing. */
function tellIdle(flags: FlagValues, { text, list, has }: FlagReader, notes: Diagnostics): void {
  const tell = (flag: string, why: string) => notes.add('info', withoutEffect(flag, why))
  if (has('quantize_to_float16') && !has('post_training_quantize'))
    tell('--quantize_to_float16', 'it says how --post_training_quantize stores')
  if (has('drop_control_dependency')) tell('--drop_control_dependency', 'LiteRT has no control dependencies, they are always dropped')
  if (has('reorder_across_fake_quant')) tell('--reorder_across_fake_quant', 'FakeQuant is read wherever it stands')
  if (text('change_concat_input_ranges')) tell('--change_concat_input_ranges', 'as in TensorFlow 2')
  if (text('custom_opdefs')) tell('--custom_opdefs', 'ops of your own are read from the graph as they stand')
  if (has('dump_graphviz_video')) tell('--dump_graphviz_video', '--dump_graphviz_dir gets the graph after every pass that changed it')
  for (const name of ['experimental_new_converter', 'experimental_new_quantizer'] as const)
    if (flags.has(name)) tell(`--${name}`, `there is one ${name.replace(/^experimental_new_/, '')}`)
  if (text('saved_model_signature_key') && !text('saved_model_dir')) tell('--saved_model_signature_key', 'only a SavedModel has signatures')
  if (flags.has('saved_model_tag_set') && !text('saved_model_dir')) tell('--saved_model_tag_set', 'only a SavedModel has tags')
  const targets = list('target_ops')
  if (targets.length > 0 && targets.every((t) => t === 'SELECT_TF_OPS'))
    tell('SELECT_TF_OPS without TFLITE_BUILTINS', 'LiteRT operators are used where there are any')
}
