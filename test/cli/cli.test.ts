import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes, reportFailure } from '../../cli/failure.ts'
import { progressBar, styleFor, type Terminal } from '../../cli/terminal.ts'
import { verbs } from '../../cli/verbs/index.ts'
import { invariant } from '../../src/core/diagnostics.ts'
import { version } from '../../src/core/version.ts'
import { fixture, root, temporaryFolder } from '../testkit/files.ts'
import { signalled } from '../testkit/signalled.ts'
import { runInProcess } from './run-cli.ts'

const dir = temporaryFolder()

test('the version is the package’s', async () => {
  const { version: packaged } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  expect(version).toBe(packaged)
  expect(await runInProcess('--version')).toEqual({ code: 0, out: `${packaged}\n`, err: '' })
})

test('help names every verb, and every verb has help', async () => {
  const { out, code } = await runInProcess('--help')
  expect(code).toBe(0)
  for (const verb of verbs) {
    expect(out).toContain(`  ${verb.name} `)
    const help = await runInProcess(verb.name, '--help')
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(await runInProcess('help', verb.name)).toEqual(help)
    for (const [name, { help: line }] of Object.entries(verb.options)) {
      expect(help.out).toContain(`--${name}`)
      expect(line).toMatch(/[^.]$/)
    }
    for (const example of verb.examples) expect(help.out).toContain(`downcast ${example}`)
    for (const line of help.out.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  }
})

test('no verb at all is a fault of usage that shows the help', async () => {
  const { code, out, err } = await runInProcess()
  expect(code).toBe(2)
  expect(out).toBe('')
  expect(err).toContain('Usage: downcast VERB')
})

test('an unknown verb names the nearest', async () => {
  const { code, out, err } = await runInProcess('convrt', 'x')
  expect(code).toBe(2)
  expect(out).toBe('')
  expect(err).toContain('cli/unknown-verb')
  expect(err).toContain('Did you mean convert?')
  expect(err).not.toContain('    at ')
})

test('with --json an error is one document on stdout', async () => {
  const { code, out } = await runInProcess('convert', '/nowhere/at/all', '-o', 'x.tflite', '--json')
  expect(code).toBe(1)
  const { error } = JSON.parse(out) as { error: Record<string, unknown> }
  expect(error).toMatchObject({ code: 'import/not-found', file: '/nowhere/at/all' })
  expect(error.diagnostics).toHaveLength(1)
  expect(JSON.parse((await runInProcess('convert', '--json', '--nope')).out)).toMatchObject({ error: { code: 'cli/unknown-option' } })
})

test('a stack is shown only with --debug', async () => {
  expect((await runInProcess('convert', '/nowhere', '-o', 'x')).err).not.toContain('    at ')
  expect((await runInProcess('convert', '/nowhere', '-o', 'x', '--debug')).err).toContain('    at ')
})

test('our own bugs are called that', () => {
  const said: string[] = []
  const terminal = { err: (t: string) => void said.push(t), out: () => {}, errStyle: styleFor(false, {}) } as unknown as Terminal
  for (const make of [() => invariant(false, 'the graph has no nodes'), () => (undefined as unknown as { x: number }).x]) {
    said.length = 0
    try {
      make()
    } catch (e) {
      expect(reportFailure(e, { json: false, debug: false }, terminal)).toBe(exitCodes.bug)
    }
    expect(said.join('')).toContain('bug in downcast')
    expect(said.join('')).not.toContain('    at ')
  }
})

test.each([
  'WebAssembly.Memory(): could not allocate memory',
  'WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance',
])('a process that may not reserve what WebAssembly takes is told so: %s', (words) => {
  const said: string[] = []
  const terminal = { err: (t: string) => void said.push(t), out: () => {}, errStyle: styleFor(false, {}) } as unknown as Terminal
  expect(reportFailure(new RangeError(words), { json: false, debug: false }, terminal)).toBe(exitCodes.model)
  expect(said.join('')).toContain('[run/no-wasm-memory]')
  expect(said.join('')).toContain('NODE_OPTIONS=--disable-wasm-trap-handler')
  expect(reportFailure(new RangeError('Invalid array length'), { json: false, debug: false }, terminal)).toBe(exitCodes.bug)
})

test('colors only on a screen and without NO_COLOR', () => {
  expect(styleFor(true, {}).red('x')).toBe('\u001b[31mx\u001b[39m')
  for (const style of [styleFor(false, {}), styleFor(true, { NO_COLOR: '1' }), styleFor(true, { TERM: 'dumb' })])
    expect(style.red('x')).toBe('x')
  expect(styleFor(true, { NO_COLOR: '' }).bold('x')).not.toBe('x')
})

test('a bar appears only after half a second, and goes away', () => {
  let time = 0
  let drawn = ''
  const bar = progressBar(
    'digits',
    (t) => (drawn += t),
    () => time,
  )
  bar.update(1, 4)
  time = 499
  bar.update(2, 4)
  expect(drawn).toBe('')
  time = 501
  bar.update(3, 4)
  expect(drawn).toContain('75% 3/4')
  bar.finish()
  expect(drawn.endsWith('\r\u001b[K')).toBe(true)
  expect(() => progressBar('x', undefined).update(1, undefined)).not.toThrow()
})

test('the process ends with the code, and a reader that leaves early is no fault', async () => {
  const main = path.join(root, 'cli/main.ts')
  const run = (command: string) =>
    new Promise<{ code: number; stderr: string }>((resolve) => {
      execFile('sh', ['-c', command], { cwd: root }, (error, _, stderr) =>
        resolve({ code: (error?.code as number | undefined) ?? 0, stderr }),
      )
    })
  const node = `"${process.execPath}" --import tsx "${main}"`
  const [usage, pipe] = await Promise.all([run(`${node} nope`), run(`(${node} --help; echo $? >&2) | true`)])
  expect(usage.code).toBe(2)
  expect(pipe).toEqual({ code: 0, stderr: '0\n' })
})

test('Ctrl-C ends the process with 130 and leaves nothing behind', async () => {
  const models = ['float', 'dynamic', 'int8'].map((kind) => fixture(`tflite/mnist_cnn_small.${kind}.tflite`))
  const words = ['compare', ...models, ...models, '--data', path.join(root, 'examples/mnist/data'), '-o', path.join(dir, 'page.html')]
  expect((await signalled('SIGINT', "process.listenerCount('SIGINT') > 0", ...words)).by).toBe(130)
  expect(readdirSync(dir)).toEqual([])
})
