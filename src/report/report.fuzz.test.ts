import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { formatInspection } from '../inspect/format.ts'
import { inspectModel } from '../inspect/inspect.ts'
import { fixtures } from '../inspect/tflite-file.testkit.ts'
import { fuzz } from '../wire/fuzz.testkit.ts'
import { renderDot } from './graph/dot.ts'
import { renderReport } from './report.ts'

it('whatever the reader lets through can be inspected, drawn and shown', async () => {
  const samples = ['lstm_while.float', 'mobilenet.int8', 'lstm_text.float'].map((name) =>
    readFileSync(path.join(fixtures, `${name}.tflite`)),
  )
  const counts = await fuzz(samples, (bytes) => {
    const inspection = inspectModel(readTfliteFile(memorySource('damaged.tflite', bytes)))
    formatInspection(inspection)
    renderDot(inspection)
    expect(renderReport(inspection).match(/<script/g)).toHaveLength(1)
  })
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
