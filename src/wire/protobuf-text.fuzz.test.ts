import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { importGraphDef } from '../import/graph-def/read.ts'
import { fuzz, fuzzOptions } from './fuzz.testkit.ts'

const text = new Uint8Array(readFileSync(new URL('../../fixtures/tf1/graph/frozen.pbtxt', import.meta.url)))

test('damaged text is read or refused', async () => {
  const read = (bytes: Uint8Array) => importGraphDef(memorySource('g.pbtxt', bytes), { outputs: ['probabilities'] }, true)
  read(text)
  const counts = await fuzz([text], read, fuzzOptions(400, 1500))
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
