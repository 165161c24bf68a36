import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import { type NdArray, sizeOf } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import type { Model } from '../src/ir/types.ts'
import { interpretModel } from '../src/ops/interpret-model.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { firstDifference } from './testkit/oracle.ts'

/*
 * One TensorFlow op or Keras layer at a time: converted here, run by LiteRT, judged by the outputs that TensorFlow recorded
 * (fixtures/oracle/*.zip). LiteRT.js cannot hold the states of the LSTM op: the reference kernels run models with it here, and
 * `npm run conformance` such layers in the TFLite interpreter. Cases that do not pass stand in oracle-expected-failures.json with a
 * reason; one that passes must leave it.
 */

interface Case {
  readonly name: string
  readonly group: string
  readonly tol: number
  readonly atol?: number
  readonly stateful?: boolean
}

const file = (path: string) => readFileSync(new URL(path, import.meta.url))
const archives = ['ops.zip', 'more-ops.zip', 'variables.zip', 'stateful.zip', 'attributes.zip', 'tf1.zip', 'stablehlo.zip'].map((name) =>
  openZip(memorySource(name, new Uint8Array(file(`../fixtures/oracle/${name}`)))),
)
const bytesIn = (archive: (typeof archives)[number], path: string) => {
  const source = archive.open(archive.entries.get(path)!)
  return source.read(0, source.byteLength)
}
/** Each case with the archive it is in. */
const archiveOf = new Map<string, (typeof archives)[number]>()
const cases = archives.flatMap((archive) => {
  const listed = JSON.parse(new TextDecoder().decode(bytesIn(archive, 'index.json'))) as readonly Case[]
  for (const c of listed) archiveOf.set(c.name, archive)
  return listed
})
const bytesOfEntry = (name: string, path: string) => bytesIn(archiveOf.get(name)!, `${name}/${path}`)
const expectedFailures = new Map(Object.entries(JSON.parse(file('./oracle-expected-failures.json').toString()) as Record<string, string>))
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

/** What is wrong with a case; undefined when all its outputs are TensorFlow's. */
async function faultOf(c: Case): Promise<string | undefined> {
  try {
    const entries = [...archiveOf.get(c.name)!.entries.keys()].filter((path) => path.startsWith(`${c.name}/`) && !path.endsWith('io.npz'))
    const files = entries.map((path) => path.slice(c.name.length + 1))
    const folder = memoryFolder(c.name, new Map(files.map((path) => [path, bytesOfEntry(c.name, path)])))
    const { model } = convert(await readModel({ folder }))
    if (model.graphs.some((g) => [...g.values.values()].some((v) => v.isVariable))) return faultOfKernels(c, model)
    const loaded = await runner.load(tfliteBytes(model), { name: c.name })
    try {
      for (const { signature, feeds, expected } of samplesOf(c.name)) {
        const ports = loaded.signatures.find((s) => s.key === signature) ?? loaded.signatures[0]!
        if (!c.stateful) await loaded.reset()
        const found = await loaded.run(renamed(feeds, ports.inputs), { signature: ports.key })
        const difference = firstDifference(found, expected, c.tol, c.atol ?? 0)
        if (difference) return difference
      }
      return undefined
    } finally {
      await loaded.dispose()
    }
  } catch (e) {
    if (e instanceof DowncastError) return `${e.code}: ${e.message}`
    throw e
  }
}

/** The same on the reference kernels, each run from states of zeros. */
function faultOfKernels(c: Case, model: Model): string | undefined {
  for (const { signature, feeds, expected } of samplesOf(c.name)) {
    const { inputs, outputs, graph } = model.signatures.find((s) => s.key === signature) ?? model.signatures[0]!
    const named = renamed(feeds, inputs)
    const of = (ports: typeof inputs, ids: readonly number[]) => ids.map((id) => ports.find((p) => p.value === id)!.name)
    const { inputs: taken, outputs: given } = model.graphs[graph]!
    const arrays = interpretModel(
      model,
      graph,
      of(inputs, taken).map((port) => named.get(port)!),
    )
    const names = of(outputs, given)
    const difference = firstDifference(new Map(arrays.map((a, i) => [names[i]!, a])), expected, c.tol, c.atol ?? 0)
    if (difference) return difference
  }
  return undefined
}

type Arrays = Map<string, NdArray>

/** Keys are `[<signature>.]in_<name>[@k]` and `out_`; sample 0 has no `@`. */
function samplesOf(name: string): { signature: string; feeds: Arrays; expected: Arrays }[] {
  const samples = new Map<string, { signature: string; feeds: Arrays; expected: Arrays }>()
  for (const [key, array] of readNpz(memorySource(`${name}/io.npz`, bytesOfEntry(name, 'io.npz')))) {
    const [, signature = 'serving_default', kind, port, k = '0'] = /^(?:(.+)\.)?(in|out)_(.*?)(?:@(\d+))?$/.exec(key)!
    const sample = samples.get(`${signature}@${k}`) ?? { signature, feeds: new Map(), expected: new Map() }
    samples.set(`${signature}@${k}`, sample)
    ;(kind === 'in' ? sample.feeds : sample.expected).set(port!, array)
  }
  return [...samples.values()]
}

/** A single input may have another name than TensorFlow's. */
function renamed(feeds: Arrays, inputs: readonly { readonly name: string }[]): Arrays {
  const [only] = feeds
  return feeds.size === 1 && inputs.length === 1 && only ? new Map([[inputs[0]!.name, only[1]]]) : feeds
}

it('has cases, and every expected failure is one of them', () => {
  expect(cases.length).toBeGreaterThan(1200)
  expect(archiveOf.size, 'names are used once').toBe(cases.length)
  expect([...expectedFailures.keys()].filter((name) => !cases.some((c) => c.name === name))).toEqual([])
  expect(cases.every((c) => samplesOf(c.name).every((s) => [...s.expected.values()].every((a) => sizeOf(a) >= 0)))).toBe(true)
})

describe.each([...new Set(cases.map((c) => c.group))])('%s', (group) => {
  it.each(cases.filter((c) => c.group === group).map((c) => [c.name, c] as const))('%s', async (name, c) => {
    const fault = await faultOf(c)
    if (expectedFailures.has(name)) expect(fault, `${name} passes: take it off oracle-expected-failures.json`).toBeDefined()
    else expect(fault).toBeUndefined()
  })
})
