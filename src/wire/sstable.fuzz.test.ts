import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sealedBlock, tableFile } from '../../test/testkit/sstable.ts'
import { memorySource } from '../core/bytes.ts'
import { fuzz, fuzzOptions, mutate, randomIntegers } from './fuzz.testkit.ts'
import { decompressSnappy } from './snappy.ts'
import { readTable } from './sstable.ts'

// Has no type declarations.
const { compress } = (await import('snappyjs' as string)) as { compress: (bytes: Uint8Array) => Uint8Array }
const options = fuzzOptions(3000, 1000)
const file = new URL('../../fixtures/saved-model/mnist_mlp-keras2/variables/variables.index', import.meta.url)
const index = new Uint8Array(readFileSync(file))
const read = (bytes: Uint8Array): number => [...readTable(memorySource('t.index', bytes))].length

test('damaged tables are read or refused', async () => {
  expect(read(index)).toBe(20)
  const counts = await fuzz([index], read, options)
  expect(counts.refused).toBeGreaterThan(0)
})

test('damaged blocks with the right checksum, plain and compressed, are read or refused', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`layer/${String(i).padStart(3, '0')}/kernel`, 'x'.repeat(i)] as const)
  // The seed of a case is in its bytes: `mutate` damages four of them.
  const counts = await fuzz(
    [new Uint8Array(4)],
    (seedBytes) => {
      const next = randomIntegers(seedBytes.reduce((a, b) => a * 257 + b, seedBytes.length) | 0)
      let damaged = next() % 3
      const seal = (contents: Uint8Array): Uint8Array => {
        const hurt = damaged-- === 0
        if (next() % 2 === 0) return sealedBlock(hurt ? mutate(contents, next) : contents, 0)
        const packed = compress(contents)
        return sealedBlock(hurt ? mutate(packed, next) : packed, 1)
      }
      return read(tableFile([rows], seal))
    },
    options,
  )
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})

test('damaged Snappy blocks are unpacked or refused', async () => {
  const packed = compress(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >>> 7))
  const counts = await fuzz([packed], (bytes) => decompressSnappy(bytes, { file: 'x', offset: 0 }, 1 << 20), options)
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
