import { describe, expect, test } from 'vitest'
import { refusal as refusalBy } from '../../test/testkit/refusal.ts'
import {
  attr,
  constant,
  encode,
  modelFolder,
  node,
  type OpSpec,
  type Proto,
  type SignatureSpec,
  tensor,
} from '../../test/testkit/saved-model.ts'
import { memorySource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { importGraphDef } from '../import/graph-def/read.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { readFlexBuffer } from '../wire/flexbuffers/read.ts'
import type { LowerOptions } from './allow.ts'
import { lowerSource } from './index.ts'

/*
 * Ops without a lowering that the user allows to stay: what they become, what is said of them, and what is refused.
 */

const f32 = attr.type('f32')
const shapes = (...all: (readonly number[] | undefined)[]) => attr.list(all.map((dims) => [7, attr.shape(dims)[0]![1]] as const))
const x = node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape([-1, 4]) })

function saved(
  nodes: readonly Proto[],
  ops: readonly OpSpec[] = [],
  outputs: SignatureSpec['outputs'] = { y: { name: 'head/y:0', dims: 'unknown' } },
) {
  const inputs = { x: { name: 'x:0', dims: [-1, 4] } }
  return importSavedModel(modelFolder({ nodes: [x, ...nodes], ops, signatures: { serving_default: { inputs, outputs } } }))
}
const frozen = (nodes: readonly Proto[]) => importGraphDef(memorySource('frozen.pb', encode([x, ...nodes].map((n) => [1, n] as const))))
const mystery = (attrs: Parameters<typeof node>[3] = {}, input = ['x']) => node('head/y', 'Mystery', input, attrs)

function kept(source: SourceModel, options: LowerOptions) {
  const { model, diagnostics } = lowerSource(source, options)
  const [graph] = model.graphs
  const nodes = graph!.nodes.filter((n) => n.op === 'custom')
  const type = (id: number) => graph!.values.get(id)!.type
  return { nodes, types: nodes.flatMap((n) => n.outputs.map(type)), codes: diagnostics.map((d) => d.code), diagnostics, graph: graph! }
}

const refusal = (source: SourceModel, options: LowerOptions = {}): DowncastError => refusalBy(() => lowerSource(source, options))

describe('a custom op', () => {
  const attrs = {
    T: f32,
    size: attr.int(3),
    mode: attr.string('fast'),
    _note: attr.int(1),
    limit: attr.shape([2]),
    _output_shapes: shapes([-1, 7]),
  }

  test('has the name and the attributes of its op, and passes its operands on', () => {
    const { nodes, types, graph, diagnostics } = kept(saved([mystery(attrs)]), { allowCustom: ['Mystery'] })
    expect(nodes).toMatchObject([
      { inputs: graph.inputs, outputs: graph.outputs, attrs: { customCode: 'Mystery' }, origin: { source: ['head/y'] } },
    ])
    const options = readFlexBuffer(nodes[0]!.attrs.options as Uint8Array, 'options')
    expect(options).toEqual(
      new Map<string, unknown>([
        ['T', 0],
        ['mode', 'fast'],
        ['size', 3],
      ]),
    )
    expect(types).toEqual([{ dtype: 'f32', shape: [expect.stringContaining('Mystery'), 7] }])
    expect(diagnostics).toMatchObject([
      { severity: 'warning', code: 'lower/attributes-left-out', message: expect.stringContaining('limit') },
      { severity: 'warning', code: 'lower/custom-ops-kept', message: expect.stringContaining('Mystery') },
    ])
  })

  test('has the number and types of results that the file defines for its op', () => {
    const two: OpSpec = { name: 'Mystery', outputs: ['a', 'b'], outputType: 'i32' }
    const { types } = kept(saved([mystery({ T: f32, _output_shapes: shapes([2], [3, 1]) })], [two]), { allowCustom: ['Mystery'] })
    expect(types).toEqual([
      { dtype: 'i32', shape: [2] },
      { dtype: 'i32', shape: [3, 1] },
    ])
  })

  test('takes the shape that the signature states', () => {
    const outputs = { y: { name: 'head/y:0', dims: [-1, 9] } }
    expect(kept(saved([mystery({ T: f32 })], [], outputs), { allowCustom: ['Mystery'] }).types).toMatchObject([
      { shape: [expect.any(String), 9] },
    ])
  })

  test('keeps the batch where it computes element by element', () => {
    const bessel = node('y', 'Dawsn', ['x'], { T: f32 })
    expect(kept(frozen([bessel]), { allowCustom: ['Dawsn'] }).types).toEqual([{ dtype: 'f32', shape: ['N', 4] }])
  })

  test('may read and give strings', () => {
    const words = constant(
      'words',
      tensor(
        'string',
        [2],
        [
          [8, 'ab'],
          [8, 'c'],
        ],
      ),
    )
    const y = node('y', 'RegexFullMatch', ['words', 'words'])
    const { graph, types } = kept(frozen([words, y]), { allowCustom: ['RegexFullMatch'] })
    const buffer = [...graph.values.values()].find((v) => v.type.dtype === 'string')!.data!.bytes()
    expect([...new Int32Array(buffer.slice(0, 16).buffer)]).toEqual([2, 16, 18, 19])
    expect(new TextDecoder().decode(buffer.subarray(16))).toBe('abc')
    expect(types).toEqual([{ dtype: 'bool', shape: [2] }])
  })

  test('whose results nothing says is asked for, and taken when stated', () => {
    const e = refusal(frozen([mystery()]), { allowCustom: ['Mystery'] })
    expect(e).toMatchObject({ code: 'lower/unknown-result', node: 'head/y', hint: expect.stringContaining("--result-type 'head/y=") })
    const resultTypes = new Map([['head/y', { dtype: 'i64', shape: ['?', 5] } as const]])
    const { types } = kept(frozen([mystery()]), { allowCustom: ['Mystery'], resultTypes })
    expect(types).toEqual([{ dtype: 'i64', shape: ['(Mystery0.0@head/y)', 5] }])
  })
})

describe('a Flex op', () => {
  /*
   * TensorFlow 2.21 with SELECT_TF_OPS on oracle case avg_pool3d; its NodeDef without experimental_debug_info, which depends on names
   * of a run, and attributes, which come in the order of a hash table, sorted.
   */
  const recorded =
    '1209417667506f6f6c33441a002a070a0154120230012a160a0b646174615f666f726d6174120712054e444857432a120a056b73697a6512090a071a0501020202012a120a0770616464696e671207120556414c49442a140a077374726964657312090a071a050102020201'

  test('holds its NodeDef as TensorFlow writes it', () => {
    const ints = (...n: number[]) => attr.list(n.map((v) => [3, v] as const))
    const pool = node('head/y', 'AvgPool3D', ['x'], {
      strides: ints(1, 2, 2, 2, 1),
      padding: attr.string('VALID'),
      ksize: ints(1, 2, 2, 2, 1),
      T: f32,
      data_format: attr.string('NDHWC'),
      _output_shapes: shapes([1, 4]),
    })
    const { nodes, diagnostics } = kept(saved([pool]), { allowFlex: ['AvgPool3D'] })
    expect(nodes[0]!.attrs.customCode).toBe('FlexAvgPool3D')
    const [name, def] = readFlexBuffer(nodes[0]!.attrs.options as Uint8Array, 'options', { textAsBytes: true }) as readonly Uint8Array[]
    expect(new TextDecoder().decode(name)).toBe('AvgPool3D')
    expect(Buffer.from(def!).toString('hex')).toBe(recorded)
    expect(diagnostics).toMatchObject([{ code: 'lower/flex-ops-kept', message: expect.stringContaining('LiteRT.js') }])
  })

  test('has attributes of every kind', () => {
    const attrs = {
      floats: attr.list([[4, new Uint8Array(Float32Array.of(0.5, -1).buffer)]]),
      none: attr.list([]),
      strings: attr.list([
        [2, 'a'],
        [2, 'b'],
      ]),
      bools: attr.list([[5, 1]]),
      types: attr.list([
        [6, 1],
        [6, 9],
      ]),
      shapes: shapes([2, -1], undefined),
      value: attr.tensor(tensor('i32', [1], [[4, Uint8Array.of(7, 0, 0, 0)]])),
      words: attr.tensor(tensor('string', [1], [[8, 'w']])),
      flag: attr.bool(false),
      negative: attr.int(-1),
    }
    const resultTypes = new Map([['head/y', { dtype: 'f32', shape: [1] } as const]])
    const { nodes } = kept(frozen([mystery(attrs)]), { allowFlex: ['Mystery'], resultTypes })
    const [, def] = readFlexBuffer(nodes[0]!.attrs.options as Uint8Array, 'options', { textAsBytes: true }) as readonly Uint8Array[]
    // What the importer reads of it again is what it was.
    const named = Buffer.concat([encode([[1, 'y']]), def!])
    const unnamed = node('', 'Placeholder', [], { dtype: f32, shape: attr.shape([1]) })
    const again = importGraphDef(memorySource('again.pb', encode([unnamed, named].map((n) => [1, n] as const))))
    const back = again.graphs[0]!.nodes.at(-1)!.attrs
    const original = frozen([mystery(attrs)]).graphs[0]!.nodes.at(-1)!.attrs
    for (const name of Object.keys(attrs))
      expect([name, JSON.stringify(back.get(name))]).toEqual([name, JSON.stringify(original.get(name))])
  })

  test('cannot run a function of the graph', () => {
    const y = mystery({ T: f32, f: attr.func('body'), _output_shapes: shapes([1]) })
    expect(refusal(saved([y]), { allowFlex: ['Mystery'] })).toMatchObject({ code: 'lower/unsupported-form', node: 'head/y' })
  })

  test('takes the place of a form that has no lowering', () => {
    const nchw = node('head/y', 'MaxPool', ['x'], { T: f32, data_format: attr.string('NCHW'), _output_shapes: shapes([1, 4]) })
    expect(kept(saved([nchw]), { allowFlex: ['MaxPool'] }).nodes).toMatchObject([{ attrs: { customCode: 'FlexMaxPool' } }])
  })
})

test('* allows any op, says nothing where there is none, and leaves Keras alone', () => {
  const y = mystery({ T: f32, _output_shapes: shapes([1, 4]) })
  expect(kept(saved([y]), { allowCustom: ['*'] }).nodes).toMatchObject([{ attrs: { customCode: 'Mystery' } }])
  expect(kept(saved([y]), { allowCustom: ['*'], allowFlex: ['*'] }).nodes).toMatchObject([{ attrs: { customCode: 'FlexMystery' } }])
  expect(kept(saved([node('head/y', 'Relu', ['x'], { T: f32 })]), { allowCustom: ['*'] }).codes).toEqual([])
  expect(() => lowerSource({ ...saved([y]), format: 'keras-h5' }, { allowCustom: ['Mystery'] })).toThrow('Keras')
})

describe('names without effect', () => {
  const relu = node('head/y', 'Relu', ['x'], { T: f32 })

  test.each<[string, LowerOptions, string]>([
    ['an op that is not there', { allowCustom: ['Mystery'] }, 'no such op'],
    ['an op that is lowered', { allowFlex: ['Relu'] }, 'not needed'],
    ['a type of a layer that is not kept', { resultTypes: new Map([['head/y', { dtype: 'f32', shape: [1] }]]) }, 'no op of this layer'],
  ])('%s', (_, options, words) => {
    expect(kept(saved([relu]), options).diagnostics).toMatchObject([
      { severity: 'warning', code: 'lower/idle-allowance', message: expect.stringContaining(words) },
    ])
  })

  test('Flex comes before custom, and an op that Flex does not have is named', () => {
    const y = mystery({ T: f32, _output_shapes: shapes([1]) })
    const { nodes, codes, diagnostics } = kept(saved([y]), { allowCustom: ['Mystery'], allowFlex: ['Mystery'] })
    expect(nodes).toMatchObject([{ attrs: { customCode: 'FlexMystery' } }])
    expect(codes).toEqual(['lower/idle-allowance', 'lower/idle-allowance', 'lower/flex-ops-kept'])
    expect(diagnostics.map((d) => d.message).join()).toMatch(/does not list the op.*--allow-flex comes first/)
  })

  test('options for TensorFlow ops are not for Keras files', () => {
    const keras = { ...saved([relu]), format: 'keras-zip' as const }
    expect(refusal(keras, { allowFlex: ['Relu'] })).toMatchObject({
      code: 'lower/not-for-keras',
      message: expect.stringContaining('--allow-flex'),
    })
    expect(refusal(keras, { allowCustom: ['Relu'] })).toMatchObject({
      code: 'lower/not-for-keras',
      message: expect.stringContaining('--allow-custom'),
    })
  })
})

describe('what cannot be lowered', () => {
  const many = (op: string, count: number) =>
    Array.from({ length: count }, (_, i) => node(`${op}${i}`, op, [i === 0 ? 'x' : `${op}${i - 1}`], { T: f32 }))

  test('is one problem for each op, with its layers and what else there is', () => {
    const e = refusal(
      frozen([...many('Dawsn', 6), ...many('NonMaxSuppressionWithOverlaps', 1), node('z', 'Expint', ['Dawsn5'], { T: f32 })]),
    )
    const byOp = [...e.diagnostics].sort((a, b) => (a.op! < b.op! ? -1 : 1))
    expect(byOp).toMatchObject([
      {
        code: 'lower/unsupported-op',
        op: 'Dawsn',
        node: 'Dawsn0',
        message: expect.stringMatching(
          /^Dawsn "Dawsn0" \(input f32\[N,4\]\).*The same in 5 more: "Dawsn1", "Dawsn2", "Dawsn3", and 2 others\.$/,
        ),
        hint: 'Cut the model before it with --outputs; or keep it as a custom op of your app with --allow-custom Dawsn.',
      },
      { op: 'Expint', message: expect.stringContaining('f32[N,4]') },
      {
        op: 'NonMaxSuppressionWithOverlaps',
        hint: expect.stringMatching(/^Use tf\.image.*--allow-flex NonMaxSuppressionWithOverlaps; or/),
      },
    ])
  })

  test('is judged also behind an op that is not supported, where its type is known', () => {
    const bad = node('head/y', 'Bucketize', ['d'], { T: f32 })
    const e = refusal(frozen([node('d', 'Dawsn', ['x'], { T: f32 }), bad]))
    expect(e.diagnostics.map((d) => [d.code, d.op])).toEqual([
      ['lower/unsupported-op', 'Dawsn'],
      ['lower/bad-attribute', 'Bucketize'],
    ])
  })
})
