import { readdirSync } from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { signalled } from '../testkit/signalled.ts'

/* Ended from outside while its temporary file is there, the command line leaves nothing behind. */

const dir = temporaryFolder()

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s leaves no file', async (signal) => {
  const isWriting = `fs.readdirSync(${JSON.stringify(dir)}).length > 0`
  const words = ['convert', fixture('saved-model/mnist_mlp-keras2'), '-o', path.join(dir, 'out.tflite')]
  expect((await signalled(signal, isWriting, ...words)).by).not.toBe(0)
  expect(readdirSync(dir)).toEqual([])
})
