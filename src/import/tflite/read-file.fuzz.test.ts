import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { convertTflite } from '../../convert.ts'
import { memorySink, memorySource } from '../../core/bytes.ts'
import { writeTfliteFile } from '../../export/file-writer.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import { fuzz, randomIntegers } from '../../wire/fuzz.testkit.ts'
import { readTfliteFile } from './read-file.ts'

const fixture = (name: string) => fixtureBytes(`${name}.tflite`)
const read = (bytes: Uint8Array) => {
  const file = readTfliteFile(memorySource('m.tflite', bytes))
  // What could be read can be written.
  writeTfliteFile(file.model, file.buffers, memorySink())
  writeTfliteFile(file.model, file.buffers, memorySink(), { layout: 'external' })
}

test.each(['none', 'dynamic', 'float16'] as const)('damaged models are converted or refused: %s', async (mode) => {
  const samples = ['tflite/variable_assign.float', 'tflite/lstm_text.float', 'run/two_signatures', 'tflite/mnist_cnn_small.int8'].map(
    fixture,
  )
  const { ok, refused } = await fuzz(samples, (bytes) => {
    const file = readTfliteFile(memorySource('m.tflite', bytes))
    readTfliteFile(memorySource('again', tfliteBytes(convertTflite(file, { mode, minElements: 1 }).model)))
  })
  expect(Math.min(ok, refused)).toBeGreaterThan(20)
})

test('damaged models are read or refused', async () => {
  const samples = ['tflite/variable_assign.float', 'run/two_signatures', 'tflite/lstm_while.float'].map(fixture)
  const { ok, refused } = await fuzz(samples, read)
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})

test('models with damaged offsets and counts are read or refused', async () => {
  const samples = ['tflite/variable_assign.float', 'tflite/lstm_while.float'].map(fixture)
  const next = randomIntegers(11)
  const values = [0, 1, 4, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0]
  const { refused } = await fuzz(samples, (bytes) => {
    if (bytes.length > 8) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let i = 0; i < 3; i++) view.setUint32(4 * (next() % Math.floor(bytes.length / 4)), values[next() % values.length]!, true)
    }
    read(bytes)
  })
  expect(refused).toBeGreaterThan(50)
})
