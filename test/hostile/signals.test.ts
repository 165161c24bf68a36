import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { root, temporaryFolder } from '../testkit/files.ts'

/* Ended from outside while its temporary file is there, the command line leaves nothing behind. */

const dir = temporaryFolder()

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
