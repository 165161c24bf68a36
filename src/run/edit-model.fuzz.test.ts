import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fuzz } from '../wire/fuzz.testkit.ts'
import { editModel } from './edit-model.ts'
import { openModel } from './model-io.ts'
import { shapeSource } from './static-shapes.ts'

test('damaged models are opened and edited, or refused', async () => {
  const samples = ['run/two_signatures', 'run/nested_uint8io', 'run/cond_shapes', 'tflite/lstm_while.float'].map(
    (name) => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}.tflite`, import.meta.url))),
  )
  const { ok, refused } = await fuzz(samples, (bytes) => {
    const file = openModel('damaged.tflite', bytes)
    for (const signature of file.signatures) {
      shapeSource(file.tables, signature)
      const shapes = signature.inputs.map((i) => i.initialShape)
      editModel(
        file,
        signature,
        shapes,
        signature.outputs.flatMap((port) => [
          { kind: 'rank', port },
          { kind: 'sizes', port },
          { kind: 'copy', port, shape: port.initialShape },
        ]),
      )
    }
  })
  expect(ok).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
