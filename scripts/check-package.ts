/** Packs the package as npm would, installs it into an empty project, and uses it there as a stranger does. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const dir = mkdtempSync(path.join(tmpdir(), 'downcast-package-'))
const run = (command: string, args: readonly string[], cwd = dir) => execFileSync(command, args, { cwd, encoding: 'utf8' })

function check(ok: unknown, what: string): void {
  if (!ok) throw new Error(`package check: ${what}`)
  process.stdout.write(`ok  ${what}\n`)
}

try {
  const problems = run('npx', ['publint', '--strict', '--pack', 'npm'], root)
  check(/All good/.test(problems), `publint finds nothing\n${problems}`)
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--silent', '--pack-destination', dir], root)) as {
    filename: string
    files: { path: string }[]
  }[]
  const files = packed!.files.map((f) => f.path)
  check(
    ['dist/cli.js', 'dist/index.d.ts', 'LICENSE', 'dist/THIRD-PARTY-LICENSES.txt'].every((f) => files.includes(f)),
    'holds the command line, the types and the licences',
  )
  check(!files.some((f) => /^(src|test|fixtures|examples)\//.test(f)), 'holds no sources, tests or examples')
  const target = path.join(dir, 'node_modules/downcast')
  run('tar', ['-xzf', path.join(dir, packed!.filename)])
  cpSync(path.join(dir, 'package'), target, { recursive: true })
  // Its dependencies are those that are installed here.
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    const link = path.join(dir, 'node_modules', name)
    if (!existsSync(link) && !name.startsWith('.')) symlinkSync(path.join(root, 'node_modules', name), link)
  }
  writeFileSync(path.join(dir, 'package.json'), '{ "type": "module", "private": true }')
  const model = path.join(root, 'examples/mnist/saved/1')
  process.env.XDG_CACHE_HOME = path.join(dir, 'cache')
  const convert = (file: string) => run('node', [path.join(target, 'dist/cli.js'), 'convert', model, '-o', file, '--quantize', 'dynamic'])
  convert('m.tflite')
  check(existsSync(path.join(dir, 'm.tflite')), 'its command converts a model')
  const [build] = readdirSync(path.join(dir, 'cache/downcast'))
  check(existsSync(path.join(dir, 'cache/downcast', build!, 'convert.bin')), 'and keeps its compiled code')
  convert('again.tflite')
  const [first, again] = ['m.tflite', 'again.tflite'].map((file) => readFileSync(path.join(dir, file)))
  check(first!.equals(again!), 'with which it makes the same file')
  run('node', [
    path.join(target, 'dist/tflite_convert.js'),
    `--saved_model_dir=${model}`,
    '--output_file=t.tflite',
    '--post_training_quantize',
  ])
  check(existsSync(path.join(dir, 't.tflite')), 'so does tflite_convert')
  writeFileSync(path.join(dir, 'use.mjs'), "import { version, convert } from 'downcast'\nconsole.log(version, typeof convert)\n")
  check(/^\d+\.\d+\.\d+ function/.test(run('node', ['use.mjs'])), 'its library can be imported')
} finally {
  rmSync(dir, { recursive: true, force: true })
}
