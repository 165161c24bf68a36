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
  readonly model: string
  readonly mode: 'none' | 'dynamic' | 'float16'
  /** The source is the float `.tflite` of the model. */
  readonly isTflite?: boolean
  /** Goals of DESIGN.md: how many times faster, and peak memory in MB. */
  readonly faster: number
  readonly peakMb: number
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
const inZoo = (name: string, faster: number, peakMb: number): Case => ({ name, model: path.join(zoo, name), mode: 'none', faster, peakMb })
/** Peaks are litert-quantizer's own: ours must be less. */
function fromTflite(name: string, faster: number, peakMb: number): Case {
  return { ...inZoo(name, faster, peakMb), name: `${name} .tflite`, mode: 'dynamic', isTflite: true }
}
const all: readonly Case[] = [
  { name: 'mnist_mlp', model: mnist, mode: 'none', faster: 15, peakMb: 120 },
  { name: 'mnist_mlp dynamic', model: mnist, mode: 'dynamic', faster: 15, peakMb: 120 },
  inZoo('mobilenet_v2', 20, 250),
  inZoo('resnet50', 20, 350),
  inZoo('efficientnet_b7', 25, 800),
  inZoo('bert_base', 15, 1024),
  ...[{ ...fromTflite('mnist_mlp', 2.5, 74), model: mnist }, fromTflite('efficientnet_b7', 1.3, 487), fromTflite('bert_base', 1.3, 868)],
]
const only = values.only?.split(',')
const cases = all.filter((c) => only?.some((o) => o === c.name || o === c.name.split(' ')[0]) ?? true)

const python = process.env.DOWNCAST_PYTHON ?? path.join(root, '.cache/tensorflow/bin/python')
const cli = path.join(root, 'dist/cli.js')
if (!existsSync(cli)) fail('dist/cli.js is missing: npm run build')
if (spawnSync(python, ['-c', 'import tensorflow'], { stdio: 'ignore' }).status !== 0) {
  process.stdout.write(`skipped: TensorFlow is not installed at ${path.relative(root, python)}; npm run conformance installs it\n`)
  process.exit(0)
}

const quantizer = process.env.DOWNCAST_LITERT_QUANTIZER ?? path.join(root, '.cache/litert-quantizer/bin/python')
const hasQuantizer = spawnSync(quantizer, ['-c', 'import litert_quantizer'], { stdio: 'ignore' }).status === 0
const missing = cases.map((c) => c.model).filter((model) => model.startsWith(zoo) && !existsSync(model))
if (missing.length > 0) {
  mkdirSync(zoo, { recursive: true })
  const made = spawnSync(python, [path.join(root, 'bench/zoo.py'), zoo, ...missing.map((m) => path.basename(m))], { stdio: 'inherit' })
  if (made.status !== 0) fail('the models could not be made')
}

const dir = mkdtempSync(path.join(tmpdir(), 'downcast-bench-'))
let missed = 0
try {
  process.stdout.write(
    `${'case'.padEnd(24)}${'ours s'.padStart(8)}${'ref s'.padStart(8)}${'ratio'.padStart(8)}${'goal'.padStart(7)}${'ours MB'.padStart(9)}${'ref MB'.padStart(8)}${'goal'.padStart(7)}${'ours B'.padStart(12)}${'ref B'.padStart(12)}\n`,
  )
  for (const c of cases) {
    if (c.isTflite && !hasQuantizer) {
      process.stdout.write(`${c.name.padEnd(24)}skipped: litert-quantizer is not installed at ${path.relative(root, quantizer)}\n`)
      continue
    }
    const [ours, theirs] = [path.join(dir, 'ours.tflite'), path.join(dir, 'theirs.tflite')]
    const source = c.isTflite ? floatFile(c) : c.model
    const { a, b } = interleave(
      [
        process.execPath,
        '-r',
        path.join(root, 'bench/peak-memory.cjs'),
        cli,
        'convert',
        source,
        '-o',
        ours,
        '--quantize',
        c.mode,
        '--no-check',
        '--quiet',
      ],
      c.isTflite
        ? [quantizer, path.join(root, 'bench/litert_quantizer_quantize.py'), source, theirs, 'dynamic_wi8_afp32']
        : [python, path.join(root, 'bench/tensorflow_convert.py'), source, theirs, c.mode],
      Number(values.rounds),
    )
    const ratio = median(a.map((s, i) => b[i]!.seconds / s.seconds))
    const peak = median(a.map((s) => s.peakMb))
    // litert-quantizer stores weights of fewer than 1024 elements too, and leaves the tables of GATHER float: its sizes are those of another mode.
    const isSmall = c.isTflite || statSync(ours).size <= statSync(theirs).size
    const ok = ratio >= c.faster && peak <= c.peakMb && isSmall
    if (!ok) missed++
    process.stdout.write(
      `${c.name.padEnd(24)}${median(a.map((s) => s.seconds))
        .toFixed(3)
        .padStart(8)}${median(b.map((s) => s.seconds))
        .toFixed(2)
        .padStart(8)}${ratio.toFixed(1).padStart(8)}${String(c.faster).padStart(7)}${peak.toFixed(0).padStart(9)}${median(
        b.map((s) => s.peakMb),
      )
        .toFixed(0)
        .padStart(
          8,
        )}${String(c.peakMb).padStart(7)}${String(statSync(ours).size).padStart(12)}${String(statSync(theirs).size).padStart(12)}${ok ? '' : '  missed'}\n`,
    )
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.stdout.write(missed === 0 ? 'all goals met\n' : `${missed} goals missed\n`)
process.exit(missed === 0 || values['report-only'] ? 0 : 1)

function floatFile({ name, model }: Case): string {
  const file = path.join(dir, `${name.split(' ')[0]}.float.tflite`)
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
