/**
 * npm run accuracy [-- --only MODEL,...] [--rows PREFIX] [--ours] [--page]: measures what each mode costs in accuracy and size beside TensorFlow and
 * litert-quantizer, and writes docs/accuracy.md and scripts/accuracy/measured.json. Both come from PyPI as in `npm run conformance`, or from
 * the Pythons $DOWNCAST_PYTHON and $DOWNCAST_LITERT_QUANTIZER. With --ours only downcast's
 * column is measured; with --page the page is written of what was measured before.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Measured, type Table, tools } from './accuracy/measured.ts'
import { downcastFiles, filesOf, modelNames } from './accuracy/models.ts'
import { accuracyPage } from './accuracy/page.ts'
import { rows } from './accuracy/rows.ts'

const root = path.resolve(import.meta.dirname, '..')
const measuredFile = path.join(import.meta.dirname, 'accuracy/measured.json')
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rows: { type: 'string', default: '' },
    ours: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
})
const page = path.join(root, 'docs/accuracy.md')
const table = JSON.parse(readFileSync(measuredFile, 'utf8')) as Table
if (values.page) {
  writeFileSync(page, accuracyPage(table))
  process.exit(0)
}
const python = process.env.DOWNCAST_PYTHON ?? path.join(root, '.cache/tensorflow/bin/python')
const quantizer = process.env.DOWNCAST_LITERT_QUANTIZER ?? path.join(root, '.cache/litert-quantizer/bin/python')
for (const needed of [python, quantizer]) {
  if (existsSync(needed)) continue
  process.stderr.write(`${needed} is missing: npm run conformance installs it\n`)
  process.exit(1)
}
const models = values.only?.split(',') ?? modelNames
// The first row is what litert-quantizer starts from.
const wanted = rows.flatMap((row, id) => (id === 0 || row.name.startsWith(values.rows) ? [{ row, id }] : []))

const dir = mkdtempSync(path.join(tmpdir(), 'downcast-accuracy-'))
try {
  const errors: Record<string, { readonly error?: string }> = {}
  for (const model of models) {
    for (const [file, bytes] of filesOf(model)) {
      const to = path.join(dir, model, file)
      mkdirSync(path.dirname(to), { recursive: true })
      writeFileSync(to, bytes)
    }
    for await (const [row, file] of downcastFiles(
      model,
      wanted.map((w) => w.row),
    )) {
      const id = rows.indexOf(row)
      if (typeof file === 'string') errors[`${model} ${id} downcast`] = { error: file }
      else writeFileSync(path.join(dir, model, `${id}.downcast.tflite`), file)
    }
  }
  const jobs = wanted.map(({ row, id }) => ({
    id,
    tensorflow: (!values.ours && row.tensorflow) || null,
    litertQuantizer: (!values.ours && row.litertQuantizer) || null,
  }))
  writeFileSync(
    path.join(dir, 'jobs.json'),
    JSON.stringify({ digits: path.join(root, 'examples/mnist/data'), models: Object.fromEntries(models.map((m) => [m, jobs])) }),
  )
  Object.assign(errors, reference(python, 'tensorflow'), reference(quantizer, 'litert-quantizer'))
  const judged = reference(python, 'judge') as Record<string, Measured | { readonly error: string }>
  const next: Record<string, Table[string]> = {}
  for (const model of modelNames) {
    if (!models.includes(model)) {
      if (table[model]) next[model] = table[model]
      continue
    }
    const found: Record<string, Table[string][string]> = {}
    for (const { row, id } of wanted) {
      const cells = tools.flatMap((tool) => {
        const key = `${model} ${id} ${tool}`
        const cell = values.ours && tool !== 'downcast' ? table[model]?.[row.name]?.[tool] : (judged[key] ?? errors[key])
        return cell === undefined ? [] : [[tool, cell] as const]
      })
      found[row.name] = Object.fromEntries(cells)
    }
    next[model] = Object.fromEntries(
      rows.flatMap(({ name }) => {
        const cells = found[name] ?? table[model]?.[name]
        return cells ? [[name, cells]] : []
      }),
    )
  }
  writeFileSync(measuredFile, `${JSON.stringify(next, null, 2)}\n`)
  writeFileSync(page, accuracyPage(next))
} finally {
  rmSync(dir, { recursive: true, force: true })
}

/** Runs a part of reference.py and reads what it wrote. */
function reference(interpreter: string, command: string): Record<string, { readonly error?: string }> {
  const script = path.join(import.meta.dirname, 'accuracy/reference.py')
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' }
  const { status, stderr } = spawnSync(interpreter, [script, command, dir], { env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`reference.py ${command} ended with ${status}:\n${stderr}`)
  return JSON.parse(readFileSync(path.join(dir, `${command}.json`), 'utf8'))
}
