/**
 * npm run conformance [-- NAME...|all]: compares with TensorFlow and litert-quantizer from PyPI, installed into .cache on the first run. Names are
 * of keras.applications. Models that litert-quantizer publishes, its tests/models, are judged where $DOWNCAST_LITERT_QUANTIZER_MODELS is their folder.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const packages = ['tensorflow-cpu==2.21.0', 'tf_keras==2.21.0', 'ai-edge-litert==2.3.0']
/** Of another environment: they need another NumPy. */
const quantizerPackages = ['litert-quantizer==0.11.0', 'ai-edge-litert==2.3.0']
const root = path.resolve(import.meta.dirname, '../..')
const here = import.meta.dirname
const cli = path.join(root, 'dist/cli.js')

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } }).status ?? 1
}

if (!existsSync(cli)) {
  process.stderr.write('dist/cli.js is missing: npm run build\n')
  process.exit(1)
}
const python = process.env.DOWNCAST_PYTHON ?? installed(path.join(root, '.cache/tensorflow'), packages)
const quantizer = process.env.DOWNCAST_LITERT_QUANTIZER ?? installed(path.join(root, '.cache/litert-quantizer'), quantizerPackages)

/** The Python of an environment with these packages, made on the first run. */
function installed(venv: string, wanted: readonly string[]): string {
  const python = path.join(venv, 'bin/python')
  if (existsSync(python)) return python
  if (run('python3', ['-m', 'venv', venv]) === 0 && run(python, ['-m', 'pip', 'install', '--quiet', ...wanted]) === 0) return python
  rmSync(venv, { recursive: true, force: true })
  process.exit(1)
}

const dir = mkdtempSync(path.join(tmpdir(), 'downcast-conformance-'))
try {
  const [models, layers] = [path.join(dir, 'models'), path.join(dir, 'layers')]
  const suites = [
    ['models.py', models],
    ['judge.py', models, cli],
    ['tflite_convert.py', models, cli],
    ['keras_layers.py', layers],
    ['keras_judge.py', layers, cli],
    ['applications.py', cli, ...process.argv.slice(2)],
  ]
  const cells = path.join(dir, 'matrix')
  const results = suites.map(([script, ...args]) => run(python, [path.join(here, script!), ...args]))
  results.push(run('npx', ['tsx', path.join(here, 'matrix.ts'), cells]) || run(python, [path.join(here, 'matrix.py'), cells]))
  results.push(
    run(quantizer, [path.join(here, 'litert_quantizer.py'), cli]),
    run(quantizer, [path.join(here, 'litert_quantizer_static.py'), cli, cells]),
    run(quantizer, [path.join(here, 'litert_quantizer_rotated.py'), cli]),
  )
  const published = process.env.DOWNCAST_LITERT_QUANTIZER_MODELS
  if (published) results.push(run(quantizer, [path.join(here, 'litert_quantizer_published.py'), published]))
  else process.stdout.write('litert-quantizer, published: skipped, DOWNCAST_LITERT_QUANTIZER_MODELS names no folder of models\n')
  process.exitCode = results.find((code) => code !== 0) ?? 0
} finally {
  rmSync(dir, { recursive: true, force: true })
}
