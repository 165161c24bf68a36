import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import { fuzz } from '../../wire/fuzz.testkit.ts'
import { openZip } from '../../wire/zip.ts'
import { zipParts } from '../../wire/zip-write.ts'
import { importKerasZip } from './import-keras.ts'

const load = (name: string) => {
  const zip = openZip(memorySource(name, new Uint8Array(readFileSync(new URL(`../../../fixtures/keras/${name}`, import.meta.url)))))
  const read = (entry: string) => zip.read(zip.entries.get(entry)!)
  return { config: read('config.json'), metadata: read('metadata.json'), weights: read('model.weights.h5') }
}

test('damaged configurations are imported or refused', async () => {
  const { config, metadata, weights } = load('nested-keras3.keras')
  // Less of what does not matter, so that damage hits more of what does.
  const text = JSON.stringify(JSON.parse(new TextDecoder().decode(config)), (key, value) =>
    /initializer|regularizer|constraint|build_config|dtype$/.test(key) ? undefined : value,
  )
  const { ok, refused } = await fuzz([new TextEncoder().encode(text)], (damaged) => {
    const parts = zipParts('m', [
      { name: 'metadata.json', parts: [metadata] },
      { name: 'config.json', parts: [damaged] },
      { name: 'model.weights.h5', parts: [weights] },
    ])
    return importKerasZip(memorySource('m.keras', new Uint8Array(Buffer.concat(parts))))
  })
  expect(Math.min(ok, refused)).toBeGreaterThan(0)
})
