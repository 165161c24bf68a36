import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type ConstData, constFromBytes, memorySink, memorySource } from '../core/bytes.ts'
import { writeTfliteFile } from '../export/file-writer.ts'
import { readTfliteFile, type TfliteFile } from '../import/tflite/read-file.ts'
import type { ModelInput } from '../schema/tflite/records.ts'

export const fixtures = path.resolve(import.meta.dirname, '../../fixtures/tflite')

/** A model of `fixtures/tflite/`, under its bare name. */
export function fixtureFile(name: string): TfliteFile {
  return readTfliteFile(memorySource(`${name}.tflite`, readFileSync(path.join(fixtures, `${name}.tflite`))))
}

/** A file made of records, written and read again. Buffer 0 is the empty one. */
export function madeFile(model: ModelInput, buffers: readonly Uint8Array[] = []): TfliteFile {
  const all: ConstData[] = [new Uint8Array(), ...buffers].map(constFromBytes)
  const sink = memorySink()
  writeTfliteFile(model, all, sink)
  return readTfliteFile(memorySource('made.tflite', sink.bytes()))
}

/** What a page or a terminal must not obey. */
export const hostileName = '</script><img src=x onerror=alert(1)>"\'&\u001b[31m\u202e'

/**
 * One operator of each awkward kind: a custom op, an absent operand, names that attack, a convolution without a filter, a cycle-free
 * diamond, duplicated and zero weights.
 */
export function awkwardFile(): TfliteFile {
  const weights = Uint8Array.from({ length: 256 }, (_, i) => (i * 7) % 251)
  const tensor = (name: string, shape: readonly number[], buffer = 0) => ({ name, shape, buffer, type: 'FLOAT32' as const, hasRank: true })
  return madeFile(
    {
      version: 3,
      description: hostileName,
      operatorCodes: [
        { builtinCode: 'FULLY_CONNECTED' as const, version: 1 },
        { builtinCode: 'CUSTOM' as const, customCode: hostileName, version: 1 },
        { builtinCode: 'CONV_2D' as const, version: 1 },
        { builtinCode: 'ADD' as const, version: 1 },
      ],
      subgraphs: [
        {
          name: hostileName,
          tensors: [
            { ...tensor(`${hostileName}:0`, [1, 8]), shapeSignature: [-1, 8] },
            tensor(`a/${hostileName}/MatMul`, [8, 8], 1),
            tensor('b/dense/MatMul', [8, 8], 2),
            tensor('zeros', [8, 8], 3),
            tensor('a/dense/out', [1, 8]),
            tensor('b/dense/out', [1, 8]),
            tensor('sum', [1, 8]),
            tensor('conv', []),
            tensor('custom', [1, 8]),
          ],
          inputs: [0],
          outputs: [8],
          operators: [
            { opcodeIndex: 0, inputs: [0, 1, -1], outputs: [4] },
            { opcodeIndex: 0, inputs: [0, 2, -1], outputs: [5] },
            { opcodeIndex: 3, inputs: [4, 5], outputs: [6] },
            { opcodeIndex: 2, inputs: [-1], outputs: [7] },
            { opcodeIndex: 1, inputs: [6, -1, 3, 7], outputs: [8], customOptions: new Uint8Array([1, 2, 3]) },
          ],
        },
      ],
      metadata: [{ name: hostileName, buffer: 4 }],
    },
    [weights, weights.slice(), new Uint8Array(256), new TextEncoder().encode(hostileName.slice(0, 30)), new Uint8Array(32).fill(1)],
  )
}
