import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { memorySource } from '../src/core/bytes.ts'
import { typedView } from '../src/core/dtype.ts'
import { toFloat32 } from '../src/core/nd-array.ts'
import { importTflite } from '../src/import/tflite/import-model.ts'
import { readTfliteFile } from '../src/import/tflite/read-file.ts'
import type { Graph, Value } from '../src/ir/types.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { runInProcess } from './cli/run-cli.ts'
import { temporaryFolder } from './testkit/files.ts'

/*
 * Legacy quantization to uint8 against TensorFlow's (fixtures/tf1/uint8.zip, made by uint8.py): the same flags of tflite_convert, then op for op the
 * grid of every operand and result, the bytes of every constant, and the results of LiteRT.js beside those recorded from TensorFlow's file.
 */

const archive = openZip(memorySource('uint8.zip', new Uint8Array(fs.readFileSync(new URL('../fixtures/tf1/uint8.zip', import.meta.url)))))
const bytesOf = (name: string): Uint8Array => archive.read(archive.entries.get(name)!)
const cases = [...new Set([...archive.entries.keys()].map((name) => name.split('/')[0]!))]
const runner = liteRtRunner(loadNodeLiteRt)
const dir = temporaryFolder()
afterAll(async () => {
  await runner.dispose()
})

const graphOf = (bytes: Uint8Array): Graph => importTflite(readTfliteFile(memorySource('model.tflite', bytes))).graphs[0]!

/** One unit in the last place, for scales of biases: a product of two, one of which TensorFlow has in double. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 2 ** -23 * Math.abs(b)

function differs({ type, data }: Value, expected: Value): string | undefined {
  const [a, b] = [type.quant, expected.type.quant]
  if (type.dtype !== expected.type.dtype || a?.kind !== b?.kind) return `${type.dtype} for ${expected.type.dtype}`
  if (a?.kind === 'per-tensor' && b?.kind === 'per-tensor' && !(isNear(a.scale, b.scale) && a.zeroPoint === b.zeroPoint))
    return `${a.scale}:${a.zeroPoint} for ${b.scale}:${b.zeroPoint}`
  if (a?.kind === 'per-axis' && b?.kind === 'per-axis' && !a.scales.every((s, i) => isNear(s, b.scales[i]!))) return 'scales'
  if (!data || !expected.data || !type.quant) return undefined
  const [x, y] = [data.bytes(), expected.data.bytes()]
  // A bias is divided by that scale.
  const isSame = type.dtype === 'i32' ? (i: number) => Math.abs(i32(x)[i]! - i32(y)[i]!) <= 1 : (i: number) => x[i] === y[i]
  return Array.from(type.dtype === 'i32' ? i32(x) : x).every((_, i) => isSame(i)) ? undefined : 'elements'
}
const i32 = (bytes: Uint8Array) => typedView('i32', bytes)

describe.each(cases)('%s', (name) => {
  const { flags } = JSON.parse(new TextDecoder().decode(bytesOf(`${name}/case.json`))) as { flags: Record<string, string> }
  let made: Uint8Array

  test('converts with the flags of tflite_convert', async () => {
    const [graph, output] = [path.join(dir, `${name}.pb`), path.join(dir, `${name}.tflite`)]
    fs.writeFileSync(graph, bytesOf(`${name}/graph.pb`))
    const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    const done = await runInProcess('tflite_convert', `--graph_def_file=${graph}`, `--output_file=${output}`, ...words, '--', '--no-check')
    expect(done).toMatchObject({ code: 0 })
    expect(done.err.includes('NOT FOR ACCURACY')).toBe('default_ranges_min' in flags)
    made = new Uint8Array(fs.readFileSync(output))
  })

  test('has the ops, grids and constants of TensorFlow', () => {
    const [ours, theirs] = [graphOf(made), graphOf(bytesOf(`${name}/expected.tflite`))]
    // TensorFlow has a QUANTIZE behind what is read, we before what reads it.
    const [a, b] = [ours, theirs].map(({ nodes }) => nodes.toSorted((x, y) => Number(x.op > y.op) - Number(x.op < y.op)))
    expect(a!.map((n) => n.op)).toEqual(b!.map((n) => n.op))
    const problems = a!.flatMap((node, n) => {
      const other = b![n]!
      const pairs = [...node.inputs.map((id, i) => [id, other.inputs[i]]), ...node.outputs.map((id, i) => [id, other.outputs[i]])]
      return pairs.flatMap(([a, b], i) => {
        if (a == null || b == null) return (a ?? null) === (b ?? null) ? [] : [`${node.op} ${i}: only one has it`]
        const problem = differs(ours.values.get(a)!, theirs.values.get(b)!)
        return problem === undefined ? [] : [`${node.op} ${i}: ${problem}`]
      })
    })
    expect(problems).toEqual([])
  })

  test('computes what TensorFlow recorded, within a step', async () => {
    const recorded = readNpz(memorySource('io.npz', bytesOf(`${name}/io.npz`)))
    const loaded = await runner.load(made, { name: `${name}.tflite` })
    const [signature] = loaded.signatures
    const results = await loaded.run(new Map(signature!.inputs.map((i) => [i.name, recorded.get(i.name)!])))
    for (const [i, output] of signature!.outputs.entries()) {
      const [got, want] = [results.get(output.name)!, recorded.get(`out_${i}`)!]
      expect(got.dtype).toBe(want.dtype)
      // Float results are multiples of the step of what they are made of: 1/256 of a softmax, 7/255 of a union.
      const step = got.dtype === 'f32' ? 0.0275 : 1
      const [x, y] = [toFloat32(got)!, toFloat32(want)!]
      expect(Math.max(...x.map((v, k) => Math.abs(v - y[k]!)))).toBeLessThanOrEqual(step)
    }
    await loaded.dispose()
  })
})
