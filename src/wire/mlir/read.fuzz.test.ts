import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { fuzz } from '../fuzz.testkit.ts'
import { readMlirModule } from './read.ts'

const names = ['dense', 'constants', 'constants.0.12.0', 'control', 'control.0.9.0', 'control.0.14.0', 'layers']

test('damaged MLIR bytecode is read or refused', async () => {
  const samples = names.map((name) => fixtureBytes(`stablehlo/${name}.mlirbc`))
  const { ok, refused } = await fuzz(samples, (bytes) => readMlirModule(bytes, 'x'))
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})
