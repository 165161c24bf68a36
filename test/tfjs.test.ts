import { readFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import type { NdArray } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { firstDifference } from './testkit/oracle.ts'

/*
 * TensorFlow.js models of every form, converted here, run by LiteRT, and judged by what TensorFlow or TensorFlow.js computes of the same
 * weights (fixtures/tfjs/models.zip, made by fixtures/tfjs/make.py).
 */

const archive = openZip(memorySource('models.zip', new Uint8Array(readFileSync(new URL('../fixtures/tfjs/models.zip', import.meta.url)))))
const bytesOf = (path: string) => {
  const source = archive.open(archive.entries.get(path)!)
  return source.read(0, source.byteLength)
}
const cases = [...new Set([...archive.entries.keys()].filter((p) => p.includes('/')).map((p) => p.split('/')[0]!))]
/** Models with recurrent layers, which may be refused by name as yet: a refusal is allowed, a wrong number is not. The list only shrinks. */
const mayBeRefused = new Set(['lstm_text_layers', 'lstm_text_layers_uint8', 'js_recurrent'])

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

async function faultOf(name: string): Promise<string | undefined> {
  const files = [...archive.entries.keys()].filter((p) => p.startsWith(`${name}/`) && !p.endsWith('io.npz'))
  const folder = memoryFolder(name, new Map(files.map((p) => [p.slice(name.length + 1), bytesOf(p)])))
  try {
    const loaded = await runner.load(tfliteBytes(convert(await readModel({ folder })).model), { name })
    const arrays = readNpz(memorySource(name, bytesOf(`${name}/io.npz`)))
    for (const at of ['', '@1']) {
      const of = (kind: string) => {
        const own = [...arrays].filter(([key]) => key.startsWith(kind) && (at === '' ? !key.includes('@') : key.endsWith(at)))
        return new Map<string, NdArray>(own.map(([key, a]) => [key.slice(kind.length).replace(/@\d+$/, ''), a]))
      }
      const expected = of('out_')
      if (expected.size === 0) continue
      await loaded.reset()
      const difference = firstDifference(await loaded.run(of('in_')), expected, /recurrent|lstm/.test(name) ? 1e-3 : 1e-4, 0)
      if (difference) return difference
    }
    await loaded.dispose()
    return undefined
  } catch (e) {
    if (e instanceof DowncastError) return `${e.code}: ${e.message}`
    throw e
  }
}

it('has cases of every form', () => {
  expect(cases.length).toBeGreaterThanOrEqual(35)
  expect([...mayBeRefused].filter((name) => !cases.includes(name))).toEqual([])
})

it.each(cases)('%s', async (name) => {
  const fault = await faultOf(name)
  if (fault !== undefined) expect(fault).toMatch(mayBeRefused.has(name) ? /^lower\/unsupported-op/ : /^$/)
})
