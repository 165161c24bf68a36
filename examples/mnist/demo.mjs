/** npm run demo: walks through the book's chapter (steps.mjs) with the built command line and writes out/index.html. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderWalk } from './page.mjs'
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
for (const [i, step] of steps.entries()) {
  const begun = performance.now()
  const output = run(argumentsOf(step.command))
  const seconds = (performance.now() - begun) / 1000
  walk.push({ ...step, output, seconds })
  process.stdout.write(`${i + 1}. ${step.title} (${seconds.toFixed(2)} s)\n   ${step.command}\n`)
}
// The numbers of the last step once more, as data, to set them beside the book's.
const compared = JSON.parse(run([...argumentsOf(steps.at(-1).command), '--json']))
writeFileSync(path.join(out, 'index.html'), renderWalk(walk, compared, book))

process.stdout.write(`\n${walk.at(-1).output}\n\n`)
for (const name of ['index.html', 'report.html', 'compare.html', 'graph.svg']) {
  const file = path.join(out, name)
  process.stdout.write(`${path.relative(process.cwd(), file)}  ${statSync(file).size.toLocaleString('en')} bytes\n`)
}
process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s in all. Open examples/mnist/out/index.html in a browser.\n`)
