import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { convert, convertTflite } from '../../src/convert.ts'
import { memorySource } from '../../src/core/bytes.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { tfliteBytes, writeTflite } from '../../src/export/write-tflite.ts'
import { memoryFolder } from '../../src/import/folder.ts'
import { readModel } from '../../src/import/read-model.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { inspectModel } from '../../src/inspect/index.ts'
import { mutate, randomIntegers } from '../../src/wire/fuzz.testkit.ts'
import { openZip } from '../../src/wire/zip.ts'
import { zipParts } from '../../src/wire/zip-write.ts'
import { mutateJson, mutateMessage, type Next } from '../testkit/mutations.ts'

/*
 * Real models of every format, damaged, all the way to a written file: success or a DowncastError. More of it with FUZZ_SEED, FUZZ_RUNS.
 */

const bytesOf = (file: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/${file}`, import.meta.url)))
type Files = ReadonlyMap<string, Uint8Array>

/** Folders of an archive, the recorded results left out. */
function foldersOf(file: string): Map<string, Map<string, Uint8Array>> {
  const zip = openZip(memorySource(file, bytesOf(file)))
  const folders = new Map<string, Map<string, Uint8Array>>()
  for (const entry of zip.entries.values()) {
    const [, folder, name] = /^([^/]+)\/(.+)$/.exec(entry.name) ?? []
    if (!folder || !name || name.endsWith('.npz')) continue
    folders.set(folder, (folders.get(folder) ?? new Map<string, Uint8Array>()).set(name, zip.read(entry)))
  }
  return folders
}

const text = { decode: (b: Uint8Array) => new TextDecoder().decode(b), encode: (s: string) => new TextEncoder().encode(s) }

/** Damage that fits the format, four times in five, else to its bytes. */
function damaged(name: string, bytes: Uint8Array, next: Next): Uint8Array {
  if (next() % 5 === 0) return mutate(bytes, next)
  if (name.endsWith('.json')) return text.encode(mutateJson(text.decode(bytes), next))
  const module = name.endsWith('.pb') ? Buffer.from(bytes).indexOf(moduleMagic, 0, 'latin1') : -1
  if (module >= 0 && next() % 4) return mutateWithin(bytes, module, next)
  if (name.endsWith('.pb')) return mutateMessage(bytes, next)
  if (!name.endsWith('.keras')) return mutate(bytes, next)
  const zip = openZip(memorySource(name, bytes))
  const entries = [...zip.entries.values()].map((e) => {
    const contents = zip.read(e)
    return { name: e.name, parts: [e.name === 'config.json' ? text.encode(mutateJson(text.decode(contents), next)) : contents] }
  })
  return new Uint8Array(Buffer.concat(zipParts(name, entries)))
}

/** What a module of StableHLO begins with, which is an attribute of a node. */
const moduleMagic = 'ML\xefR'

/** A few bytes of a module changed, so that the message around it still fits. */
function mutateWithin(bytes: Uint8Array, begin: number, next: Next): Uint8Array {
  const changed = bytes.slice()
  const size = Math.min(4096, bytes.length - begin)
  for (let i = next() % 4; i >= 0; i--) {
    const at = begin + ((next() >>> 0) % size)
    changed[at] = next() % 2 ? (next() >>> 0) % 256 : changed[at]! + [1, -1, 2, -2][(next() >>> 0) % 4]!
  }
  return changed
}

async function run(files: Files, entry: string, next: Next): Promise<void> {
  const mode = (['none', 'dynamic', 'float16'] as const)[next() % 3]!
  if (entry.endsWith('.tflite')) {
    const file = readTfliteFile(memorySource(entry, files.get(entry)!))
    inspectModel(file)
    tfliteBytes(convertTflite(file, { mode, minElements: 1 }).model)
    return
  }
  const folder = memoryFolder('m', files)
  const isFolder = entry === 'saved_model.pb' || entry === 'model.json'
  const source = await readModel(isFolder ? { folder } : { file: memorySource(entry, files.get(entry)!), beside: folder })
  writeTflite(convert(source, { mode, minElements: 1 }).model, { write: () => {} })
}

const one = (file: string): readonly Files[] => [new Map([[file.slice(file.lastIndexOf('/') + 1), bytesOf(file)]])]
type Damage = [sample: number, state: number]
/** `found`: damage that an earlier run found a way through with. */
const formats: readonly [name: string, samples: () => readonly Files[], found?: Damage[]][] = [
  ['SavedModel', () => [...foldersOf('oracle/ops.zip').values()].filter((f) => f.has('saved_model.pb'))],
  ['StableHLO', () => [...foldersOf('oracle/stablehlo.zip').values()].filter((f) => f.has('saved_model.pb'))],
  ['GraphDef', () => one('tf1/graph/frozen.pb')],
  ['pbtxt', () => one('tf1/graph/frozen.pbtxt')],
  ['h5', () => one('keras/functional-keras2.h5')],
  ['keras', () => ['functional', 'nested', 'transformer'].flatMap((name) => one(`keras/${name}-keras3.keras`))],
  // A loop with a condition of an axis.
  ['TF.js', () => [...foldersOf('tfjs/models.zip').values()].filter((f) => f.has('model.json')), [[5, 238902943]]],
  // An operator without results.
  [
    'tflite',
    () => ['tflite/variable_assign.float', 'run/two_signatures', 'tflite/lstm_while.float'].flatMap((f) => one(`${f}.tflite`)),
    [[2, -539602817]],
  ],
]
const seed = Number(process.env.FUZZ_SEED ?? 1)
const numRuns = Number(process.env.FUZZ_RUNS ?? 40)

test.each(formats)('damaged models are converted or refused: %s', async (_, samplesOf, examples = []) => {
  const samples = samplesOf()
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: samples.length - 1 }), fc.integer(), async (sample, state) => {
      const files = samples[sample]!
      const next = randomIntegers(state)
      const names = [...files.keys()]
      const entry = names.find((n) => n === 'saved_model.pb' || n === 'model.json') ?? names[0]!
      const name = next() % 5 ? entry : names[next() % names.length]!
      try {
        await run(new Map([...files, [name, damaged(name, files.get(name)!, next)]]), entry, next)
      } catch (e) {
        if (!(e instanceof DowncastError)) throw e
        refused++
      }
    }),
    { seed, numRuns, examples },
  )
  expect(refused).toBeGreaterThan(0)
})
