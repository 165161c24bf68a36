/** `tsx matrix.ts DIR`: writes the model of each cell of `downcast ops --quantize` to DIR, float and quantized, with the inputs that matrix.py runs them on. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { quantizeMatrix } from '../../src/quantize/matrix.ts'
import { quantize } from '../../src/quantize/quantize.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { oneOpOf, rangesOf, runOneOp, toleranceOf } from '../testkit/one-op.ts'

const dir = process.argv[2]!
mkdirSync(dir, { recursive: true })
const runner = liteRtRunner(loadNodeLiteRt)
const cells: object[] = []
for (const { op, forms } of quantizeMatrix()) {
  for (const form of forms) {
    const { model, data } = oneOpOf(form)
    // LiteRT.js cannot hold the states of an LSTM, whose results lie within 1.
    const results = await runOneOp(runner, model, data).catch(() => undefined)
    const file = `${cells.length}`
    writeFileSync(path.join(dir, `${file}.float.tflite`), tfliteBytes(model))
    writeFileSync(
      path.join(dir, `${file}.tflite`),
      tfliteBytes(quantize(model, { ...form.options, ranges: rangesOf(model, data, results) }).model),
    )
    const inputs = [...data].map(([name, { values, shape }]) => ({ name, shape, isInt: values instanceof Int32Array, values: [...values] }))
    cells.push({ name: `${op}: ${form.label}`, file, tolerance: toleranceOf(form), inputs })
  }
}
writeFileSync(path.join(dir, 'cells.json'), JSON.stringify(cells))
runner.dispose()
