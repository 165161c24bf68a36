import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sealedBlock, tableFile } from '../../../test/testkit/sstable.ts'
import { memorySource } from '../../core/bytes.ts'
import { fuzz, fuzzOptions, mutate, randomIntegers } from '../../wire/fuzz.testkit.ts'
import { readTable } from '../../wire/sstable.ts'
import { CheckpointV1 } from './checkpoint-v1.ts'

const options = fuzzOptions(2000, 1000)
const file = new URL('../../../fixtures/tf1/checkpoint_v1/variables/variables', import.meta.url)
const whole = new Uint8Array(readFileSync(file))
const names = ['dense/kernel', 'dense/scalar', 'parts', 'half', 'double', 'long', 'int', 'short', 'byte', 'signed', 'flag']

/** Every variable with its numbers. */
function read(bytes: Uint8Array): number {
  const checkpoint = new CheckpointV1([memorySource('variables', bytes)])
  let size = 0
  for (const name of names) {
    if (!checkpoint.has(name)) continue
    const value = checkpoint.tensor(name)
    if (value.dtype !== 'string') size += value.data.bytes().byteLength
  }
  return size
}

test('damaged files are read or refused', async () => {
  expect(read(whole)).toBeGreaterThan(100)
  const counts = await fuzz([whole], read, options)
  expect(counts.refused).toBeGreaterThan(0)
})

test('so are damaged values with the right checksum', async () => {
  const rows = [...readTable(memorySource('variables', whole))].map(
    ({ key, value }) => [String.fromCharCode(...key), value.slice()] as const,
  )
  expect(read(tableFile([rows]))).toBe(read(whole))
  // The seed of a case is in its bytes: `mutate` damages four of them.
  const counts = await fuzz(
    [new Uint8Array(4)],
    (seedBytes) => {
      const next = randomIntegers(seedBytes.reduce((a, b) => a * 257 + b, seedBytes.length) | 0)
      const at = next() % rows.length
      return read(
        tableFile([rows.map(([key, value], i) => [key, i === at ? mutate(value, next) : value] as const)], (b) => sealedBlock(b, 0)),
      )
    },
    options,
  )
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
