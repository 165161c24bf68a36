import { calibrate } from '../../src/calibrate/calibrate.ts'
import { hessianSources } from '../../src/calibrate/hessian-sources.ts'
import { openObserver } from '../../src/calibrate/open-observer.ts'
import { type Converted, convert, quantizeConverted } from '../../src/convert.ts'
import { memorySource } from '../../src/core/bytes.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { memoryFolder } from '../../src/import/folder.ts'
import { readModel } from '../../src/import/read-model.ts'
import { openFile } from '../../src/platform/node.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { layersToObserve } from '../../src/quantize/observe.ts'
import { recipeOf } from '../../src/quantize/recipe/parse-recipe.ts'
import type { QuantizeOptions } from '../../src/quantize/types.ts'
import { observedHessians } from '../../src/quantize/weights/observed-layers.ts'
import { observingAlgorithms } from '../../src/quantize/weights/scheme.ts'
import { openDataSet } from '../../src/run/data/open-data-set.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { openZip } from '../../src/wire/zip.ts'
import type { Row } from './rows.ts'

const archive = openZip(openFile(new URL('../../fixtures/oracle/models.zip', import.meta.url).pathname))

/** Models of the table: SavedModels, each with 32 samples to calibrate on. */
export const modelNames: readonly string[] = [...new Set([...archive.entries.keys()].map((path) => path.slice(0, path.indexOf('/'))))]

/** Files of a model by their paths in its folder. */
export function filesOf(model: string): ReadonlyMap<string, Uint8Array> {
  const prefix = `${model}/`
  const paths = [...archive.entries.keys()].filter((path) => path.startsWith(prefix))
  return new Map(
    paths.map((path) => {
      const source = archive.open(archive.entries.get(path)!)
      return [path.slice(prefix.length), source.read(0, source.byteLength)]
    }),
  )
}

/** What downcast makes of a model, row by row, calibrated once, and once more where its weights are equalized; a message where it refuses. */
export async function* downcastFiles(model: string, rows: readonly Row[]): AsyncGenerator<readonly [Row, Uint8Array | string]> {
  const files = filesOf(model)
  const source = await readModel({ folder: memoryFolder(model, files) })
  const prepared = async (isEqualized: boolean) => {
    const float = convert(source, { mode: 'none', equalize: isEqualized })
    return { float, seen: await observed(float, model, files.get('representative.npz')!) }
  }
  const made = new Map<boolean, ReturnType<typeof prepared>>()
  for (const row of rows) {
    const isEqualized = row.how.equalize === true
    if (!made.has(isEqualized)) made.set(isEqualized, prepared(isEqualized))
    const { float, seen } = await made.get(isEqualized)!
    const isSampled = observingAlgorithms.some((a) => a === row.how.weightsAlgorithm)
    yield [row, quantized(float, row, isSampled ? await observed(float, model, files.get('representative.npz')!, row.how) : seen)]
  }
}

type Seen = Pick<QuantizeOptions, 'ranges' | 'means' | 'hessians'>

function quantized(float: Converted, { how: { recipe, equalize: _, ...options }, name }: Row, seen: Seen): Uint8Array | string {
  try {
    return tfliteBytes(quantizeConverted(float, { ...options, ...(recipe && { recipe: recipeOf(name, recipe) }), ...seen }).model)
  } catch (e) {
    if (e instanceof DowncastError) return e.message
    throw e
  }
}

/** Ranges, and of the layers whose weights are chosen by samples what these tell. */
async function observed(float: Converted, name: string, samples: Uint8Array, how?: Row['how']): Promise<Seen> {
  const runner = liteRtRunner(loadNodeLiteRt)
  const bytes = tfliteBytes(float.floatModel)
  const plan = how && layersToObserve(float.floatModel, { mode: how.mode ?? 'none', weightsAlgorithm: how.weightsAlgorithm })
  const observer = await openObserver(runner, bytes, name, plan && hessianSources(float.floatModel, bytes, plan.sums))
  try {
    const data = openDataSet({ data: memorySource('representative.npz', samples) })
    const { calibration, hessians } = await calibrate({ model: { name, bytes }, data, observers: [observer] })
    const known = { ranges: calibration.ranges(float.floatModel), means: calibration.means(float.floatModel) }
    return { ...known, ...(plan && { hessians: observedHessians(plan, hessians) }) }
  } finally {
    await observer.dispose()
    await runner.dispose()
  }
}
