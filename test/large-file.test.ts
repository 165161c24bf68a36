import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { type ByteSink, type ConstData, lazyConst } from '../src/core/bytes.ts'
import { pieceBytes } from '../src/core/scratch.ts'
import { writeTflite } from '../src/export/write-tflite.ts'
import { importTflite } from '../src/import/tflite/import-model.ts'
import { readTfliteFile } from '../src/import/tflite/read-file.ts'
import { parseModel } from '../src/ir/parse.ts'
import type { Model, Value } from '../src/ir/types.ts'
import { textRecords } from '../src/ops/text.ts'
import { openFile } from '../src/platform/node.ts'
import { root, temporaryFolder } from './testkit/files.ts'

/*
 * A file beyond 2 GiB, which a FlatBuffer cannot address: weights lie behind the tables and are found by their offsets. It is sparse on disk:
 * almost all weights are 0.
 */

const [layers, rows, columns] = [23, 3200, 8192]
const layerBytes = 4 * rows * columns
const dir = temporaryFolder()

/** Zeros, but for the last element of the layer, and the first ones: its number, and that times each binary digit of it. */
function weights(layer: number): ConstData {
  const piece = new Uint8Array(pieceBytes)
  const pieces = function* (): Iterable<Uint8Array> {
    for (let at = 0; at < layerBytes; at += pieceBytes) {
      const part = piece.subarray(0, Math.min(pieceBytes, layerBytes - at)).fill(0)
      const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
      const number = layer + 1
      if (at === 0) view.setFloat32(0, number, true)
      for (let bit = 0; at === 0 && bit < 5; bit++) view.setFloat32(4 + 4 * bit, (number >> bit) & 1 ? number : 0, true)
      if (at + part.byteLength === layerBytes) view.setFloat32(part.byteLength - 4, -7 * (layer + 1), true)
      yield part
    }
  }
  const whole = () => {
    throw new Error('no layer fits into memory')
  }
  return lazyConst(layerBytes, whole, `layer ${layer}`, { pieces })
}

function largeModel(): Model {
  const body = Array.from(
    { length: layers },
    (_, i) => `  %${2 * i + 1} = const "w${i}" : f32[1,1] = [0]\n  %${2 * i + 2} = fully_connected(%0, %${2 * i + 1}, none) : f32[1,1]`,
  )
  const outputs = Array.from({ length: layers }, (_, i) => `%${2 * i + 2}`).join(', ')
  const small = parseModel(`graph main(%0 "x": f32[1,1]) {\n${body.join('\n')}\n  return ${outputs}\n}`, { records: textRecords })
  const [graph] = small.graphs
  const values = new Map(
    [...graph!.values].map(([id, v]): [number, Value] => {
      if (v.data) return [id, { ...v, type: { dtype: 'f32', shape: [rows, columns] }, data: weights(Number(v.name.slice(1))) }]
      return [id, { ...v, type: { dtype: 'f32', shape: [1, graph!.inputs.includes(id) ? columns : rows] } }]
    }),
  )
  return { ...small, graphs: [{ ...graph!, values }] }
}

/** Zeros are not written, so that they take no space. */
function sparseSink(descriptor: number): ByteSink {
  const zeros = Buffer.alloc(pieceBytes)
  return {
    write(bytes, position) {
      if (!zeros.equals(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
        fs.writeSync(descriptor, bytes, 0, bytes.byteLength, position)
    },
  }
}

test('is written, read and quantized in little memory', { timeout: 600_000 }, () => {
  const [float, small, peak] = [path.join(dir, 'float.tflite'), path.join(dir, 'small.tflite'), path.join(dir, 'peak')]
  const descriptor = fs.openSync(float, 'w')
  const { byteLength } = writeTflite(largeModel(), sparseSink(descriptor))
  fs.ftruncateSync(descriptor, byteLength)
  fs.closeSync(descriptor)
  expect(byteLength).toBeGreaterThan(2 ** 31)
  expect(fs.statSync(float).blocks * 512).toBeLessThan(byteLength / 10)

  const run = spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', '-r', path.join(root, 'bench/peak-memory.cjs'), path.join(root, 'cli/main.ts')],
      ...['convert', float, '-o', small, '--quantize', 'weight-only-int4', '--quiet'],
    ],
    { cwd: root, env: { ...process.env, BENCH_PEAK_FILE: peak }, encoding: 'utf8' },
  )
  expect([run.status, run.stderr]).toEqual([0, ''])
  expect(Number(fs.readFileSync(peak, 'utf8')) * 1024).toBeLessThan(2 * layerBytes + 200e6)

  const source = openFile(small)
  try {
    const graph = importTflite(readTfliteFile(source)).graphs[0]!
    const stored = [...graph.values.values()].filter((v) => v.type.dtype === 'i4')
    expect(stored.length).toBe(layers)
    const last = stored.find((v) => v.name.startsWith(`w${layers - 1}`))!
    expect((last.type.quant as { scales: Float32Array }).scales[rows - 1]).toBe(layers)
    const codes = last.data!.bytes()
    // 23 is 10111 in binary; the last element is the least of its row.
    expect([...codes.subarray(0, 4), codes.at(-1)]).toEqual([0x77, 0x77, 0x70, 0, 0x90])
    expect(Buffer.alloc(codes.byteLength - 4).equals(codes.subarray(3, -1))).toBe(true)
  } finally {
    source.close()
  }
})
