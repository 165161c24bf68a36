/**
 * npm run bench:calibrate [-- --rounds N] [--zoo DIR] [--report-only]: images a second of calibrating MobileNetV2, 224x224 random images, against
 * litert-quantizer, interleaved; cold processes with 8 and with 72 samples, so that starting does not count. The reference is
 * litert-quantizer 0.11 from PyPI in .cache/litert-quantizer or $DOWNCAST_LITERT_QUANTIZER (a Python); without it this skips.
 * The model is that of `npm run bench`, in DIR (default .cache/zoo). With --report-only a missed goal is printed and no failure.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ndArray } from '../src/core/nd-array.ts'
import { npyParts } from '../src/wire/npy-write.ts'
import { measure, median, type Sample } from './measure.ts'

/** Of DESIGN.md: how many times the images a second. */
const goal = 1.5
const [few, many] = [8, 72]
const imageValues = 224 * 224 * 3

const root = path.resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, zoo: { type: 'string' }, 'report-only': { type: 'boolean', default: false } },
})
const python = process.env.DOWNCAST_LITERT_QUANTIZER ?? path.join(root, '.cache/litert-quantizer/bin/python')
const model = path.join(path.resolve(values.zoo ?? path.join(root, '.cache/zoo')), 'mobilenet_v2')
const cli = path.join(root, 'dist/cli.js')
if (!existsSync(cli)) fail('dist/cli.js is missing: npm run build')
if (spawnSync(python, ['-c', 'import litert_quantizer'], { stdio: 'ignore' }).status !== 0) {
  process.stdout.write(`skipped: litert-quantizer is not installed at ${path.relative(root, python)}\n`)
  process.exit(0)
}
if (!existsSync(model)) fail(`${model} is missing: npm run bench -- --only mobilenet_v2 makes it`)

const dir = mkdtempSync(path.join(tmpdir(), 'downcast-bench-'))
const node = [process.execPath, '-r', path.join(root, 'bench/peak-memory.cjs'), cli]
let isMissed = false
try {
  const [float, samples] = [path.join(dir, 'float.tflite'), path.join(dir, 'samples.npy')]
  measure([...node, 'convert', model, '-o', float, '--no-check', '--quiet'])
  writeFileSync(samples, Buffer.concat(npyParts(samples, ndArray('f32', randomImages(), [many, 224, 224, 3]))))
  const ours = (jobs: number) => (count: number) =>
    measure([
      ...node,
      ...['calibrate', float, '--data', samples, '--max-samples', String(count), '--jobs', String(jobs)],
      ...['-o', path.join(dir, 'calib.json'), '--quiet'],
    ])
  const theirs = (count: number) => measure([python, path.join(root, 'bench/litert_quantizer_calibrate.py'), float, samples, String(count)])
  const subjects = { 'litert-quantizer': theirs, 'downcast --jobs 1': ours(1), 'downcast --jobs 2': ours(2) }
  const found = new Map(Object.keys(subjects).map((name) => [name, [] as { rate: number; peakMb: number }[]]))
  for (let i = 0; i <= Number(values.rounds); i++) {
    for (const [name, run] of Object.entries(subjects)) {
      const [a, b] = [run(few), run(many)]
      if (i > 0) found.get(name)!.push({ rate: rateOf(a, b), peakMb: b.peakMb! })
    }
  }
  const reference = found.get('litert-quantizer')!
  process.stdout.write(
    `${'MobileNetV2'.padEnd(20)}${'images/s'.padStart(10)}${'ratio'.padStart(8)}${'goal'.padStart(6)}${'MB'.padStart(7)}\n`,
  )
  for (const [name, runs] of found) {
    const ratio = median(runs.map((r, i) => r.rate / reference[i]!.rate))
    const isReference = runs === reference
    if (name === 'downcast --jobs 2') isMissed = ratio < goal
    process.stdout.write(
      `${name.padEnd(20)}${median(runs.map((r) => r.rate))
        .toFixed(1)
        .padStart(10)}${(isReference ? '' : ratio.toFixed(2)).padStart(8)}${(isReference ? '' : String(goal)).padStart(6)}${median(
        runs.map((r) => r.peakMb),
      )
        .toFixed(0)
        .padStart(7)}\n`,
    )
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.exit(isMissed && !values['report-only'] ? 1 : 0)

/** Samples a second between a short and a long run. */
function rateOf(short: Sample, long: Sample): number {
  return (many - few) / (long.seconds - short.seconds)
}

/** The same each time: mulberry32. */
function randomImages(): Float32Array {
  let a = 1
  return Float32Array.from({ length: many * imageValues }, () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  })
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
