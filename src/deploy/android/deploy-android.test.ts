import { execFileSync, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { constFromBytes, memorySink, memorySource } from '../../core/bytes.ts'
import type { NdArray } from '../../core/nd-array.ts'
import { writeTfliteFile } from '../../export/file-writer.ts'
import { readTfliteFile, type TfliteFile } from '../../import/tflite/read-file.ts'
import { openDataSet } from '../../run/data/open-data-set.ts'
import { prepareFeeds } from '../../run/data/prepare.ts'
import { parsePreprocess } from '../../run/data/preprocess.ts'
import { openModel } from '../../run/model-io.ts'
import { deployAndroid } from './deploy-android.ts'
import { className, javaFloat, javaString } from './java.ts'

interface ModelFields {
  readonly name?: string
  readonly shape?: readonly number[]
  readonly type?: 'FLOAT32' | 'UINT8' | 'INT8' | 'INT32'
  readonly quant?: readonly [scale: number, zeroPoint: number]
  readonly hasHalfWeights?: boolean
  readonly inputs?: number
}

/** A file with inputs, one of them described, and nothing else. */
function modelBytes(fields: ModelFields = {}): Uint8Array {
  const { shape = [-1, 28, 28, 1], type = 'FLOAT32', quant, hasHalfWeights = false, inputs = 1 } = fields
  const quantization = quant && { scale: Float32Array.of(quant[0]), zeroPoint: BigInt64Array.of(BigInt(quant[1])) }
  const sink = memorySink()
  const input = {
    name: 'x',
    type,
    shape: Int32Array.from(shape, (d) => Math.max(d, 1)),
    shapeSignature: Int32Array.from(shape),
    quantization,
  }
  const weights = { name: 'w', type: 'FLOAT16', shape: Int32Array.of(2), buffer: 1 } as const
  writeTfliteFile(
    {
      version: 3,
      subgraphs: [
        {
          tensors: [...Array.from({ length: inputs }, () => input), ...(hasHalfWeights ? [weights] : [])],
          inputs: Int32Array.from({ length: inputs }, (_, i) => i),
          outputs: Int32Array.from({ length: Math.min(inputs, 1) }, () => 0),
        },
      ],
    },
    [constFromBytes(new Uint8Array(0)), ...(hasHalfWeights ? [constFromBytes(Uint8Array.of(0, 60, 0, 60))] : [])],
    sink,
  )
  return sink.bytes()
}

function model(fields: ModelFields = {}): TfliteFile {
  return readTfliteFile(memorySource(fields.name ?? 'models/digits.tflite', modelBytes(fields)))
}

const divided = parsePreprocess('mean=0,std=255')

test('the classes hold what the model’s own input says', () => {
  const { texts, copies, models, diagnostics } = deployAndroid(
    [model(), model({ name: 'models/small.tflite', shape: [2, 20, 30, 3], type: 'INT8', quant: [0.5, -3] })],
    { packageName: 'com.dpthinker.mnistclassifier.model', preprocess: divided },
  )
  expect(diagnostics).toEqual([])
  expect(models.map((m) => m.className)).toEqual(['FloatSavedModelConfig', 'QuantSavedModelConfig'])
  expect([...copies.keys()]).toEqual(['assets/digits.tflite', 'assets/small.tflite'])
  const folder = 'java/com/dpthinker/mnistclassifier/model'
  expect([...texts.keys()]).toEqual([
    `${folder}/BaseModelConfig.java`,
    `${folder}/FloatSavedModelConfig.java`,
    `${folder}/QuantSavedModelConfig.java`,
    'README.md',
  ])
  const float = texts.get(`${folder}/FloatSavedModelConfig.java`)!
  for (const line of [
    'package com.dpthinker.mnistclassifier.model;',
    'setModelName("digits.tflite");',
    'setNumBytesPerChannel(4);',
    'setDimBatchSize(1);',
    'setDimPixelSize(1);',
    'setDimImgWeight(28);',
    'setDimImgHeight(28);',
    'setImageMean(0);',
    'setImageSTD(255.0f);',
    'imgData.putFloat(((val & 0xFF) - getImageMean()) / getImageSTD());',
  ]) {
    expect(float).toContain(line)
  }
  const quant = texts.get(`${folder}/QuantSavedModelConfig.java`)!
  for (const line of [
    'setNumBytesPerChannel(1);',
    'setDimBatchSize(2);',
    'setDimPixelSize(3);',
    'setDimImgWeight(30);',
    'setDimImgHeight(20);',
  ]) {
    expect(quant).toContain(line)
  }
  expect(quant).toContain('imgData.put(quantize((((val >> 16) & 0xFF) - getImageMean()) / getImageSTD(), 0.5f, -3, -128, 127));')
  expect(texts.get('README.md')).toContain('noCompress "tflite"')
})

test('several models of a kind are named after their files', () => {
  const names = ['a/my-digits.v2.tflite', 'b/7.tflite', 'c/base_model.tflite', 'd/€.tflite'].map((name) =>
    model({ name, hasHalfWeights: true }),
  )
  expect(deployAndroid(names).models.map((m) => m.className)).toEqual([
    'MyDigitsV2Config',
    'Model7Config',
    'BaseModel2Config',
    'QuantConfig',
  ])
  expect(deployAndroid([model()]).diagnostics).toMatchObject([{ severity: 'warning', code: 'deploy/no-preprocess' }])
})

test.each<[code: string, ModelFields]>([
  ['deploy/not-an-image-input', { inputs: 2 }],
  ['deploy/not-an-image-input', { inputs: 0 }],
  ['deploy/not-an-image-input', { shape: [1, 10] }],
  ['deploy/not-an-image-input', { shape: [1, 28, 28, 2] }],
  ['deploy/not-an-image-input', { type: 'INT32' }],
  ['deploy/not-an-image-input', { type: 'UINT8' }],
  ['deploy/open-image-size', { shape: [1, -1, -1, 3] }],
  ['deploy/open-image-size', { shape: [1, 28, 28, -1] }],
])('%s for %j', (code, fields) => {
  expect(() => deployAndroid([model(fields)])).toThrow(expect.objectContaining({ code }))
})

test('what cannot be stated is refused', () => {
  const refused = (code: string, ...args: Parameters<typeof deployAndroid>) =>
    expect(() => deployAndroid(...args)).toThrow(expect.objectContaining({ code }))
  refused('deploy/same-asset-name', [model({ name: 'a/x.tflite' }), model({ name: 'b/X.tflite' })])
  for (const packageName of ['', 'com.', 'com.class', 'Com.example', 'a/b', '..'])
    refused('deploy/bad-package-name', [model()], { packageName })
  for (const text of ['mean=1:2:3', 'color=rgb', 'layout=nchw', 'size=32,crop=28', 'size=28,filter=nearest']) {
    refused('deploy/unsupported-preprocess', [model()], { preprocess: parsePreprocess(text) })
  }
})

test('Java literals', () => {
  expect([0, 255, 0.5, 1 / 255, 1e-10, 127.5].map(javaFloat)).toEqual(['0', '255.0f', '0.5f', '0.003921569f', '1e-10f', '127.5f'])
  expect(javaString('a"b\\u0041\n€')).toBe('"a\\"b\\\\u0041\\012\\u20ac"')
  expect(className('café 2.tflite')).toBe('Caf2')
})

interface JavaCase extends ModelFields {
  readonly package: string
  readonly preprocess: string
  readonly isColor?: boolean
}
const javaCases: readonly JavaCase[] = [
  { package: 't.real', preprocess: 'mean=0,std=255' },
  { package: 't.centered', preprocess: 'mean=33.318,std=78.567', shape: [1, 28, 28] },
  { package: 't.signed', preprocess: 'mean=0,std=255', type: 'INT8', quant: [1 / 255, -128] },
  { package: 't.coarse', preprocess: 'mean=127.5,std=99', type: 'UINT8', quant: [0.0317, 40] },
  {
    package: 't.color',
    preprocess: 'mean=103.9:116.8:123.7,std=58:57.1:57.4,color=bgr',
    isColor: true,
    shape: [-1, 28, 28, 3],
    type: 'INT8',
    quant: [0.02, 3],
  },
]

/** Feeds the file `<package>.pixels`, ARGB colors, through each configuration class into `<package>.fed`. */
const javaMain = `
import java.nio.ByteBuffer;
import java.nio.file.*;
public class Main {
  public static void main(String[] args) throws Exception {
    Path folder = Paths.get(args[0]);
${javaCases
  .map(({ package: p, isColor, type }) => {
    const kind = type || isColor ? 'Quant' : 'Float'
    return `    {
      ${p}.BaseModelConfig config = new ${p}.${kind}SavedModelConfig();
      ByteBuffer input = config.allocateInput();
      ByteBuffer pixels = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("${p}.pixels")));
      while (pixels.hasRemaining()) config.addImgValue(input, pixels.getInt());
      if (input.hasRemaining()) throw new Exception("the buffer is not full");
      byte[] fed = new byte[input.capacity()];
      input.rewind();
      input.get(fed);
      Files.write(folder.resolve("${p}.fed"), fed);
    }`
  })
  .join('\n')}
  }
}`

/** A real digit, in color three of them, and its pixels as Java has them. */
async function picture(isColor: boolean): Promise<{ array: NdArray; pixels: Uint8Array }> {
  const file = path.resolve(import.meta.dirname, '../../../fixtures/mnist/digits-images-idx3-ubyte')
  const digits = openDataSet({ data: memorySource(file, fs.readFileSync(file)) })
  const [r, g, b] = (await Promise.all([4, 5, 3].map((i) => digits.read(i)))).map((s) => s.arrays.get('')!.bytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const pixels = Buffer.alloc(4 * 784)
  for (let i = 0; i < 784; i++) pixels.set(isColor ? [255, r[i]!, g[i]!, b[i]!] : [255, 255, 255, b[i]!], 4 * i)
  const interleaved = Uint8Array.from({ length: 3 * 784 }, (_, i) => [r, g, b][i % 3]![Math.floor(i / 3)]!)
  const array: NdArray = isColor ? { dtype: 'u8', shape: [28, 28, 3], bytes: interleaved } : { dtype: 'u8', shape: [28, 28], bytes: b }
  return { array, pixels }
}

const isRequired = process.env.CI !== undefined && process.env.CI !== 'false'
const hasJava = spawnSync('javac', ['-version']).status === 0
if (!hasJava && !isRequired) process.stderr.write('skipped: javac is not installed, the sources for Android are not compiled\n')

describe.skipIf(!hasJava && !isRequired)('compiled with javac', () => {
  let dir: string
  beforeAll(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'downcast-java-'))
    const sources = [path.join(dir, 'Main.java')]
    fs.writeFileSync(sources[0]!, javaMain)
    for (const { package: packageName, preprocess, isColor = false, ...fields } of javaCases) {
      const { texts } = deployAndroid([model(fields)], { preprocess: parsePreprocess(preprocess), packageName })
      for (const [name, text] of texts) {
        if (!name.endsWith('.java')) continue
        const file = path.join(dir, packageName, name)
        fs.mkdirSync(path.dirname(file), { recursive: true })
        fs.writeFileSync(file, text)
        sources.push(file)
      }
      fs.writeFileSync(path.join(dir, `${packageName}.pixels`), (await picture(isColor)).pixels)
    }
    execFileSync('javac', ['-Xlint:all', '-Werror', '-encoding', 'US-ASCII', '-d', dir, ...sources])
    execFileSync('java', ['-cp', dir, 'Main', dir])
  })
  afterAll(() => fs.rmSync(dir, { recursive: true }))

  test.each(javaCases)(
    '$package feeds the bytes that downcast feeds',
    async ({ package: packageName, preprocess, isColor = false, ...fields }) => {
      const { inputs } = openModel('model', modelBytes(fields)).signatures[0]!
      const sample = { index: 0, name: 'digit', arrays: new Map([['', (await picture(isColor)).array]]) }
      const expected = prepareFeeds(sample, inputs, parsePreprocess(preprocess)).get('x')!.bytes
      const fed = fs.readFileSync(path.join(dir, `${packageName}.fed`))
      expect(fed.equals(expected)).toBe(true)
      expect(new Set(fed).size).toBeGreaterThan(20)
    },
  )
})
