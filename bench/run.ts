/**
 * npm run bench [-- --rounds N] [--only NAME,...] [--zoo DIR] [--report-only]: whole cold processes against their references, interleaved, after
 * one uncounted run of each (both keep compiled code: `__pycache__` there, docs/adr/0006-code-cache.md here), with
 * the goals beside. The parity gate is off (`--no-check`).
 * The reference is TensorFlow from PyPI in .cache/tensorflow (`npm run conformance` puts it there) or $DOWNCAST_PYTHON; without it this skips.
 * Where the source is a `.tflite`, the reference is litert-quantizer, in .cache/litert-quantizer or $DOWNCAST_LITERT_QUANTIZER.
 * The larger models are made once, in DIR (default .cache/zoo). With --report-only a missed goal is printed and no failure.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { interleave, median } from './measure.ts'

interface Case {
  readonly name: string
  /** Made once in the zoo when it is missing. */
  readonly model: string
  readonly needs: 'tensorflow' | 'litert-quantizer' | 'nothing'
  /** The words after `downcast`, and the command it is compared with. */
  readonly ours: () => readonly string[]
  readonly reference: () => readonly string[]
  /** Goals of DESIGN.md: how many times faster, and peak memory in MB. */
  readonly faster: number
  readonly peakMb?: number
  /** Both write a model, and ours must not be larger. */
  readonly isNeverLarger?: boolean
}

const root = path.resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    zoo: { type: 'string' },
    'report-only': { type: 'boolean', default: false },
  },
})
const mnist = path.join(root, 'examples/mnist/saved/1')
const zoo = path.resolve(values.zoo ?? path.join(root, '.cache/zoo'))
const python = process.env.DOWNCAST_PYTHON ?? path.join(root, '.cache/tensorflow/bin/python')
const quantizer = process.env.DOWNCAST_LITERT_QUANTIZER ?? path.join(root, '.cache/litert-quantizer/bin/python')
const cli = path.join(root, 'dist/cli.js')
const dir = mkdtempSync(path.join(tmpdir(), 'downcast-bench-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
const [ours, theirs] = [path.join(dir, 'ours'), path.join(dir, 'theirs')]
const convert = (source: string, mode: string): string[] => ['convert', source, '-o', ours, '--quantize', mode, '--no-check', '--quiet']

const modelOf = (name: string): string => (name === 'mnist_mlp' ? mnist : path.join(zoo, name))
function fromSavedModel(name: string, mode: 'none' | 'dynamic', faster: number, peakMb: number): Case {
  const model = modelOf(name)
  return {
    ...{ name: mode === 'none' ? name : `${name} ${mode}`, model, needs: 'tensorflow', faster, peakMb, isNeverLarger: true },
    ours: () => convert(model, mode),
    reference: () => [python, path.join(root, 'bench/tensorflow_convert.py'), model, theirs, mode],
  }
}
/** Peaks are litert-quantizer's own: ours must be less. It stores small weights too and leaves tables of GATHER float, so sizes do not compare. */
function fromTflite(name: string, faster: number, peakMb: number): Case {
  const model = modelOf(name)
  return {
    ...{ name: `${name} .tflite`, model, needs: 'litert-quantizer', faster, peakMb },
    ours: () => convert(floatFile(model), 'dynamic'),
    reference: () => [quantizer, path.join(root, 'bench/litert_quantizer_quantize.py'), floatFile(model), theirs, 'dynamic_wi8_afp32'],
  }
}
function report(name: string, faster: number): Case {
  const model = modelOf(name)
  return {
    ...{ name: `${name} report`, model, needs: 'tensorflow', faster },
    ours: () => ['report', floatFile(model), '-o', ours, '--quiet'],
    reference: () => [python, path.join(root, 'bench/tensorflow_visualize.py'), floatFile(model), theirs],
  }
}
/** Within 4 times of copying the same bytes. */
function againstCopy(name: string): Case {
  const model = modelOf(name)
  return {
    ...fromSavedModel(name, 'none', 0.25, Number.POSITIVE_INFINITY),
    name: `${name} cp`,
    needs: 'nothing',
    isNeverLarger: false,
    reference: () => ['cp', '-r', model, `${theirs}.d`],
  }
}
const all: readonly Case[] = [
  fromSavedModel('mnist_mlp', 'none', 15, 120),
  fromSavedModel('mnist_mlp', 'dynamic', 15, 120),
  fromSavedModel('mobilenet_v2', 'none', 20, 250),
  fromSavedModel('resnet50', 'none', 20, 350),
  fromSavedModel('efficientnet_b7', 'none', 25, 800),
  fromSavedModel('bert_base', 'none', 15, 1024),
  fromTflite('mnist_mlp', 2.5, 74),
  fromTflite('efficientnet_b7', 1.3, 487),
  fromTflite('bert_base', 1.3, 868),
  report('mnist_mlp', 15),
  report('efficientnet_b7', 5),
  againstCopy('efficientnet_b7'),
  againstCopy('bert_base'),
]
const only = values.only?.split(',')
const cases = all.filter((c) => only?.some((o) => o === c.name || o === c.name.split(' ')[0]) ?? true)

if (!existsSync(cli)) fail('dist/cli.js is missing: npm run build')
if (spawnSync(python, ['-c', 'import tensorflow'], { stdio: 'ignore' }).status !== 0) {
  process.stdout.write(`skipped: TensorFlow is not installed at ${path.relative(root, python)}; npm run conformance installs it\n`)
  process.exit(0)
}

const hasQuantizer = spawnSync(quantizer, ['-c', 'import litert_quantizer'], { stdio: 'ignore' }).status === 0
const missing = cases.map((c) => c.model).filter((model) => model.startsWith(zoo) && !existsSync(model))
if (missing.length > 0) {
  mkdirSync(zoo, { recursive: true })
  const made = spawnSync(python, [path.join(root, 'bench/zoo.py'), zoo, ...missing.map((m) => path.basename(m))], { stdio: 'inherit' })
  if (made.status !== 0) fail('the models could not be made')
}

let missed = 0
row('case', 'ours s', 'ref s', 'ratio', 'goal', 'ours MB', 'ref MB', 'goal', 'ours B', 'ref B')
for (const c of cases) {
  if (c.needs === 'litert-quantizer' && !hasQuantizer) {
    process.stdout.write(`${c.name.padEnd(24)}skipped: litert-quantizer is not installed at ${path.relative(root, quantizer)}\n`)
    continue
  }
  const preload = ['-r', path.join(root, 'bench/peak-memory.cjs')]
  const { a, b } = interleave([process.execPath, ...preload, cli, ...c.ours()], c.reference(), Number(values.rounds))
  const ratio = median(a.map((s, i) => b[i]!.seconds / s.seconds))
  const [peak, theirPeak] = [a, b].map((samples) => (samples[0]!.peakMb === undefined ? undefined : median(samples.map((s) => s.peakMb!))))
  const sizes = existsSync(theirs) ? [ours, theirs].map((file) => statSync(file).size) : []
  const ok = ratio >= c.faster && peak! <= (c.peakMb ?? Number.POSITIVE_INFINITY) && (!c.isNeverLarger || sizes[0]! <= sizes[1]!)
  if (!ok) missed++
  row(
    c.name,
    ...[median(a.map((s) => s.seconds)).toFixed(3), median(b.map((s) => s.seconds)).toFixed(2), ratio.toFixed(ratio < 1 ? 2 : 1), c.faster],
    ...[peak?.toFixed(0), theirPeak?.toFixed(0), c.peakMb, ...sizes],
    ...(ok ? [] : [...Array(2 - sizes.length).fill(''), 'missed']),
  )
  rmSync(theirs, { force: true })
  rmSync(`${theirs}.d`, { recursive: true, force: true })
}
process.stdout.write(missed === 0 ? 'all goals met\n' : `${missed} goals missed\n`)
process.exit(missed === 0 || values['report-only'] ? 0 : 1)

function row(name: string, ...cells: readonly (string | number | undefined)[]): void {
  const widths = [8, 8, 8, 7, 9, 8, 7, 12, 12, 8]
  process.stdout.write(
    `${name.padEnd(24)}${cells.map((cell, i) => String(cell === undefined || cell === Number.POSITIVE_INFINITY ? '' : cell).padStart(widths[i]!)).join('')}\n`,
  )
}

function floatFile(model: string): string {
  const file = path.join(dir, `${path.basename(model)}.float.tflite`)
  if (!existsSync(file)) {
    const made = spawnSync(process.execPath, [cli, 'convert', model, '-o', file, '--no-check', '--quiet'], { stdio: 'inherit' })
    if (made.status !== 0) fail(`${model} could not be converted`)
  }
  return file
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
