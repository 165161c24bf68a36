import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import type { NdArray } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { readModel } from '../src/import/read-model.ts'
import { checkParity } from '../src/parity/index.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { stillClock } from './testkit/clock.ts'
import { firstDifference } from './testkit/oracle.ts'

/*
 * Every layer kind of Keras in files of Keras 2 and 3, with a dynamic batch (model.h5) and with one of 2 (static.keras): converted here,
 * run by LiteRT, judged by TensorFlow's outputs. test/conformance/keras_layers.py makes the models, keras_fixtures.py the archives.
 */

/** Files whose LSTM layers become the op with states, which LiteRT.js cannot hold: `npm run conformance` judges them in the interpreter. */
const withStates: ReadonlySet<string> = new Set(['lstm/static.keras', 'bidirectional/static.keras'])

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

describe.each(['keras2', 'keras3'])('%s', (flavour) => {
  const bytes = new Uint8Array(readFileSync(new URL(`../fixtures/keras/layers-${flavour}.zip`, import.meta.url)))
  const archive = openZip(memorySource(`layers-${flavour}.zip`, bytes))
  const entry = (path: string) => memorySource(path, archive.read(archive.entries.get(path)!))
  const index = JSON.parse(new TextDecoder().decode(archive.read(archive.entries.get('index.json')!))) as Record<string, number>
  const files = [...archive.entries.keys()].filter((path) => /\.(h5|keras)$/.test(path))

  it('has models of all families', () => {
    expect(Object.keys(index).length).toBeGreaterThan(35)
    expect(files.length).toBeGreaterThan(70)
  })

  it.each(files)('%s', async (path) => {
    const [name] = path.split('/') as [string]
    const source = await readModel({ file: entry(path) })
    const { model } = convert(source)
    const arrays = readNpz(entry(`${name}/io.npz`))
    const of = (prefix: string): Map<string, NdArray> =>
      new Map([...arrays].filter(([key]) => key.startsWith(prefix)).map(([key, a]) => [key.slice(prefix.length), a]))
    if (withStates.has(path)) {
      await expect(runner.load(tfliteBytes(model), { name })).rejects.toMatchObject({ code: 'run/missing-op' })
      return
    }
    const loaded = await runner.load(tfliteBytes(model), { name })
    try {
      const tolerance = index[name]!
      expect(firstDifference(await loaded.run(of('in_')), of('out_'), 10 * tolerance, tolerance)).toBeUndefined()
      // What is right passes the parity gate.
      await checkParity(source, tfliteBytes(model), { runner, model, clock: stillClock })
    } finally {
      await loaded.dispose()
    }
  })
})
