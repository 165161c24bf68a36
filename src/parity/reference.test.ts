import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { convert } from '../convert.ts'
import { memorySource } from '../core/bytes.ts'
import { readModel } from '../import/read-model.ts'
import { signaturesOf } from './checked-signature.ts'
import { isUnknown } from './evaluate-source.ts'
import { referenceOf } from './reference.ts'
import { sampleOf } from './samples.ts'

let time = 0
const clock = () => time++

test('Keras layers without loops are computed node by node, and given up when that takes too long', async () => {
  const bytes = new Uint8Array(readFileSync(new URL('../../fixtures/keras/mnist_mlp-keras3.keras', import.meta.url)))
  const source = await readModel({ file: memorySource('m.keras', bytes) })
  const [signature] = signaturesOf(source, convert(source).model)
  const inputs = [sampleOf(signature!.inputs[0]!, [1, 28, 28], ['normal'])!]
  const patient = await referenceOf(source, { stopSeconds: 100, clock })
  expect(patient.pace).toBe('nodes')
  expect((await patient.evaluate(signature!, inputs)).map(isUnknown)).toEqual([false])
  const hasty = await referenceOf(source, { stopSeconds: 0, clock })
  expect(await hasty.evaluate(signature!, inputs)).toEqual([
    { isGivenUp: true, reason: expect.stringMatching(/^its evaluation was given up after 0 s, at the layer "\w+"$/) },
  ])
})
