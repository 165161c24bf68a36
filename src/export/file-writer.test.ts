import { expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { type ByteSink, type ConstData, constFromBytes, lazyConst, memorySink, memorySource } from '../core/bytes.ts'
import { readTfliteFile, type TfliteFile } from '../import/tflite/read-file.ts'
import type { ModelInput } from '../schema/tflite/records.ts'
import { randomIntegers } from '../wire/fuzz.testkit.ts'
import { type WriteOptions, writeTfliteFile } from './file-writer.ts'

const fixture = (name: string) => fixtureBytes(`${name}.tflite`)
const read = (bytes: Uint8Array) => readTfliteFile(memorySource('m.tflite', bytes))

function write(model: ModelInput, buffers: readonly ConstData[], options?: WriteOptions) {
  const sink = memorySink()
  const written = writeTfliteFile(model, buffers, sink, options)
  expect(sink.bytes().byteLength).toBe(written.byteLength)
  return { ...written, bytes: sink.bytes() }
}

const empty = constFromBytes(new Uint8Array(0))
/** A constant tensor for each buffer, and one metadata entry for each of `metadata`. */
const holding = (buffers: readonly ConstData[], metadata: readonly number[] = []): ModelInput => ({
  version: 3,
  subgraphs: [{ tensors: buffers.map((b, i) => ({ type: 'UINT8', shape: [b.byteLength], buffer: i })) }],
  metadata: metadata.map((buffer) => ({ name: `${buffer}`, buffer })),
})

/** The bytes of every tensor, wherever its buffer is. */
const constants = (file: TfliteFile) =>
  file.model.subgraphs.flatMap((g) => g.tensors.map((t) => Buffer.from(file.buffers[t.buffer]!.bytes()).toString('hex')))

const goldens = [
  'tflite/mnist_cnn_small.float',
  'tflite/mnist_cnn_small.dynamic',
  'tflite/mnist_cnn_small.int8',
  'tflite/mobilenet.float16',
  'run/two_signatures',
  'tflite/variable_assign.float',
  'tflite/lstm_while.float',
  'tflite/lstm_text.float',
]

test.each(goldens)('%s: read, written and read again is the same, written again byte for byte', (name) => {
  const golden = fixture(name)
  const file = read(golden)
  for (const layout of ['inline', 'external'] as const) {
    const first = write(file.model, file.buffers, { layout })
    const again = read(first.bytes)
    if (first.dedupedBytes === 0) expect(again.model).toEqual(file.model)
    expect(constants(again)).toEqual(constants(file))
    expect(again.conversionMetadata).toEqual(file.conversionMetadata)
    expect(again.minRuntimeVersion).toBe(file.minRuntimeVersion)
    expect(Buffer.compare(write(again.model, again.buffers, { layout }).bytes, first.bytes)).toBe(0)
    if (layout === 'inline') expect(first.byteLength).toBeLessThanOrEqual(golden.byteLength)
  }
})

test('data starts at multiples of 16, whatever the sizes', () => {
  const next = randomIntegers(3)
  for (let run = 0; run < 30; run++) {
    const data = Array.from({ length: 40 }, (_, i) => Uint8Array.from({ length: 1 + (next() % 40) }, (_, j) => i + 1 + j * 3))
    const buffers = [empty, ...data.map(constFromBytes)]
    for (const layout of ['inline', 'external'] as const) {
      const { bytes, bufferBytes, dedupedBytes } = write(holding(buffers, [3, 7]), buffers, { layout })
      const offsets: number[] = []
      const traced = readTfliteFile({
        name: 'm',
        byteLength: bytes.length,
        read(offset, length) {
          offsets.push(offset)
          return bytes.slice(offset, offset + length)
        },
      })
      offsets.length = 0
      expect(constants(traced).slice(1)).toEqual(data.map((d) => Buffer.from(d).toString('hex')))
      expect(offsets.filter((offset) => offset % 16 !== 0)).toEqual([])
      expect(bufferBytes + dedupedBytes).toBe(data.reduce((n, d) => n + d.length, 0))
    }
  }
})

test('each constant is computed once, equal ones are stored once', () => {
  const large = Uint8Array.from({ length: 5000 }, (_, i) => i % 251)
  const differs = large.slice()
  // Between two sampled words.
  differs[9] = 255
  const calls = new Map<string, number>()
  const computed = (name: string, bytes: Uint8Array) =>
    lazyConst(bytes.length, () => {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      return bytes.slice()
    })
  const shared = computed('shared', Uint8Array.of(1, 2, 3, 4))
  const buffers = [
    empty,
    computed('large', large),
    shared,
    computed('equal', large),
    shared,
    computed('differs', differs),
    computed('odd', Uint8Array.of(9)),
    computed('odd too', Uint8Array.of(9)),
  ]
  const { bytes, bufferBytes, dedupedBytes } = write(holding(buffers, [7]), buffers)
  expect(bufferBytes).toBe(5000 + 4 + 5000 + 1)
  expect(dedupedBytes).toBe(5000 + 4 + 1)
  // Once for itself, once more for each candidate it is compared with.
  expect(Object.fromEntries(calls)).toEqual({ shared: 1, large: 3, equal: 1, differs: 1, odd: 2, 'odd too': 1 })
  const file = read(bytes)
  expect(file.model.subgraphs[0]!.tensors.map((t) => t.buffer)).toEqual([0, 1, 2, 1, 2, 5, 6, 6])
  expect(file.model.metadata[0]!.buffer).toBe(6)
  expect(file.buffers.map((b) => b.byteLength)).toEqual([0, 5000, 4, 0, 0, 5000, 1, 0])
  expect(file.buffers[5]!.bytes()).toEqual(differs)
})

test('models beyond 2 GiB find their weights by offset, metadata stays inside', () => {
  const bytesOf = new Map<number, Uint8Array>()
  let end = 0
  const sink: ByteSink = {
    write(bytes, position) {
      if (bytes.byteLength < 1_000_000) bytesOf.set(position, bytes.slice())
      end = Math.max(end, position + bytes.byteLength)
    },
  }
  const block = new Uint8Array(2 ** 20)
  const weights = Array.from({ length: 2200 }, (_, i) =>
    lazyConst(block.length, () => {
      block[0] = i & 255
      block[1] = i >> 8
      return block
    }),
  )
  const note = constFromBytes(new TextEncoder().encode('note'))
  const buffers = [empty, ...weights, note]
  const written = writeTfliteFile(holding(buffers, [2201]), buffers, sink)
  expect(written.byteLength).toBe(end)
  expect(end).toBeGreaterThan(2200 * 2 ** 20)
  const file = readTfliteFile({
    name: 'large.tflite',
    byteLength: end,
    read(offset, length) {
      const out = new Uint8Array(length)
      for (const [position, bytes] of bytesOf) {
        for (let i = Math.max(0, offset - position); i < bytes.length && position + i < offset + length; i++)
          out[position + i - offset] = bytes[i]!
      }
      return out
    },
  })
  expect(file.buffers.length).toBe(2202)
  expect(file.buffers[2200]!.byteLength).toBe(2 ** 20)
  expect(new TextDecoder().decode(file.metadata.get('2201')!.bytes())).toBe('note')
})

test('large custom options lie behind the weights', () => {
  const weight = constFromBytes(new Uint8Array(100).fill(7))
  const model: ModelInput = {
    version: 3,
    operatorCodes: [{ builtinCode: 'CUSTOM', customCode: 'Mine' }],
    subgraphs: [
      {
        tensors: [{ type: 'UINT8', shape: [100], buffer: 1 }],
        operators: [
          { largeCustomOptions: constFromBytes(Uint8Array.of(1, 2, 3)) },
          { largeCustomOptions: constFromBytes(Uint8Array.of(4)) },
        ],
      },
    ],
  }
  const file = read(write(model, [empty, weight]).bytes)
  expect(file.model.subgraphs[0]!.operators.map((o) => [...o.largeCustomOptions!.bytes()])).toEqual([[1, 2, 3], [4]])
  expect(file.model.operatorCodes[0]).toMatchObject({ builtinCode: 'CUSTOM', deprecatedBuiltinCode: 32, customCode: 'Mine' })
})

test('operator codes beyond 127 keep the placeholder for old runtimes', () => {
  const model: ModelInput = { version: 3, operatorCodes: [{ builtinCode: 'GELU' }, {}], subgraphs: [{}] }
  const codes = read(write(model, [empty]).bytes).model.operatorCodes
  expect(codes.map((c) => [c.builtinCode, c.deprecatedBuiltinCode])).toEqual([
    ['GELU', 127],
    ['ADD', 0],
  ])
})

test('a constant of another size than it says is our fault', () => {
  const model = holding([empty])
  expect(() => write(model, [empty, lazyConst(4, () => new Uint8Array(3))])).toThrow('buffer 1 has 3 bytes instead of 4')
})
