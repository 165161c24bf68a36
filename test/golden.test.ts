import { expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { readModel } from '../src/import/read-model.ts'
import { readTfliteFile, type TfliteFile } from '../src/import/tflite/read-file.ts'
import { openFile, openFolder } from '../src/platform/node.ts'

/*
 * Our files against those of TensorFlow 2.21's converter for the same models: ops and versions, every constant byte for byte,
 * scales, runtime version, size.
 */

const at = (path: string) => new URL(`../${path}`, import.meta.url).pathname

const modes = { none: [], dynamic: ['PTQ_DYNAMIC_RANGE'], float16: ['PTQ_FLOAT16'] } as const

async function ours(path: string, mode: keyof typeof modes): Promise<Uint8Array> {
  const location = /\.(h5|keras)$/.test(path) ? { file: openFile(at(path)) } : { folder: openFolder(at(path)) }
  return tfliteBytes(convert(await readModel(location), { mode }).model, { modelType: 'TF_SAVED_MODEL', modes: modes[mode] })
}

function describeFile(file: TfliteFile) {
  const [graph] = file.model.subgraphs
  const codes = file.model.operatorCodes.map((c) => `${c.builtinCode}.${c.version}`)
  const constants = graph!.tensors
    .filter((t) => (file.buffers[t.buffer]?.byteLength ?? 0) > 0)
    .map(
      (t) =>
        `${t.type}[${t.shape}] ${Buffer.from(file.buffers[t.buffer]!.bytes()).toString('base64')} scales ${t.quantization?.scale ?? ''}`,
    )
  return {
    // In float16 TensorFlow widens all constants first; here each where it is first read.
    operators: graph!.operators.map((o) => JSON.stringify([codes[o.opcodeIndex], o.builtinOptions], plain)).sort(),
    constants: constants.sort(),
    minRuntimeVersion: file.minRuntimeVersion,
    signatures: file.model.signatureDefs.map((s) => [s.signatureKey, s.inputs.map((p) => p.name), s.outputs.map((p) => p.name)]),
    inputs: [...graph!.inputs].map((i) => [graph!.tensors[i]!.name, [...graph!.tensors[i]!.shapeSignature]]),
    outputs: [...graph!.outputs].map((i) => [graph!.tensors[i]!.name, [...graph!.tensors[i]!.shapeSignature]]),
    metadata: [...file.metadata.keys()].sort(),
    conversion: {
      ...file.conversionMetadata?.options,
      modelType: file.conversionMetadata?.environment?.modelType,
      apiVersion: file.conversionMetadata?.environment?.apiVersion,
    },
  }
}

const plain = (_: string, v: unknown) => (ArrayBuffer.isView(v) ? [...(v as Uint8Array)] : v)

const cases: [string, string, keyof typeof modes][] = [
  ['examples/mnist/saved/1', 'mnist_mlp.float', 'none'],
  ['examples/mnist/saved/1', 'mnist_mlp.dynamic', 'dynamic'],
  ['examples/mnist/saved/1', 'mnist_mlp.float16', 'float16'],
  ['fixtures/keras/mnist_cnn_small-keras2.h5', 'mnist_cnn_small.float', 'none'],
  ['fixtures/keras/mnist_cnn_small-keras2.h5', 'mnist_cnn_small.dynamic', 'dynamic'],
  ['fixtures/keras/mnist_cnn_small-keras2.h5', 'mnist_cnn_small.float16', 'float16'],
]

it.each(cases)('%s is what TensorFlow makes of it: %s', async (path, golden, mode) => {
  const bytes = await ours(path, mode)
  const theirs = openFile(at(`fixtures/tflite/${golden}.tflite`))
  expect(describeFile(readTfliteFile(memorySource('ours', bytes)))).toEqual(describeFile(readTfliteFile(theirs)))
  expect(bytes.byteLength).toBeLessThanOrEqual(theirs.byteLength)
})

it('gives the same bytes each time', async () => {
  for (const [path, , mode] of cases) expect(Buffer.compare(await ours(path, mode), await ours(path, mode))).toBe(0)
})
