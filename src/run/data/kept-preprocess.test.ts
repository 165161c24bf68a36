import { describe, expect, test } from 'vitest'
import { constFromBytes, memorySource } from '../../core/bytes.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import { readTfliteFile } from '../../import/tflite/read-file.ts'
import { parseModel } from '../../ir/parse.ts'
import { textRecords } from '../../ops/text.ts'
import { modelMetadataIdentifier, modelMetadataTable } from '../../schema/tflite/model-metadata.ts'
import { decodeFlatbuffer } from '../../wire/flatbuffers/reader.ts'
import { keptPreprocess, preprocessKey, withPreprocess } from './kept-preprocess.ts'
import { parsePreprocess } from './preprocess.ts'

const model = parseModel(
  `model "m"
graph main(%0 "image": f32[N,8,6,3], %1 "other": f32[N,4]) {
  %2 = relu(%0) : f32[N,8,6,3]
  %3 = relu(%1) : f32[N,4]
  return %2, %3
}
signature "s" main("image" %0, "other" %1) -> ("y" %2, "z" %3)
`,
  { records: textRecords },
)
const fileOf = (m: typeof model) => readTfliteFile(memorySource('m.tflite', tfliteBytes(m)))
const records = new Map([
  ['image', parsePreprocess('mean=127.5,std=127.5,size=8x6,filter=area,color=rgb,dtype=uint8')],
  ['other', parsePreprocess('mean=1:2,std=3')],
])
const inputs = ['image', 'other']

test('is read back as it was written', () => {
  const { metadata } = fileOf(withPreprocess(model, records))
  expect(keptPreprocess('m.tflite', metadata, inputs)).toEqual({ records })
  expect(new TextDecoder().decode(metadata.get(preprocessKey)!.bytes())).toBe(
    '{"version":1,"inputs":{"image":"mean=127.5,std=127.5,size=8x6,filter=area,color=rgb,dtype=uint8","other":"mean=1:2,std=3"}}',
  )
})

test('without records nothing changes', () => expect(withPreprocess(model, new Map())).toBe(model))

test("TFLite's own metadata has the normalization of each input, and the picture", () => {
  const bytes = fileOf(withPreprocess(model, records)).metadata.get('TFLITE_METADATA')!.bytes()
  const { value } = decodeFlatbuffer(modelMetadataTable, memorySource('metadata', bytes), { identifier: modelMetadataIdentifier })
  expect(value.minParserVersion).toBe('1.0.0')
  const [image, other] = value.subgraphMetadata[0]!.inputTensorMetadata
  expect(image).toMatchObject({
    name: 'image',
    processUnits: [{ options: { type: 'NormalizationOptions', value: { mean: Float32Array.of(127.5), std: Float32Array.of(127.5) } } }],
    content: { contentProperties: { type: 'ImageProperties', value: { colorSpace: 'RGB', defaultSize: { width: 6, height: 8 } } } },
  })
  expect(other).toMatchObject({
    name: 'other',
    processUnits: [{ options: { value: { mean: Float32Array.of(1, 2) } } }],
    content: undefined,
  })
})

test('metadata that is there already stays', () => {
  const own = constFromBytes(Uint8Array.of(1, 2, 3))
  const kept = withPreprocess({ ...model, metadata: new Map([['TFLITE_METADATA', own]]) }, records)
  expect(kept.metadata.get('TFLITE_METADATA')).toBe(own)
  expect(kept.metadata.has(preprocessKey)).toBe(true)
})

test('a record of an input that is not there is refused', () =>
  expect(() => withPreprocess(model, new Map([['x', parsePreprocess('mean=0')]]))).toThrow(
    expect.objectContaining({ code: 'run/unknown-preprocess-input' }),
  ))

describe('what is no record is left aside with a reason', () => {
  test.each([
    ['no JSON', '{'],
    ['no JSON', Uint8Array.of(0xff, 0xfe)],
    ['no record of version 1', 'null'],
    ['no record of version 1', '{"version":2,"inputs":{}}'],
    ['no record of version 1', '{"version":1,"inputs":[]}'],
    ['is no text', '{"version":1,"inputs":{"image":3}}'],
    ['std', '{"version":1,"inputs":{"image":"std=0"}}'],
    ['size', '{"version":1,"inputs":{"image":"size=999999x1"}}'],
    ['__proto__', '{"version":1,"inputs":{"__proto__":"mean=0"}}'],
    ['at most', ' '.repeat(70_000)],
  ])('%s', (words, content) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const { records: none, problem } = keptPreprocess('m.tflite', new Map([[preprocessKey, constFromBytes(bytes)]]), inputs)
    expect(none).toBeUndefined()
    expect(problem).toMatchObject({ code: 'run/bad-kept-preprocess' })
    expect(problem!.message).toContain(words)
  })
  test('an empty record says nothing', () =>
    expect(
      keptPreprocess('m', new Map([[preprocessKey, constFromBytes(new TextEncoder().encode('{"version":1,"inputs":{}}'))]]), inputs),
    ).toEqual({}))
})
