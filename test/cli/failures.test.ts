import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import * as path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { root, temporaryFolder } from '../testkit/files.ts'
import { attr, modelFiles, node } from '../testkit/saved-model.ts'
import { runInProcess } from './run-cli.ts'

/*
 * Bad models and bad places: an exact code, exit code 1, and nothing written anywhere.
 */

const savedModel = path.join(root, 'fixtures/saved-model/mnist_mlp-keras2')
const dir = temporaryFolder()

/** A copy of the SavedModel to be damaged. */
function copy(name: string): string {
  const target = path.join(dir, name)
  fs.cpSync(savedModel, target, { recursive: true })
  return target
}

/** Every file below the test's folder with its size and contents' beginning, temporary ones included. */
function listing(): string[] {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => {
      const file = path.join(e.parentPath, e.name)
      return `${path.relative(dir, file)} ${fs.statSync(file).size}`
    })
    .sort()
}

async function refused(code: string, words: readonly string[], message?: string | RegExp): Promise<string> {
  const before = listing()
  const { code: exit, out, err } = await runInProcess(...words, '--json')
  expect(JSON.parse(out)).toMatchObject({ error: { code } })
  expect(err).not.toMatch(/\n\s+at /)
  if (message !== undefined) expect(err).toMatch(message)
  expect(exit).toBe(1)
  expect(listing()).toEqual(before)
  return err
}
const convert = (model: string, ...more: readonly string[]): string[] => ['convert', model, '-o', path.join(dir, 'out.tflite'), ...more]

const edit = (file: string, change: (bytes: Buffer) => Buffer): void => fs.writeFileSync(file, change(fs.readFileSync(file)))

describe('models', () => {
  test('a folder that is not there', () => refused('import/not-found', convert(path.join(dir, 'nowhere')), /no file or folder/))

  test('a folder without saved_model.pb', async () => {
    const model = copy('no-pb')
    fs.rmSync(path.join(model, 'saved_model.pb'))
    await refused('import/no-saved-model', convert(model), /saved_model\.pb/)
  })

  test('a folder above that of a model', () =>
    refused(
      'import/no-saved-model',
      convert(path.join(root, 'examples/mnist')),
      /There is one in ".*examples\/mnist\/saved\/1": give that folder/,
    ))

  test('a truncated saved_model.pb', async () => {
    const model = copy('truncated')
    edit(path.join(model, 'saved_model.pb'), (b) => b.subarray(0, Math.floor(b.length * 0.6)))
    await refused('wire/truncated', convert(model), /saved_model\.pb/)
  })

  test('a corrupt variables.index', async () => {
    const model = copy('corrupt-index')
    edit(path.join(model, 'variables/variables.index'), (b) => {
      b[40]! ^= 0x55
      return b
    })
    await refused('wire/checksum-mismatch', convert(model), /variables\.index/)
  })

  test('a shard that is shorter than stated', async () => {
    const model = copy('short-shard')
    edit(path.join(model, 'variables/variables.data-00000-of-00001'), (b) => b.subarray(0, 1000))
    await refused('import/shard-too-short', convert(model))
  })

  test('a shard that is missing', async () => {
    const model = copy('no-shard')
    fs.rmSync(path.join(model, 'variables/variables.data-00000-of-00001'))
    await refused('import/shard-missing', convert(model))
  })

  // Names of shards are made from their numbers, so a link is the only way out.
  test('a shard that is a link out of the folder', async () => {
    const model = copy('link')
    const shard = path.join(model, 'variables/variables.data-00000-of-00001')
    fs.rmSync(shard)
    fs.symlinkSync('/etc/hostname', shard)
    await refused('import/link-outside-folder', convert(model))
  })

  test('ops that have no counterpart are all named with their layers', async () => {
    const dims = { dtype: attr.type('f32'), shape: attr.shape([4, 4]) }
    const files = modelFiles({
      nodes: [node('x', 'Placeholder', [], dims), node('head/log', 'MatrixLogarithm', ['x']), node('tail/eig', 'Eig', ['head/log'])],
      ops: [
        { name: 'MatrixLogarithm', outputs: ['output'] },
        { name: 'Eig', outputs: ['output'] },
      ],
      signatures: {
        serving_default: {
          inputs: { x: { name: 'x:0', dims: [4, 4] } },
          outputs: { a: { name: 'head/log:0', dims: [4, 4] }, b: { name: 'tail/eig:0', dims: [] } },
        },
      },
    })
    const model = path.join(dir, 'unsupported')
    fs.mkdirSync(model)
    for (const [name, bytes] of files) fs.writeFileSync(path.join(model, name), bytes)
    const err = await refused('lower/unsupported-op', convert(model), /2 problems/)
    for (const word of ['MatrixLogarithm "head/log"', 'Eig "tail/eig"']) expect(err).toContain(word)
  })

  test('a signature that the model does not have', () =>
    refused('import/unknown-signature', convert(savedModel, '--signature', 'serving_defualt'), /serving_default/))

  test('tags that the model does not have', () => refused('import/unknown-tags', convert(savedModel, '--tags', 'train'), /serve/))

  test('files that are no model', async () => {
    const files: Record<string, string | Buffer> = {
      empty: '',
      text: 'Dear reader,',
    }
    for (const [name, contents] of Object.entries(files)) {
      const file = path.join(dir, name)
      fs.writeFileSync(file, contents)
      await refused('import/unsupported-format', convert(file))
    }
    fs.writeFileSync(path.join(dir, 'node.pbtxt'), 'node { name: "x" op: "NoOp" }')
    await refused('import/no-outputs', convert(path.join(dir, 'node.pbtxt')))
    fs.writeFileSync(path.join(dir, 'lone.pb'), Buffer.from([8, 1, 18, 4]))
    await refused('import/no-saved-model', convert(path.join(dir, 'lone.pb')))
    const json = path.join(dir, 'json')
    fs.writeFileSync(json, '{"format": "layers-model"}')
    await refused('import/tfjs-no-topology', convert(json))
    await refused('import/unsupported-format', ['coverage', path.join(root, 'fixtures/tflite/mnist_mlp.dynamic.tflite')], /already/)
    await refused('import/not-tflite', ['inspect', path.join(savedModel, 'saved_model.pb')])
    await refused('import/not-tflite', ['inspect', savedModel], /downcast convert/)
  })

  test('shapes that contradict the model', async () => {
    await refused('import/unknown-input', convert(savedModel, '--shape', 'flaten_input=1,28,28,1'), /flatten_input/)
    await refused('import/conflicting-shape', convert(savedModel, '--shape', 'flatten_input=1,28,29,1'))
  })

  test('a pattern that names nothing', () =>
    refused('quantize/unmatched-pattern', convert(savedModel, '--quantize', 'dynamic', '--keep-float', 'dence'), /--plan/))
})

describe('outputs', () => {
  test('places that cannot be written', async () => {
    const file = path.join(dir, 'a-file')
    fs.writeFileSync(file, 'mine')
    for (const output of [path.join(dir, 'missing/out.tflite'), path.join(file, 'out.tflite'), dir, `${dir}/`]) {
      await refused('export/unwritable-output', ['convert', savedModel, '-o', output])
    }
    expect(fs.readFileSync(file, 'utf8')).toBe('mine')
  })

  test('a folder without permission', async (t) => {
    if (process.getuid?.() === 0) return t.skip('root may write everywhere')
    const locked = path.join(dir, 'locked')
    fs.mkdirSync(locked, { mode: 0o555 })
    await refused('export/unwritable-output', ['convert', savedModel, '-o', path.join(locked, 'out.tflite')], /permission/)
  })

  test('an output that is the input', async () => {
    const model = copy('self')
    const shard = path.join(model, 'variables/variables.index')
    await refused('export/output-is-input', ['convert', model, '-o', shard])
  })

  test.skipIf(!fs.existsSync('/dev/full'))('a device that is no file', () =>
    refused('export/unwritable-output', ['convert', savedModel, '-o', '/dev/full']),
  )

  test('a disk that fills up while it is written to', async () => {
    const { writeSync } = fs
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28, syscall: 'write' })
    const fill = vi.spyOn(fs, 'writeSync')
    let calls = 0
    fill.mockImplementation(((...args: Parameters<typeof writeSync>) => {
      if (calls++ > 0) throw full
      return writeSync(...args)
    }) as typeof writeSync)
    syncBuiltinESMExports()
    try {
      await refused('export/disk-full', convert(savedModel), /nothing was left behind/)
      expect(calls).toBeGreaterThan(1)
    } finally {
      fill.mockRestore()
      syncBuiltinESMExports()
    }
  })

  test('a real disk of 64 KB', (t) => {
    // A mount that only this command sees; containers may not allow one.
    const disk = path.join(dir, 'disk')
    fs.mkdirSync(disk)
    const inside = (command: string) =>
      spawnSync('unshare', ['-rm', 'sh', '-c', `mount -t tmpfs -o size=64k tmpfs "${disk}" && ${command}`], { cwd: root, encoding: 'utf8' })
    if (inside('true').status !== 0) return t.skip('mounting is not permitted here')
    const cli = `"${process.execPath}" --import tsx cli/main.ts convert "${savedModel}" -o "${disk}/out.tflite" --json`
    const { stdout } = inside(`{ ${cli}; echo "exit $?"; ls -A "${disk}"; }`)
    expect(stdout).toContain('"code": "export/disk-full"')
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('exit 1')
  })
})
