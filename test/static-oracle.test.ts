import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { memorySource } from '../src/core/bytes.ts'
import { typedView } from '../src/core/dtype.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { importTflite } from '../src/import/tflite/import-model.ts'
import { readTfliteFile } from '../src/import/tflite/read-file.ts'
import type { Model, QuantParams, TensorType, Value } from '../src/ir/types.ts'
import { verifyGraph } from '../src/ops/verify.ts'
import { quantize } from '../src/quantize/quantize.ts'
import { openZip } from '../src/wire/zip.ts'

/*
 * Static quantization against TensorFlow's: its calibrated float files (fixtures/oracle/static.zip, made by static.py) are quantized here with
 * the ranges they state, and compared with what TensorFlow made of the same: ops, the grid of every tensor, the bytes of every constant.
 * What differs stands in static-expected-failures.json with a reason; a case that agrees must leave it.
 */

const at = (path: string) => readFileSync(new URL(path, import.meta.url))
const archive = openZip(memorySource('static.zip', new Uint8Array(at('../fixtures/oracle/static.zip'))))
const expected = new Map(Object.entries(JSON.parse(at('./static-expected-failures.json').toString()) as Record<string, string>))

function load(path: string): Model {
  const source = archive.open(archive.entries.get(path)!)
  return importTflite(readTfliteFile(memorySource(path, source.read(0, source.byteLength))))
}

const modes = ['int8', 'int16x8'] as const
const cases = modes.flatMap((mode) =>
  [...archive.entries.keys()]
    .filter((path) => path.endsWith(`/${mode}.tflite`))
    .map((path) => `${path.slice(0, path.indexOf('/'))}.${mode}`),
)

const opCounts = (m: Model): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const n of m.graphs.flatMap((g) => g.nodes)) counts[n.op] = (counts[n.op] ?? 0) + 1
  return Object.fromEntries(Object.entries(counts).sort())
}

/** One unit in the last place of a float32, for scales that are products of two. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 2 ** -22 * Math.max(Math.abs(a), Math.abs(b))
const scalesOf = (q: QuantParams): readonly number[] => (q.kind === 'per-tensor' ? [q.scale] : [...q.scales])

function sameType(a: TensorType, b: TensorType): boolean {
  if (a.dtype !== b.dtype || !a.quant !== !b.quant) return false
  if (!a.quant || !b.quant) return true
  const [s, t] = [scalesOf(a.quant), scalesOf(b.quant)]
  if (s.length !== t.length || !s.every((x, i) => isNear(x, t[i]!))) return false
  return a.quant.kind !== 'per-tensor' || b.quant.kind !== 'per-tensor' || a.quant.zeroPoint === b.quant.zeroPoint
}

/** Elements that differ between two constants of one type. */
function differing(a: Value, b: Value): number {
  const [x, y] = [a, b].map((v) => typedView(v.type.dtype as 'i8', v.data!.bytes()))
  return x!.reduce<number>((n, v, i) => n + (v === y![i] ? 0 : 1), 0)
}

const formatType = ({ dtype, quant }: TensorType) => `${dtype}${quant ? ` ${scalesOf(quant).slice(0, 3)}` : ''}`

/** What is other than in TensorFlow's file; undefined when nothing is. Its tensors have our names, some with a number appended. */
function difference(name: string): string | undefined {
  const [, test, mode] = /^(.*)\.(\w+)$/.exec(name)! as unknown as [string, string, (typeof modes)[number]]
  const theirs = load(`${test}/${mode}.tflite`)
  const { model: ours } = quantize(load(`${test}/calib.tflite`), { mode })
  tfliteBytes(ours)
  for (const g of ours.graphs) {
    const problem = verifyGraph(g, 'quantized').find((p) => !knownOfImport.test(p.message))
    if (problem) return problem.message
  }
  const [a, b] = [opCounts(ours), opCounts(theirs)]
  for (const op of new Set([...Object.keys(a), ...Object.keys(b)]))
    if (a[op] !== b[op]) return `${op}: ${a[op] ?? 0}, TensorFlow ${b[op] ?? 0}`
  for (const [g, graph] of ours.graphs.entries()) {
    const candidates = [...theirs.graphs[g]!.values.values()]
    for (const value of graph.values.values()) {
      if (!value.type.quant) continue
      const own = value.name.replace(/\/quantized$/, '')
      const named = candidates.filter(
        (c) => (c.name.startsWith(own) && /^\d*;?$/.test(c.name.slice(own.length))) || /^tfl\.quantize/.test(c.name),
      )
      const alike = (named.length > 0 && mode === 'int8' && !value.isVariable ? named : candidates).filter((c) =>
        sameType(value.type, c.type),
      )
      if (alike.length === 0)
        return `${own} is ${formatType(value.type)}, TensorFlow has ${named.map((c) => formatType(c.type)).join(' or ')}`
      const constants = alike.filter((c) => c.data && c.data.byteLength === value.data?.byteLength)
      if (value.data && Math.min(...constants.map((c) => differing(value, c))) > 0) return `${own} has other elements`
    }
  }
  return undefined
}

/** Files leave open what the records want known: axes that are computed, results of CAST and BITCAST. */
const knownOfImport = /the axes must be constant|^(bit)?cast: result 0 is recorded/

it.each(cases)('%s', (name) => {
  const found = difference(name)
  if (expected.has(name)) expect(found, `${name} agrees now; take it out of static-expected-failures.json`).toBeDefined()
  else expect(found).toBeUndefined()
})

it('lists no case that is not there', () => expect([...expected.keys()].filter((name) => !cases.includes(name))).toEqual([]))
