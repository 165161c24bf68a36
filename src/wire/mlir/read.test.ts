import { describe, expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { build, given, has, moduleOf, own, section, varint } from './build.testkit.ts'
import { readMlirModule } from './read.ts'
import type { MlirAttr, MlirBlock, MlirFunction, MlirOp, MlirType } from './types.ts'

const read = (name: string) => readMlirModule(fixtureBytes(`stablehlo/${name}.mlirbc`), name)

function functionOf(functions: readonly MlirFunction[], name: string): MlirFunction {
  const found = functions.find((f) => f.name === name)
  if (!found) throw new Error(`no function ${name}`)
  return found
}

function opOf(block: MlirBlock, name: string): MlirOp {
  const found = block.ops.find((op) => op.name === name)
  if (!found) throw new Error(`no op ${name}`)
  return found
}

const text = (type: MlirType) =>
  type.kind === 'tensor' ? [...type.shape.map((s) => s ?? '?'), type.element].join('x') : type.kind === 'other' ? type.text : type.kind

/** Of numbers of 64 bits. */
function integers(attr: MlirAttr | undefined): number[] {
  if (attr?.kind !== 'tensor' || attr.type.kind !== 'tensor') throw new Error('no tensor')
  expect(attr.type.element).toBe('i64')
  const stored = Array.from(new BigInt64Array(attr.bytes.slice().buffer), Number)
  return attr.isSplat ? Array<number>(attr.type.shape.reduce((n: number, s) => n * s!, 1)).fill(stored[0]!) : stored
}

/** All ops, those of regions after the op that has them. */
const all = (block: MlirBlock): MlirOp[] => block.ops.flatMap((op) => [op, ...op.regions.flatMap(all)])

/** What each op is, reads and makes; values by number. */
const outline = (functions: readonly MlirFunction[]) =>
  functions.map((f) => [
    f.name,
    f.isPublic,
    f.results.map(text),
    all(f.body).map((op) => [op.name, op.operands.map((v) => v.id), op.results.map((v) => [v.id, text(v.type)]), op.regions.length]),
  ])

describe('modules that JAX wrote', () => {
  test('functions, a free batch, constants as views', () => {
    const bytes = fixtureBytes('stablehlo/dense.mlirbc')
    const { functions } = readMlirModule(bytes, 'dense')
    expect(functions.map((f) => [f.name, f.isPublic, f.results.map(text)])).toEqual([
      ['main', true, ['?x3xf32']],
      ['_wrapped_jax_export_main', false, ['?x3xf32']],
      ['relu', false, ['?x3xf32']],
    ])
    const { body } = functions[1]!
    expect(body.arguments.map((v) => text(v.type))).toEqual(['i32', '?x4xf32'])
    expect(body.ops.map((op) => op.name).join(' ')).toBe(
      'constant constant constant dot_general broadcast_in_dim reshape concatenate dynamic_broadcast_in_dim add call return',
    )
    const dot = opOf(body, 'dot_general')
    expect(dot.location).toBe('jit(dense)/dot_general')
    expect(dot.operands).toEqual([body.arguments[1], body.ops[1]!.results[0]])
    expect([dot.attrs.get('lhs_contracting_dimensions'), dot.attrs.get('rhs_contracting_dimensions')].map(integers)).toEqual([[1], [0]])
    expect(dot.attrs.get('precision_config')).toEqual({ kind: 'array', items: Array(2).fill({ kind: 'enum', value: 'DEFAULT' }) })
    const weights = body.ops[1]!.attrs.get('value')
    if (weights?.kind !== 'tensor') throw new Error('no weights')
    expect(weights.bytes.buffer).toBe(bytes.buffer)
    expect(Array.from(new Float32Array(weights.bytes.slice().buffer))).toEqual(Array.from({ length: 12 }, (_, i) => i / 8))
    const bias = body.ops[2]!.attrs.get('value')
    expect(bias).toMatchObject({ isSplat: true, bytes: Uint8Array.of(0, 0, 0x80, 0x3f), type: { shape: [3] } })
    expect(opOf(body, 'call').attrs.get('callee')).toEqual({ kind: 'string', value: 'relu' })
    expect(opOf(functions[0]!.body, 'custom_call').attrs.get('call_target_name')).toEqual({ kind: 'string', value: 'shape_assertion' })
  })

  test('elements of all kinds', () => {
    const { body } = functionOf(read('constants').functions, 'main')
    const values = body.ops.filter((op) => op.name === 'constant').map((op) => op.attrs.get('value'))
    const shown = values.map((v) => (v?.kind === 'tensor' ? [text(v.type), Buffer.from(v.bytes).toString('hex'), v.isSplat] : v))
    expect(shown).toEqual([
      ['2x3xf32', '000000000000803f0000004000004040000080400000a040', false],
      ['2x3xf16', '0000003c0040004200440045', false],
      ['2x3xbf16', '0000803f004040408040a040', false],
      ['2x3xi8', '000102030405', false],
      ['2x3xi16', '000001000200030004000500', false],
      ['2x3xi32', '000000000100000002000000030000000400000005000000', false],
      ['2x3xi64', '000000000000000001000000000000000200000000000000030000000000000004000000000000000500000000000000', false],
      ['2x3xui8', '000102030405', false],
      ['2x3xui32', '000000000100000002000000030000000400000005000000', false],
      ['2x3xi4', '000102030405', false],
      ['2x3xui4', '000102030405', false],
      ['2x3xf8E4M3FN', '00384044484a', false],
      ['10xi1', '01000001010001000001', false],
      ['8xi1', '01', true],
      ['9xi1', '00', true],
      ['1xi1', '01', false],
      ['3xf32', '0000c07f0000807f00000080', false],
      ['2xcomplex<f32>', '0000803f00000040000000800000' + '40c0', false],
      ['7x9xf32', '0000803f', true],
      ['f32', '00002040', false],
    ])
  })

  test('regions read values around them', () => {
    const { body } = functionOf(read('control').functions, 'main')
    const loop = opOf(body, 'while')
    expect(loop.regions).toHaveLength(2)
    expect(loop.results.map((v) => text(v.type))).toEqual(['4xf32', 'i32', '4xf32'])
    const [condition, step] = loop.regions
    expect(condition!.ops.map((op) => op.name)).toEqual(['compare', 'return'])
    expect(condition!.ops[0]!.attrs).toEqual(
      new Map([
        ['compare_type', { kind: 'enum', value: 'SIGNED' }],
        ['comparison_direction', { kind: 'enum', value: 'LT' }],
      ]),
    )
    expect(condition!.ops[0]!.operands[0]).toBe(condition!.arguments[1])
    expect(body.ops.flatMap((op) => op.results)).toContain(condition!.ops[0]!.operands[1])
    const branches = opOf(step!, 'case').regions
    expect(branches.map((b) => b.arguments)).toEqual([[], []])
    expect(opOf(branches[0]!, 'while').operands).toContain(step!.arguments[0])
    const sort = opOf(body, 'sort')
    expect(sort.attrs.get('is_stable')).toEqual({ kind: 'bool', value: false })
    expect(sort.attrs.get('dimension')).toEqual({ kind: 'int', value: 0n })
    expect(sort.regions[0]!.arguments.map((v) => text(v.type))).toEqual(['i32', 'i32', 'f32', 'f32'])
  })

  test('ids of values are unique', () => {
    for (const name of ['dense', 'control', 'layers']) {
      const defined = read(name).functions.flatMap((f) => [
        ...f.body.arguments,
        ...all(f.body).flatMap((op) => [...op.results, ...op.regions.flatMap((r) => r.arguments)]),
      ])
      expect(defined.length).toBeGreaterThan(20)
      expect(new Set(defined.map((v) => v.id)).size).toBe(defined.length)
    }
  })

  test('attributes of ops with many', () => {
    const { functions } = read('layers')
    const { body } = functionOf(functions, 'main')
    const { attrs } = opOf(body, 'convolution')
    const numbers = (names: string) => names.split(' ').map((n) => integers(attrs.get(n)))
    expect(numbers('window_strides padding lhs_dilation rhs_dilation')).toEqual([
      [2, 1],
      [1, 2, 0, 1],
      [1, 1],
      [1, 2],
    ])
    expect(numbers('input_spatial_dimensions kernel_spatial_dimensions output_spatial_dimensions')).toEqual([
      [1, 2],
      [0, 1],
      [1, 2],
    ])
    expect(attrs.get('kernel_output_feature_dimension')).toEqual({ kind: 'int', value: 3n })
    expect(attrs.get('precision_config')).toEqual({ kind: 'array', items: Array(2).fill({ kind: 'enum', value: 'HIGHEST' }) })
    const pool = opOf(body, 'reduce_window')
    expect(integers(pool.attrs.get('window_dimensions'))).toEqual([1, 2, 2, 1])
    expect(integers(pool.attrs.get('padding'))).toEqual(Array(8).fill(0))
    expect(pool.regions[0]!.ops.map((op) => op.name)).toEqual(['maximum', 'return'])
    const gather = opOf(body, 'gather').attrs
    expect(['collapsed_slice_dims', 'offset_dims', 'start_index_map', 'slice_sizes'].map((n) => integers(gather.get(n)))).toEqual([
      [0],
      [1],
      [0],
      [1, 4],
    ])
    expect(opOf(body, 'rsqrt').attrs.get('result_accuracy')).toMatchObject({ kind: 'dictionary' })
    expect(opOf(body, 'composite').attrs.get('composite_attributes')).toEqual({
      kind: 'dictionary',
      entries: new Map([['k', { kind: 'int', value: 2n }]]),
    })
    const [transform] = functionOf(functions, 'fft').body.ops
    expect(transform!.attrs.get('fft_type')).toEqual({ kind: 'enum', value: 'RFFT' })
    const cholesky = opOf(functionOf(functions, '_cholesky').body, 'custom_call').attrs
    expect(cholesky.get('mhlo.backend_config')).toEqual({ kind: 'dictionary', entries: new Map([['uplo', { kind: 'int', value: 76n }]]) })
    expect(cholesky.get('sdy.sharding_rule')).toEqual({ kind: 'other', text: 'attribute 10 of sdy' })
  })

  test.each(['constants', 'control'])('%s as older versions stored it', (name) => {
    const newest = read(name)
    for (const version of ['0.9.0', '0.12.0', '0.14.0']) {
      const older = read(`${name}.${version}`)
      expect(outline(older.functions)).toEqual(outline(newest.functions))
      const constants = (functions: readonly MlirFunction[]) => functions.flatMap((f) => all(f.body)).map((op) => op.attrs.get('value'))
      expect(constants(older.functions)).toEqual(constants(newest.functions))
      const locations = (functions: readonly MlirFunction[]) => functions.flatMap((f) => all(f.body)).map((op) => op.location)
      expect(locations(older.functions)).toEqual(locations(newest.functions))
    }
  })
})

describe('modules written by hand', () => {
  const constant = (properties: number, type = given.types) => [
    ...[...varint(given.ops), has.properties | has.results, ...varint(0), ...varint(properties)],
    ...[...varint(1), ...varint(type)],
  ]
  /** A constant with one attribute. */
  const withAttribute = (
    attributes: readonly ReturnType<typeof own>[],
    more: { types?: ReturnType<typeof own>[]; strings?: string[] } = {},
  ) => {
    const bytes = moduleOf({
      attributes,
      types: more.types ?? [own('vhlo', 4)],
      strings: more.strings ?? [],
      ops: [[1, 'constant_v1', true]],
      properties: [varint(given.attributes)],
      body: [...varint(2), ...constant(given.properties)],
      values: 1,
    })
    return readMlirModule(bytes, 'm').functions[0]!.body.ops[0]!.attrs.get('value')
  }
  const message = (work: () => unknown): string => {
    try {
      work()
    } catch (e) {
      if (e instanceof DowncastError) return `${e.code}: ${e.message}`
      throw e
    }
    return 'no error'
  }

  test('attributes of the builtin dialect and numbers', () => {
    expect(withAttribute([own('builtin', 8, given.types, 300 * 2 - 1)], { types: [own('builtin', 0, 32 * 4)] })).toEqual({
      kind: 'int',
      value: -300n,
    })
    expect(withAttribute([own('vhlo', 9, given.types, 2 * 5)], { types: [own('vhlo', 18)] })).toEqual({ kind: 'int', value: 5n })
    expect(withAttribute([[1, true, [...varint(9), ...varint(given.types), 0xfe]]], { types: [own('vhlo', 11)] })).toEqual({
      kind: 'int',
      value: -2n,
    })
    expect(withAttribute([[1, true, [...varint(9), ...varint(given.types), 0xfe]]], { types: [own('vhlo', 16)] })).toEqual({
      kind: 'int',
      value: 254n,
    })
    expect(withAttribute([own('vhlo', 8, given.types, 0x3fc0_0000 * 2)])).toEqual({ kind: 'float', value: 1.5 })
    expect(withAttribute([own('vhlo', 8, given.types, 0x3e00 * 2)], { types: [own('vhlo', 3)] })).toEqual({ kind: 'float', value: 1.5 })
    expect(withAttribute([own('vhlo', 2, 1)])).toEqual({ kind: 'bool', value: true })
    expect(withAttribute([own('builtin', 4, given.attributes + 1), own('builtin', 2, given.strings)], { strings: ['größe'] })).toEqual({
      kind: 'string',
      value: 'größe',
    })
  })

  test('what is not known is named, not refused', () => {
    expect(withAttribute([own('vhlo', 99, 1, 2, 3)])).toEqual({ kind: 'other', text: 'attribute 99 of vhlo' })
    expect(withAttribute([own('foreign', 7)])).toEqual({ kind: 'other', text: 'attribute 7 of foreign' })
    expect(withAttribute([[2, false, [...Buffer.from('#foreign.x<1>'), 0]]])).toEqual({ kind: 'other', text: '#foreign.x<1>' })
    expect(withAttribute([own('vhlo', 3, 77)])).toEqual({ kind: 'other', text: 'value 77 of an enumeration' })
    expect(withAttribute([own('vhlo', 17, given.types)], { types: [own('vhlo', 99)] })).toEqual({
      kind: 'type',
      type: { kind: 'other', text: 'type 99 of vhlo' },
    })
  })

  test('types', () => {
    const typeOf = (types: ReturnType<typeof own>[]) => {
      const attr = withAttribute([own('vhlo', 17, given.types)], { types })
      return attr?.kind === 'type' ? attr.type : attr
    }
    expect(typeOf([own('vhlo', 21, 0, 2, 2 * 3, 1, given.types + 1), own('vhlo', 0)])).toEqual({
      kind: 'tensor',
      element: 'i1',
      shape: [3, undefined],
    })
    expect(typeOf([own('vhlo', 25, given.types + 1), own('vhlo', 2)])).toEqual({ kind: 'unranked', element: 'bf16' })
    expect(typeOf([own('vhlo', 23, 2, given.types + 1, given.types + 1), own('vhlo', 22)])).toEqual({
      kind: 'tuple',
      types: [{ kind: 'token' }, { kind: 'token' }],
    })
    expect(typeOf([own('vhlo', 24, 1, given.types + 1, given.types + 2, 0, 0, 0, 0), own('vhlo', 11), own('vhlo', 4)])).toEqual({
      kind: 'other',
      text: 'quant<i8:f32>',
    })
    expect(typeOf([own('builtin', 13, 1, 2 * 4, given.types + 1), own('builtin', 0, 8 * 4 + 2)])).toEqual({
      kind: 'tensor',
      element: 'ui8',
      shape: [4],
    })
  })

  test('names in locations', () => {
    const [fused, call, named, line] = [0, 1, 2, 3].map((n) => given.attributes + n)
    const bytes = moduleOf({
      attributes: [
        own('builtin', 12, 2, call!, 0),
        own('builtin', 10, named!, line!),
        own('builtin', 14, given.attributes + 4, line!),
        own('builtin', 11, given.attributes + 4, 3, 4),
        own('builtin', 2, given.strings),
      ],
      strings: ['jit(f)/add'],
      ops: [[2, 'op', false]],
      body: [...varint(6), ...[fused!, line!, 0].flatMap((location) => [...varint(given.ops), 0, ...varint(location)])],
      values: 0,
    })
    expect(readMlirModule(bytes, 'm').functions[0]!.body.ops.map((op) => [op.name, op.location])).toEqual([
      ['foreign.op', 'jit(f)/add'],
      ['foreign.op', undefined],
      ['foreign.op', undefined],
    ])
  })

  test('orders of uses are passed over; a later version of an op keeps its version', () => {
    const bytes = moduleOf({
      types: [own('vhlo', 4)],
      attributes: [own('vhlo', 2, 1)],
      ops: [
        [1, 'constant_v9', true],
        [1, 'add_v1', true],
      ],
      properties: [varint(given.attributes)],
      body: [
        ...varint(6),
        ...[...varint(given.ops), has.properties | has.results | has.useOrders, ...varint(0), ...varint(given.properties)],
        ...[...varint(1), ...varint(given.types), ...varint(2 * 2), ...varint(1), ...varint(0)],
        ...[...varint(given.ops + 1), has.operands | has.results | has.useOrders, ...varint(0)],
        ...[...varint(2), ...varint(given.types), ...varint(given.types), ...varint(2), ...varint(0), ...varint(0)],
        ...[...varint(1), ...varint(1), ...varint(2 * 2 + 1), ...varint(1), ...varint(0)],
        ...[...varint(given.ops + 1), has.operands, ...varint(0), ...varint(1), ...varint(2)],
      ],
      values: 3,
    })
    const { ops } = readMlirModule(bytes, 'm').functions[0]!.body
    expect(ops.map((op) => op.name)).toEqual(['constant_v9', 'add', 'add'])
    expect(ops[0]!.attrs.size).toBe(0)
    expect(ops[2]!.operands[0]).toBe(ops[1]!.results[1])
  })

  test('an op reads what was computed before it, in its region or around', () => {
    const add = (operand: number) => [
      ...varint(given.ops),
      has.operands | has.results,
      ...varint(0),
      ...varint(1),
      ...varint(given.types),
      ...varint(1),
      ...varint(operand),
    ]
    const bytes = moduleOf({ types: [own('vhlo', 4)], ops: [[1, 'add_v1', true]], body: [...varint(2), ...add(0)], values: 1 })
    expect(message(() => readMlirModule(bytes, 'm'))).toMatch(
      /^wire\/malformed: The operand of "m" at byte \d+ is malformed: expected a value that is computed before, found value 0\.$/,
    )
  })

  test('trees that never end, or never end growing, are refused', () => {
    expect(message(() => withAttribute([own('vhlo', 1, 1, given.attributes)]))).toContain('at most 64 levels')
    const doubling = Array.from({ length: 40 }, (_, i) => own('vhlo', 1, 2, given.attributes + i + 1, given.attributes + i + 1))
    expect(message(() => withAttribute([...doubling, own('vhlo', 1, 0)]))).toContain('at most 1000000 parts')
    const types = Array.from({ length: 40 }, (_, i) => own('vhlo', 23, 2, given.types + i + 1, given.types + i + 1))
    expect(message(() => withAttribute([own('vhlo', 17, given.types)], { types: [...types, own('vhlo', 22)] }))).toContain(
      'at most 1000000 parts',
    )
  })

  test('counts beyond the bytes are refused', () => {
    const ir = (bytes: number[]) =>
      build({ attributes: [own('builtin', 15)], types: [], strings: [], ops: [[0, 'module', true]], ir: bytes })
    expect(message(() => readMlirModule(ir(varint(2 ** 50)), 'm'))).toMatch(/^wire\/malformed: The count of ops of "m"/)
    const regions = [...varint(2), ...varint(0), has.regions, ...varint(0)]
    expect(message(() => readMlirModule(ir([...regions, ...varint(2 ** 40)]), 'm'))).toMatch(/count of regions/)
    expect(message(() => readMlirModule(ir([...regions, ...varint(3), ...section(4, [...varint(1), ...varint(2 ** 40)])]), 'm'))).toMatch(
      /count of values/,
    )
    const nested = Array.from({ length: 100 }, () => [
      ...varint(1),
      ...varint(0),
      ...varint(2),
      ...varint(0),
      has.regions,
      ...varint(0),
      ...varint(2),
    ])
    expect(message(() => readMlirModule(ir([...regions, ...varint(2), ...nested.flat()]), 'm'))).toMatch(
      /^wire\/limit-exceeded: The nesting of regions of "m" .*64 levels/,
    )
  })

  test('other dialects are refused', () => {
    const ir = [...varint(2), ...varint(0), has.regions, ...varint(0), ...varint(3)]
    const inner = section(4, [...varint(1), ...varint(0), ...varint(2), ...varint(1), 0, ...varint(0)])
    const ops = [
      [0, 'module', true],
      [2, 'func', true],
    ] as const
    const bytes = build({ attributes: [own('builtin', 15)], types: [], strings: [], ops, ir: [...ir, ...inner] })
    expect(message(() => readMlirModule(bytes, 'm'))).toBe(
      'wire/malformed: The module of "m" is malformed: expected functions of the dialect vhlo, found foreign.func.',
    )
  })

  test('other bytes and later versions are refused', () => {
    expect(message(() => readMlirModule(Uint8Array.of(), 'm'))).toBe(
      'wire/malformed: The module of "m" at byte 0 is malformed: expected MLIR bytecode, found something else.',
    )
    expect(message(() => readMlirModule(Buffer.from('module @m {}'), 'm'))).toMatch(/expected MLIR bytecode/)
    expect(message(() => readMlirModule(moduleOf({ version: 7, body: varint(0), values: 0 }), 'm'))).toMatch(
      /^wire\/limit-exceeded: .*at most 6, found 7/,
    )
    const bytes = fixtureBytes('stablehlo/dense.mlirbc')
    expect(message(() => readMlirModule(bytes.subarray(0, 900), 'm'))).toMatch(
      /^wire\/truncated: The section of "m" at byte \d+ is cut short/,
    )
  })
})
