import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verbs } from '../../cli/verbs/index.ts'
import { openFile } from '../../src/platform/node.ts'
import { readIdx } from '../../src/wire/idx.ts'
import { npyParts } from '../../src/wire/npy-write.ts'
import { npzParts } from '../../src/wire/npz.ts'
import { fixture, root, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

/*
 * Every command that the documents and the help show works as it stands, in a folder with the files they speak of.
 */

const start = process.cwd()
const dir = temporaryFolder()

beforeAll(async () => {
  process.chdir(dir)
  fs.cpSync(path.join(root, 'examples/mnist'), dir, { recursive: true })
  fs.mkdirSync('out', { recursive: true })
  fs.copyFileSync(fixture('keras/mnist_mlp-keras3.keras'), 'model.keras')
  fs.copyFileSync(fixture('tf1/graph/frozen.pb'), 'frozen.pb')
  fs.mkdirSync('digits')
  for (const part of ['images-idx3', 'labels-idx1']) fs.copyFileSync(fixture(`mnist/digits-${part}-ubyte`), `digits/digits-${part}-ubyte`)
  const images = readIdx(openFile(fixture('mnist/digits-images-idx3-ubyte')))
  const labels = readIdx(openFile(fixture('mnist/digits-labels-idx1-ubyte')))
  fs.writeFileSync('x.npy', Buffer.concat(npyParts('x.npy', images)))
  fs.writeFileSync(
    'test.npz',
    Buffer.concat(
      npzParts(
        'test.npz',
        new Map([
          ['flatten_input', images],
          ['labels', labels],
        ]),
      ),
    ),
  )
  const { default: sharp } = await import('sharp')
  await sharp(images.bytes.slice(0, 784), { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toFile('digit.png')
  for (const [output, mode] of [
    ['model', 'none'],
    ['float', 'none'],
    ['small', 'dynamic'],
  ] as const) {
    expect(await runInProcess('convert', 'saved/1', '--quantize', mode, '--no-check', '-o', `${output}.tflite`)).toMatchObject({ code: 0 })
  }
})
afterAll(() => {
  process.chdir(start)
})

/** Words of a line of shell: quotes keep spaces together, `> file` takes what is printed. */
async function runLine(line: string): Promise<void> {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain!)
  const redirect = words.indexOf('>')
  const args = words.slice(words[0] === 'npx' ? 2 : 1, redirect < 0 ? undefined : redirect)
  const { code, out, err } = await runInProcess(...args)
  expect(code, `${line}\n${err}`).toBe(0)
  if (redirect >= 0) fs.writeFileSync(words[redirect + 1]!, out)
}

test.each(verbs.flatMap((v) => v.examples))('help: downcast %s', (example) => runLine(`downcast ${example}`))

const below = (folder: string) =>
  fs.readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((f) => path.join(folder, f))
const documents = ['README.md', ...below('docs'), ...below('examples')].filter((f) => f.endsWith('.md'))
const commands = documents.flatMap((file) => {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block!)
  const lines = blocks.flatMap((b) => b.replaceAll('\\\n', ' ').split('\n'))
  return lines.filter((l) => /^(npx )?downcast /.test(l)).map((line) => ({ file, line }))
})

test('documents show commands', () => expect(commands.length).toBeGreaterThan(0))
test.each(commands)('$file: $line', ({ line }) => runLine(line))
