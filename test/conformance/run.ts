/** npm run conformance [-- NAME...|all]: compares with TensorFlow from PyPI, installed into .cache/tensorflow on the first run. Names are of keras.applications. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const packages = ['tensorflow-cpu==2.21.0', 'tf_keras==2.21.0', 'ai-edge-litert==2.3.0']
const root = path.resolve(import.meta.dirname, '../..')
const here = import.meta.dirname
const cli = path.join(root, 'dist/cli.js')
const venv = path.join(root, '.cache/tensorflow')

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } }).status ?? 1
}

if (!existsSync(cli)) {
  process.stderr.write('dist/cli.js is missing: npm run build\n')
  process.exit(1)
}
const python = process.env.DOWNCAST_PYTHON ?? path.join(venv, 'bin/python')
if (!existsSync(python)) {
  const installed = run('python3', ['-m', 'venv', venv]) === 0 && run(python, ['-m', 'pip', 'install', '--quiet', ...packages]) === 0
  if (!installed) {
    rmSync(venv, { recursive: true, force: true })
    process.exit(1)
  }
}
const dir = mkdtempSync(path.join(tmpdir(), 'downcast-conformance-'))
try {
  const [models, layers] = [path.join(dir, 'models'), path.join(dir, 'layers')]
  const suites = [
    ['models.py', models],
    ['judge.py', models, cli],
    ['keras_layers.py', layers],
    ['keras_judge.py', layers, cli],
    ['applications.py', cli, ...process.argv.slice(2)],
  ]
  const results = suites.map(([script, ...args]) => run(python, [path.join(here, script!), ...args]))
  process.exitCode = results.find((code) => code !== 0) ?? 0
} finally {
  rmSync(dir, { recursive: true, force: true })
}
