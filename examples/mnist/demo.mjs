/** npm run demo [-- --readme]: walks through the book's chapter (steps.mjs) with the built command line and writes out/index.html. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatComparison } from '../../dist/compare.js'
import { renderReadme, renderWalk } from './page.mjs'
import { book, steps } from './steps.mjs'

const here = import.meta.dirname
const cli = path.join(here, '../../dist/cli.js')
const out = path.join(here, 'out')
rmSync(out, { recursive: true, force: true })
mkdirSync(out)

/** Arguments of a command line; quotes keep spaces together. */
function argumentsOf(command) {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain).slice(1)
}

function run(args) {
  const done = spawnSync(process.execPath, [cli, ...args], { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (done.status === 0) return done.stdout.trimEnd()
  process.stderr.write(`${done.stderr}\ndowncast ${args.join(' ')} ended with exit code ${done.status}\n`)
  process.exit(1)
}

const started = performance.now()
const walk = []
let compared
for (const [i, step] of steps.entries()) {
  const begun = performance.now()
  const args = argumentsOf(step.command)
  let output
  if (args[0] === 'compare') {
    // As data, to set it beside the book's figures; the text is what the command prints without --json.
    compared = JSON.parse(run([...args, '--json']))
    output = formatComparison(compared)
  } else output = run(args)
  const seconds = (performance.now() - begun) / 1000
  walk.push({ ...step, output: output.trimEnd(), seconds })
  process.stdout.write(`${i + 1}. ${step.title} (${seconds.toFixed(2)} s)\n   ${step.command}\n`)
}
writeFileSync(path.join(out, 'index.html'), renderWalk(walk, compared, book))
if (process.argv.includes('--readme')) writeFileSync(path.join(here, 'README.md'), renderReadme(walk, compared, book))

process.stdout.write(`\n${walk.at(-1).output}\n\n`)
for (const name of ['index.html', 'report.html', 'compare.html', 'graph.svg']) {
  const file = path.join(out, name)
  process.stdout.write(`${path.relative(process.cwd(), file)}  ${statSync(file).size.toLocaleString('en')} bytes\n`)
}
process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s in all. Open examples/mnist/out/index.html in a browser.\n`)
