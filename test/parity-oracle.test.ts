import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import type { SourceModel } from '../src/import/source-graph.ts'
import { tensorflow } from '../src/lower/tf/index.ts'
import { checkParity } from '../src/parity/check-parity.ts'
import { evaluateSource, isUnknown } from '../src/parity/evaluate-source.ts'
import { kernelEvaluator } from '../src/parity/kernel-evaluator.ts'
import { largeArrayEvaluator } from '../src/parity/large-arrays.ts'
import { productEvaluator } from '../src/parity/products.ts'
import { sizedByValuesEvaluator } from '../src/parity/sized-by-values.ts'
import { tfjsEvaluator } from '../src/parity/tfjs.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { loadNodeTfJs } from '../src/platform/node-tfjs.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { stillClock } from './testkit/clock.ts'
import { firstDifference } from './testkit/oracle.ts'

/*
 * The gate's evaluator gives what TensorFlow recorded, and the gate lets every model pass that is right. Every tenth of the recorded
 * cases and those that it cannot compute (parity-unevaluated.json, which only shrinks); all of them with DOWNCAST_ALL_CASES=1.
 */

interface Case {
  readonly name: string
  readonly tol: number
  readonly atol?: number
}

const file = (path: string) => readFileSync(new URL(path, import.meta.url))
const archives = ['ops.zip', 'more-ops.zip', 'variables.zip', 'stateful.zip', 'attributes.zip', 'tf1.zip', 'stablehlo.zip'].map((name) =>
  openZip(memorySource(name, new Uint8Array(file(`../fixtures/oracle/${name}`)))),
)
type Archive = (typeof archives)[number]
const bytesIn = (archive: Archive, path: string) => {
  const source = archive.open(archive.entries.get(path)!)
  return source.read(0, source.byteLength)
}
const archiveOf = new Map<string, Archive>()
const all = archives.flatMap((archive) => {
  const listed = JSON.parse(new TextDecoder().decode(bytesIn(archive, 'index.json'))) as readonly Case[]
  for (const c of listed) archiveOf.set(c.name, archive)
  return listed
})
const bytesOfEntry = (name: string, path: string) => bytesIn(archiveOf.get(name)!, `${name}/${path}`)
const step = process.env.DOWNCAST_ALL_CASES ? 1 : 10
const unevaluated = new Map(Object.entries(JSON.parse(file('./parity-unevaluated.json').toString()) as Record<string, string>))
const cases = all.filter(({ name }, i) => i % step === 0 || unevaluated.has(name)).map((c) => [c.name, c] as const)
const failing = new Set(Object.keys(JSON.parse(file('./oracle-expected-failures.json').toString()) as object))

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())
const tfjs = loadNodeTfJs()

/** Undefined where the model cannot be imported yet. */
async function sourceOf(name: string): Promise<SourceModel | undefined> {
  const entries = [...archiveOf.get(name)!.entries.keys()].filter((path) => path.startsWith(`${name}/`) && !path.endsWith('io.npz'))
  const files = entries.map((path) => path.slice(name.length + 1))
  const folder = memoryFolder(name, new Map(files.map((path) => [path, bytesOfEntry(name, path)])))
  try {
    return await readModel({ folder })
  } catch (e) {
    if (e instanceof DowncastError && failing.has(name)) return undefined
    throw e
  }
}

describe('the evaluator', () => {
  const both = cases.flatMap(([name, c]) => [false, true].map((first) => [name, first ? 'loops first' : 'no loops', first, c] as const))
  it.each(both)('computes %s as TensorFlow or not at all, %s', async (name, _, isLoopsFirst, c) => {
    const source = await sourceOf(name)
    if (!source) return
    const recorded = readNpz(memorySource(`${name}/io.npz`, bytesOfEntry(name, 'io.npz')))
    const others = [tfjsEvaluator(await tfjs), sizedByValuesEvaluator, kernelEvaluator(tensorflow)]
    const evaluators = isLoopsFirst ? [largeArrayEvaluator(1), productEvaluator(1), ...others] : others
    const reasons: string[] = []
    for (const graph of source.graphs) {
      const prefix = graph.name === 'serving_default' ? '' : `${graph.name}.`
      const inputs = graph.inputs.map((p) => recorded.get(`${prefix}in_${p.name}`))
      if (!inputs.every((i) => i !== undefined)) continue
      const results = await evaluateSource(graph, inputs, { evaluators })
      for (const [o, port] of graph.outputs.entries()) {
        const expected = recorded.get(`${prefix}out_${port.name}`)
        const result = results[o]!
        if (isUnknown(result)) reasons.push(result.reason)
        if (!expected || isUnknown(result)) continue
        expect(firstDifference(new Map([['', result]]), new Map([['', expected]]), c.tol, c.atol ?? 0)).toBeUndefined()
      }
    }
    expect(reasons, 'what has no value is listed, and nothing else').toEqual(
      unevaluated.has(name) ? expect.arrayContaining([expect.any(String)]) : [],
    )
  })
})

describe('the gate', () => {
  it.each(cases.filter(([name]) => !failing.has(name)))('lets %s pass', async (name) => {
    const source = await sourceOf(name)
    const { model } = convert(source!)
    const report = await checkParity(source!, tfliteBytes(model), { runner, model, loadTfJs: () => tfjs, clock: stillClock })
    for (const output of report.outputs) expect(output.shareOfTolerance).toBeLessThanOrEqual(1)
    expect(report.outputs.length + report.gaps.length).toBeGreaterThan(0)
  })
})
