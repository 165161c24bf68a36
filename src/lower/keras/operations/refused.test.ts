import { expect, test } from 'vitest'
import type { DowncastError } from '../../../core/diagnostics.ts'
import { keras } from '../index.ts'
import { kerasOperations } from './index.ts'
import { refused } from './refused.ts'

const call = (name: string) => {
  const layer = { name: 'head', className: `keras.ops.${name}`, config: {}, weights: new Map(), version: 3 }
  const node = { name: 'head', op: `keras.ops.${name}`, inputs: [], layer: ['head'], keras: { layer, args: [], kwargs: {} } }
  return { node, operands: [], context: { scope: { narrowings: { note: () => undefined } } } }
}

test.each(Object.keys(refused))('%s is refused by its name and the layer’s, with what to do', (name) => {
  const lowering = kerasOperations[`keras.ops.${name}`]!
  let error: DowncastError | undefined
  try {
    lowering(call(name) as never, {} as never)
  } catch (e) {
    error = e as DowncastError
  }
  expect(error).toMatchObject({ code: 'lower/unsupported-form' })
  expect(error!.message).toContain(`keras.ops.${name} "head"`)
  expect(error!.hint).toMatch(/\w/)
})

test('no operation is both refused and lowered', () => {
  for (const [name, lowering] of Object.entries(refused)) expect(keras[`keras.ops.${name}`]).toBe(lowering)
})
