import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SavedModel } from '../schema/tensorflow/saved-model.ts'
import { fuzz, fuzzOptions } from './fuzz.testkit.ts'
import { decodeBytes, StoredMessage } from './protobuf.ts'

const file = new URL('../../fixtures/saved-model/mnist_mlp-keras3/saved_model.pb', import.meta.url)
const bytes = new Uint8Array(readFileSync(file))

/** Decodes every lazy message. */
function walk(value: unknown): void {
  const left = [value]
  for (let v = left.pop(); v !== undefined || left.length > 0; v = left.pop()) {
    if (v instanceof StoredMessage) left.push(v.decode())
    else if (v instanceof Map) left.push(...v.values())
    else if (Array.isArray(v)) left.push(...v)
    else if (typeof v === 'object' && v !== null && !(v instanceof Uint8Array)) left.push(...Object.values(v))
  }
}

test('damaged messages are decoded or refused', async () => {
  walk(decodeBytes(SavedModel, bytes, 'm.pb'))
  const counts = await fuzz([bytes], (damaged) => walk(decodeBytes(SavedModel, damaged, 'm.pb')), fuzzOptions(400, 2000))
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
