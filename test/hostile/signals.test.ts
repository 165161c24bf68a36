import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

/* Ended from outside while its temporary file is there, the command line leaves nothing behind. */

const root = path.resolve(import.meta.dirname, '../..')
let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'downcast-signals-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s leaves no file', async (signal) => {
  const model = path.join(root, 'fixtures/saved-model/mnist_mlp-keras2')
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'convert', model, '-o', path.join(dir, 'out.tflite')], {
    cwd: root,
    stdio: 'ignore',
  })
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => child.once('exit', (code, by) => resolve(by ?? code)))
  while (readdirSync(dir).length === 0 && child.exitCode === null) await new Promise((r) => setTimeout(r, 5))
  child.kill(signal)
  expect(await ended).not.toBe(0)
  expect(readdirSync(dir)).toEqual([])
})
