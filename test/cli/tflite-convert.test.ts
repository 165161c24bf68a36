import * as fs from 'node:fs'
import * as path from 'node:path'
import { describe, expect, test } from 'vitest'
import { flagNames } from '../../cli/tflite-convert/flags.ts'
import { parseFlags } from '../../cli/tflite-convert/parse-flags.ts'
import { translate } from '../../cli/tflite-convert/translate.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { openFile } from '../../src/platform/node.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

const saved = fixture('saved-model/mnist_mlp-keras2')
const frozen = fixture('tf1/graph/frozen.pb')
const graph = ['--graph_def_file', frozen, '--input_arrays', 'image', '--output_arrays', 'probabilities', '--output_file', 'o']
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)

const flags = (...words: string[]) => Object.fromEntries(parseFlags(words).flags)
function codesOf(...words: string[]): string[] {
  try {
    translate(parseFlags(words).flags)
    return []
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
    return e.diagnostics.map((d) => d.code)
  }
}

describe('flags are read as argparse reads them', () => {
  test.each([
    [['--output_file', 'a b', '--saved_model_dir=x=y'], { output_file: 'a b', saved_model_dir: 'x=y' }],
    [['--keras', 'm', '--default_ranges_mi', '-6.5e0'], { keras_model_file: 'm', default_ranges_min: '-6.5e0' }],
    [['--quantize_weights'], { post_training_quantize: true }],
    [['--inference_type=float', '--inference_type', 'int8'], { inference_type: 'INT8' }],
    [['--allow_custom_ops', '--experimental_new_converter', 'FALSE'], { allow_custom_ops: true, experimental_new_converter: false }],
    [['--allow_custom_ops=True', '--input_arrays='], { allow_custom_ops: true, input_arrays: '' }],
    [['--out', 'x'], { output_file: 'x' }],
  ])('%j', (words, expected) => expect(flags(...words)).toEqual(expected))

  test('what follows -- is left', () => expect(parseFlags(['--output_file=x', '--', '--no-check', 'y']).rest).toEqual(['--no-check', 'y']))

  test.each([
    ['cli/unknown-flag', ['--saved_model_dri=x'], 'Did you mean --saved_model_dir?'],
    ['cli/unknown-flag', ['--input_file=x'], 'It is called --graph_def_file now.'],
    ['cli/unknown-flag', ['-o', 'x'], undefined],
    ['cli/unknown-flag', ['--constructor', 'x'], undefined],
    ['cli/ambiguous-flag', ['--quantize'], 'Write the flag out.'],
    ['cli/flag-value', ['--output_file', '--input_arrays', 'x'], undefined],
    ['cli/flag-value', ['--output_file'], undefined],
    ['cli/flag-value', ['--post_training_quantize=true'], undefined],
    ['cli/flag-value', ['--allow_custom_ops=yes'], undefined],
    ['cli/flag-value', ['--output_format=SVG'], undefined],
    ['cli/flag-value', ['--default_ranges_min=low'], undefined],
    ['cli/flags-exclude', ['--saved_model_dir=x', '--keras_model_file=y'], 'Give one.'],
    ['cli/stray-word', ['--output_file', 'x', 'y'], undefined],
  ])('%s: %j', (code, words, hint) => {
    expect(() => parseFlags(words)).toThrow(expect.objectContaining({ code, ...(hint && { hint }) }))
  })
})

describe('flags that need each other', () => {
  test.each([
    [[], ['cli/flag-missing', 'cli/flag-missing']],
    [['--graph_def_file=x', '--output_file=y'], ['cli/flag-missing']],
    [
      [...graph, '--input_arrays=', '--input_shapes=1'],
      ['cli/flag-missing', 'cli/flag-missing'],
    ],
    [[...graph, '--input_shapes=1:2'], ['cli/flag-counts']],
    [[...graph, '--input_shapes=1,a'], ['cli/flag-value']],
    [[...graph, '--mean_values=1'], ['cli/flag-missing']],
    [[...graph, '--mean_values=1,2', '--std_dev_values=1'], ['cli/flag-counts']],
    [[...graph, '--default_ranges_max=1'], ['cli/flag-missing']],
    [[...graph, '--dump_graphviz_video'], ['cli/flag-missing']],
    [[...graph, '--custom_opdefs=x'], ['cli/flag-missing']],
    [[...graph, '--custom_opdefs=x', '--allow_custom_ops', '--experimental_new_converter=false'], ['cli/flag-value']],
    [[...graph, '--experimental_select_user_tf_ops=x'], ['cli/flag-missing']],
    [[...graph, '--target_ops=TFLITE_BUILTINS,OTHERS'], ['cli/flag-value']],
  ])('%j', (words, codes) => expect(codesOf(...words)).toEqual(codes))
})

describe('become options of convert', () => {
  const wordsOf = (...words: string[]) => translate(parseFlags(words).flags).words.join(' ')
  const model = ['--saved_model_dir=s', '--output_file=o']
  test.each([
    [model, 's -o o'],
    [[...model, '--enable_v1_converter'], 's -o o --signature serving_default'],
    [[...model, '--saved_model_signature_key=a,b', '--saved_model_tag_set='], 's -o o --tags  --signature a,b'],
    [[...graph, '--input_shapes=1,8,8,1'], `${frozen} -o o --inputs image --outputs probabilities --shape image=1,8,8,1`],
    [['--keras_model_file=k', '--output_file=o', '--post_training_quantize'], 'k -o o --quantize dynamic'],
    [['--keras_model_file=k', '--output_file=o', '--post_training_quantize', '--quantize_to_float16'], 'k -o o --quantize float16'],
    [['--keras_model_file=k', '--output_file=o', '--target_ops=TFLITE_BUILTINS_INT8'], 'k -o o --quantize int8-only'],
    [
      ['--keras_model_file=k', '--output_file=o', '--target_ops=TFLITE_BUILTINS,SELECT_TF_OPS', '--experimental_select_user_tf_ops=Mine'],
      'k -o o --allow-flex *,Mine',
    ],
    [['--keras_model_file=k', '--output_file=o', '--allow_custom_ops'], 'k -o o --allow-custom *'],
    [['--keras_model_file=k', '--output_file=o', '--dump_graphviz_dir=d'], 'k -o o --trace d --trace-as dot'],
  ])('%j', (words, expected) => expect(wordsOf(...words)).toBe(expected))

  const uint8 = [...graph, '--inference_type=quantized_uint8', '--mean_values=128', '--std_dev_values=127.5']
  const head = `${frozen} -o o --inputs image --outputs probabilities`
  test.each([
    [uint8, `${head} --quantize uint8 --input-stats image=128,127.5`],
    [[...uint8, '--inference_input_type=FLOAT'], `${head} --quantize uint8 --io float32 --input-stats image=128,127.5`],
    [[...uint8, '--inference_type=INT8'], `${head} --quantize int8 --io int8 --input-stats image=128,127.5`],
    [[...uint8, '--inference_input_type=INT8'], `${head} --quantize int8 --io int8 --input-stats image=128,127.5`],
    [
      [...uint8, '--inference_type=FLOAT', '--inference_input_type=UINT8', '--mean_values=127.5'],
      `${head} --io uint8 --input-stats image=127.5,127.5`,
    ],
    [
      [...uint8, '--default_ranges_min', '-6', '--default_ranges_max', '6'],
      `${head} --quantize uint8 --input-stats image=128,127.5 --default-ranges=-6,6`,
    ],
  ])('%j', (words, expected) => expect(wordsOf(...words)).toBe(expected))

  test.each([
    [[...graph, '--inference_type=UINT8'], ['cli/flag-missing']],
    [[...graph, '--inference_input_type=INT8'], ['cli/flag-missing']],
    [[...uint8, '--mean_values=127.5'], ['cli/flag-value']],
    [[...uint8, '--std_dev_values=0'], ['cli/flag-value']],
    [[...uint8, '--mean_values=1,2', '--std_dev_values=1,2'], ['cli/flag-counts']],
  ])('not %j', (words, codes) => expect(codesOf(...words)).toEqual(codes))

  test('ranges may come from samples', () =>
    expect(translate(parseFlags([...graph, '--inference_type=UINT8']).flags, true).words).toContain('uint8'))

  test('flags without effect say so, once', () => {
    const idle = ['--drop_control_dependency', '--reorder_across_fake_quant', '--quantize_to_float16', '--change_concat_input_ranges=TRUE']
    const { notes } = translate(
      parseFlags([
        ...graph,
        ...idle,
        '--dump_graphviz_video',
        '--dump_graphviz_dir=d',
        '--experimental_new_quantizer',
        '--target_ops=SELECT_TF_OPS',
      ]).flags,
    )
    expect(notes.map((n) => n.code)).toEqual(Array(7).fill('cli/flag-without-effect'))
  })
})

test('every flag is in the help', async () => {
  const { code, out } = await runInProcess('tflite_convert', '--help')
  expect(code).toBe(0)
  for (const name of flagNames) expect(out).toContain(`--${name}`)
})

test('a model as convert writes it', async () => {
  const done = await runInProcess(
    'tflite_convert',
    `--saved_model_dir=${saved}`,
    '--post_training_quantize',
    '--output_file',
    at('a.tflite'),
    '--',
    '--no-check',
  )
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toContain('--quantize dynamic --no-check')
  await runInProcess('convert', saved, '--quantize', 'dynamic', '--no-check', '-o', at('b.tflite'))
  expect(fs.readFileSync(at('a.tflite')).equals(fs.readFileSync(at('b.tflite')))).toBe(true)
})

test('a graph as DOT, the graphs of all passes, and a report', async () => {
  const words = [...graph.slice(0, -2), '--', '--no-check']
  const dump = ['--dump_graphviz_dir', at('dumps'), '--conversion_summary_dir', at('summary/1')]
  const drawn = await runInProcess('tflite_convert', '--output_format=graphviz_dot', '--output_file', at('g.dot'), ...words)
  expect(drawn).toMatchObject({ code: 0, err: '' })
  expect(fs.readFileSync(at('g.dot'), 'utf8')).toMatch(/^digraph model \{[\s\S]*SOFTMAX/)
  const { code, out } = await runInProcess('tflite_convert', ...dump, '--output_file', at('g.tflite'), '--json', ...words)
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ output: at('g.tflite'), notes: [] })
  const dumps = fs.readdirSync(at('dumps'))
  expect(dumps.length).toBeGreaterThan(1)
  expect(fs.readFileSync(path.join(at('dumps'), dumps[0]!), 'utf8')).toContain('digraph')
  expect(fs.readFileSync(at('summary/1/report.html'), 'utf8')).toContain('<!doctype html>')
  expect(readTfliteFile(openFile(at('g.tflite'))).model.subgraphs).toHaveLength(1)
})

test('nothing is written where flags are wrong', async () => {
  const { code, err } = await runInProcess(
    'tflite_convert',
    '--saved_model_dir',
    saved,
    '--mean_values=1',
    '--output_file',
    at('never.tflite'),
  )
  expect(code).toBe(2)
  expect(err).toContain('[cli/flag-missing]')
  expect(fs.existsSync(at('never.tflite'))).toBe(false)
})

test('a Keras model is converted whole', async () => {
  const model = fixture('keras/mnist_cnn_small-keras2.h5')
  const words = ['tflite_convert', '--keras_model_file', model, '--output_file', at('k.tflite')]
  expect((await runInProcess(...words, '--input_arrays=other')).err).toContain('[import/cut-keras]')
  const named = ['--input_arrays=input_1', '--input_shapes=2,28,28,1', '--output_arrays=dense_1/Softmax', '--allow_custom_ops']
  expect(await runInProcess(...words, ...named, '--', '--no-check')).toMatchObject({ code: 0, err: '' })
  expect([...readTfliteFile(openFile(at('k.tflite'))).model.subgraphs[0]!.tensors[0]!.shape]).toEqual([2, 28, 28, 1])
})
