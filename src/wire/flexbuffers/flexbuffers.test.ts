import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DowncastError } from '../../core/diagnostics.ts'
import { readFlexBuffer } from './read.ts'
import { type FlexRead, type FlexValue, flexType } from './types.ts'
import { writeFlexBuffer } from './write.ts'

const int = (value: number | bigint): FlexValue => ({ kind: 'int', value })
const float = (value: number): FlexValue => ({ kind: 'float', value })
const bool = (value: boolean): FlexValue => ({ kind: 'bool', value })
const string = (value: string | Uint8Array): FlexValue => ({ kind: 'string', value })
const typed = (...items: FlexValue[]): FlexValue => ({ kind: 'typed-vector', items })
const vector = (...items: FlexValue[]): FlexValue => ({ kind: 'vector', items })
const map = (entries: Readonly<Record<string, FlexValue>>): FlexValue => ({ kind: 'map', entries: Object.entries(entries) })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const read = (bytes: Uint8Array) => readFlexBuffer(bytes, 'options')

/*
 * What TensorFlow 2.21 stored: tf.lite.TFLiteConverter.from_saved_model of a function that calls one tf.raw_ops op, with
 * allow_custom_ops = True; the operator's custom_options.
 */
const recorded: readonly (readonly [string, FlexValue, string])[] = [
  ['Digamma', map({ T: int(0) }), '540001030101010004022401'],
  ['RegexReplace: one flag', map({ replace_global: bool(false) }), '7265706c6163655f676c6f62616c0001100101010068022401'],
  [
    'ExtractImagePatches: vectors of integers, a string',
    map({
      T: int(0),
      ksizes: typed(int(1), int(2), int(2), int(1)),
      padding: string('VALID'),
      rates: typed(int(1), int(1), int(1), int(1)),
      strides: typed(int(1), int(2), int(2), int(1)),
    }),
    '54006b73697a657300040102020170616464696e67000556414c4944007261746573000401010101737472696465730004010202010536352a1c120501050035291d11042c142c2c0a2401',
  ],
  [
    'CropAndResize: a float makes all 4 bytes wide',
    map({ T: int(0), extrapolation_value: float(Math.fround(0.1)), method: string('bilinear') }),
    '54006578747261706f6c6174696f6e5f76616c7565006d6574686f64000862696c696e65617200032827140004000000010000000300000000000000cdcccc3d22000000060e140f2601',
  ],
  [
    'DecodeCSV: 2-byte integers, an empty string',
    map({ field_delim: string(','), na_value: string(''), select_cols: typed(int(1), int(300)), use_quote_delim: bool(true) }),
    '6669656c645f64656c696d00012c006e615f76616c756500000073656c6563745f636f6c7300020001002c017573655f71756f74655f64656c696d00043d2f2514040104372c1e0114142d68082401',
  ],
  [
    'FractionalMaxPool: a vector of floats, an 8-byte integer',
    map({
      T: int(0),
      deterministic: bool(false),
      overlapping: bool(false),
      pooling_ratio: typed(float(1), float(1.5), float(1.25), float(1)),
      pseudo_random: bool(true),
      seed: int(5),
      seed2: int(2 ** 40),
    }),
    '540064657465726d696e6973746963006f7665726c617070696e6700706f6f6c696e675f726174696f000000040000000000803f0000c03f0000a03f0000803f70736575646f5f72616e646f6d007365656400736565643200075a594c411e110d000000000000000e00000000000000010000000000000007000000000000000000000000000000000000000000000000000000000000006800000000000000010000000000000005000000000000000000000000010000076b6b366b07073f2701',
  ],
  [
    'RaggedTensorToTensor: equal strings are stored each',
    map({
      T: int(0),
      Tindex: int(4),
      Tshape: int(2),
      num_row_partition_tensors: int(3),
      row_partition_types: typed(string('FIRST_DIM_SIZE'), string('VALUE_ROWIDS'), string('VALUE_ROWIDS')),
    }),
    '540054696e64657800547368617065006e756d5f726f775f706172746974696f6e5f74656e736f727300726f775f706172746974696f6e5f7479706573000e46495253545f44494d5f53495a45000c56414c55455f524f57494453000c56414c55455f524f5749445300032c1d10056f6e6862490501050004020310040404043c0a2401',
  ],
  [
    'FixedUnigramCandidateSampler: negative and 4-byte integers',
    map({
      distortion: float(1),
      num_reserved_ids: int(0),
      num_sampled: int(2),
      num_shards: int(1),
      num_true: int(1),
      range_max: int(70000),
      seed: int(-3),
      seed2: int(0),
      shard: int(0),
      unigrams: typed(float(0.5), float(0.5), float(0.5), float(Math.fround(1e-9))),
      unique: bool(false),
      vocab_file: string(''),
    }),
    '646973746f7274696f6e006e756d5f72657365727665645f696473006e756d5f73616d706c6564006e756d5f736861726473006e756d5f747275650072616e67655f6d6178007365656400736565643200736861726400756e696772616d7300040000000000003f0000003f0000003f5f708930756e6971756500766f6361625f66696c650000000c897f6f645a524945403b1f190000000f000000010000000c0000000000803f0000000002000000010000000100000070110100fdffffff00000000000000006400000000000000490000000e0606060606060606366a143c2601',
  ],
  [
    'FlexAvgPool3D: a vector of two strings, the second a NodeDef',
    vector(
      string('AvgPool3D'),
      string(
        Buffer.from(
          '1209417667506f6f6c33441a002a070a0154120230012a160a0b646174615f666f726d6174120712054e444857432a120a0770616464696e671207120556414c49442a120a056b73697a6512090a071a0501020202012a140a077374726964657312090a071a05010202020132200a09417667506f6f6c334412135f5f696e666572656e63655f666e5f33343134',
          'hex',
        ),
      ),
    ),
    '09417667506f6f6c3344008e1209417667506f6f6c33441a002a070a0154120230012a160a0b646174615f666f726d6174120712054e444857432a120a0770616464696e671207120556414c49442a120a056b73697a6512090a071a0501020202012a140a077374726964657312090a071a05010202020132200a09417667506f6f6c334412135f5f696e666572656e63655f666e5f3334313400029b911414042801',
  ],
]

test.each(recorded)('bytes as TensorFlow writes them: %s', (_, value, bytes) => {
  expect(hex(writeFlexBuffer(value))).toBe(bytes)
})

const plain = (v: FlexValue): FlexRead => {
  if (v.kind === 'map') return new Map(v.entries.map(([key, item]) => [key, plain(item)]))
  if (v.kind === 'vector' || v.kind === 'typed-vector') return v.items.map(plain)
  return v.value as FlexRead
}

describe('reading', () => {
  test.each(recorded.slice(0, -1))('what was written: %s', (_, value, bytes) => {
    expect(read(Buffer.from(bytes, 'hex'))).toEqual(plain(value))
  })

  test('any tree comes back', () => {
    const leaf = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => int(n >= -(2n ** 53n) + 1n && n < 2n ** 53n ? Number(n) : n)),
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((f) => float(f === 0 ? 0 : f)),
      fc.boolean().map(bool),
      fc.string({ maxLength: 400 }).map((s) => string(s)),
    )
    const { tree } = fc.letrec<{ tree: FlexValue }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('tree'), { maxLength: 6 }).map((items) => vector(...items)),
        fc
          .dictionary(fc.stringMatching(/^[a-z]{1,9}$/), tie('tree'), { maxKeys: 6 })
          .map((d) => map(Object.fromEntries(Object.entries(d).sort(([a], [b]) => (a < b ? -1 : 1))))),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(read(writeFlexBuffer(value))).toEqual(plain(value))
      }),
      { seed: 5 },
    )
  })

  test('forms that only other writers use', () => {
    // A blob; a fixed vector of three integers; an indirect unsigned integer; null; a vector of flags.
    expect(read(Uint8Array.of(2, 7, 8, 2, flexType.blob << 2, 1))).toEqual(Uint8Array.of(7, 8))
    expect(read(Uint8Array.of(1, 2, 0xff, 3, 19 << 2, 1))).toEqual([1, 2, -1])
    expect(read(Uint8Array.of(200, 1, flexType.indirectUint << 2, 1))).toBe(200)
    expect(read(Uint8Array.of(0, 0, 1))).toBeNull()
    expect(read(Uint8Array.of(2, 1, 0, 2, flexType.boolVector << 2, 1))).toEqual([true, false])
  })
})

describe('hostile bytes', () => {
  test.each([
    ['nothing', []],
    ['a root of 3 bytes', [0, 0, 0, 4, 3]],
    ['an offset before the start', [9, flexType.string << 2, 1]],
    ['a size beyond the end', [200, 1, 2, flexType.blob << 2, 1]],
    ['an unknown type', [1, 1, 63 << 2, 1]],
    ['a key without an end', [65, 1, flexType.key << 2, 1]],
    ['a half float', [0, 0, (flexType.float << 2) | 1, 2]],
  ])('%s', (_, bytes) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'wire/malformed' }))
  })

  test('vectors that hold one another are bounded', () => {
    // Each level holds the one before twice: 2^40 values in 200 bytes.
    const bytes = [2, 1, 1, 4, 4]
    for (let i = 0; i < 40; i++) {
      bytes.push(2)
      bytes.push(5, 6, flexType.vector << 2, flexType.vector << 2)
    }
    bytes.push(4, flexType.vector << 2, 1)
    expect(() => read(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
  })

  test('no bytes make it fail otherwise', () => {
    const golden = Buffer.from(recorded[5]![2], 'hex')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(golden.length - 1), fc.nat(255)), { maxLength: 5 }), (edits) => {
        const bytes = Uint8Array.from(golden)
        for (const [at, byte] of edits) bytes[at] = byte
        try {
          read(bytes)
        } catch (e) {
          if (!(e instanceof DowncastError)) throw e
        }
      }),
      { seed: 6 },
    )
  })
})
