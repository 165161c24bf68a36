import path from 'node:path'
import { expect, it } from 'vitest'
import { expectGolden } from '../../test/testkit/golden.ts'
import { formatInspection } from './format.ts'
import { inspectModel } from './inspect.ts'
import { awkwardFile, fixtureFile } from './tflite-file.testkit.ts'

it('shows a small model on one screen', () => {
  const text = `${formatInspection(inspectModel(fixtureFile('mnist_mlp.dynamic')))}\n`
  expectGolden(path.join(import.meta.dirname, 'golden', 'mnist_mlp.dynamic.txt'), text)
})

it('writes absent operands as none and lets no name reach the terminal', () => {
  const text = formatInspection(inspectModel(awkwardFile()))
  expect(text).toContain('6 none 3 7 -> 8')
  expect(text).not.toMatch(/[\u001b\u202e]/)
})

it('cuts long tables', () => {
  const text = formatInspection(inspectModel(fixtureFile('mobilenet.int8')), { maxRows: 3 })
  expect(text).toContain('… 16 more')
  expect(text.split('\n').length).toBeLessThan(45)
})
