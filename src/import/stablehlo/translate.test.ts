import { describe, expect, it } from 'vitest'
import type { MlirAttr, MlirBlock, MlirElement, MlirModule, MlirOp, MlirValue } from '../../wire/mlir/types.ts'
import type { FunctionBody } from '../graph-def/definitions.ts'
import type { HloScope } from './hlo-op.ts'
import { Layers, layerOf } from './layers.ts'
import { entriesOf, sumOf } from './open-sizes.ts'
import { Translation } from './translate.ts'

let nextId = 0
const value = (shape: readonly (number | undefined)[], element: MlirElement = 'f32'): MlirValue => ({
  id: nextId++,
  type: { kind: 'tensor', element, shape },
})
const op = (
  name: string,
  operands: readonly MlirValue[],
  results: readonly MlirValue[],
  attrs: Readonly<Record<string, MlirAttr>> = {},
  location?: string,
  regions: readonly MlirBlock[] = [],
): MlirOp => ({ name, operands, results, attrs: new Map(Object.entries(attrs)), regions, location })
const ints = (...values: number[]): MlirAttr => ({ kind: 'array', items: values.map((v) => ({ kind: 'int', value: BigInt(v) })) })
const splat = (number: number, shape: readonly number[] = []): MlirAttr => ({
  kind: 'tensor',
  type: { kind: 'tensor', element: 'f32', shape },
  bytes: new Uint8Array(Float32Array.of(number).buffer),
  isSplat: true,
})
const block = (args: readonly MlirValue[], ops: readonly MlirOp[], results: readonly MlirValue[]): MlirBlock => ({
  arguments: args,
  ops: [...ops, op('return', results, [])],
})
const moduleOf = (body: MlirBlock, name = 'main'): MlirModule => ({
  functions: [{ name, isPublic: true, body, results: (body.ops.at(-1)?.operands ?? []).map((v) => v.type) }],
})

/** The functions that a module becomes, the last one `main`. */
function translated(module: MlirModule, leading: Parameters<Translation['main']>[0] = []): readonly FunctionBody[] {
  const bodies: FunctionBody[] = []
  const define = (body: FunctionBody): string => {
    bodies.push(body)
    return body.name
  }
  new Translation(module, 'model', 'call', define).main(leading)
  return bodies
}
const opsOf = (body: FunctionBody): string[] => [...body.nodes.values()].map((n) => n.op)

describe('layers', () => {
  it('are what JAX calls them, without functions of its own', () => {
    expect(layerOf('jit(f)/jit(main)/dense/dot_general')).toBe('dense/dot_general')
    expect(layerOf('jit(f)/jit(_take)/jit(relu)/max:')).toBe('relu/max')
    expect(layerOf(undefined)).toBe('')
  })

  it('of other places in the program have a number', () => {
    const layers = new Layers()
    const of = (location: string) => layers.of(location, 'add')
    expect([of('jit(f)/a'), of('jit(f)/a'), of('jit(f)/b'), of('jit(f)/a'), of('jit(f)')]).toEqual(['a', 'a', 'b', 'a_1', 'add'])
  })
})

describe('a translated module', () => {
  it('leaves broadcasts to the ops that take them', () => {
    const [x, bias, wide, y] = [value([2, 3]), value([3]), value([2, 3]), value([2, 3])]
    const ops = [op('broadcast_in_dim', [bias], [wide], { broadcast_dimensions: ints(1) }), op('add', [x, wide], [y], {}, 'jit(f)/bias')]
    const [main] = translated(moduleOf(block([x, bias], ops, [y])))
    expect(opsOf(main!)).toEqual(['AddV2'])
    expect(main!.nodes.get('bias')).toMatchObject({ input: ['arg0:0', 'arg1:0'], made: { layer: 'bias' } })
  })

  it('broadcasts what it gives', () => {
    const [c, y] = [value([]), value([2, 3])]
    const ops = [op('constant', [], [c], { value: splat(2) }), op('broadcast_in_dim', [c], [y], { broadcast_dimensions: ints() })]
    const [main] = translated(moduleOf(block([], ops, [y])))
    expect(opsOf(main!)).toEqual(['Const', 'Const', 'BroadcastTo'])
  })

  it('keeps an op that has no translation under its name', () => {
    const [x, y, z] = [value([4]), value([4]), value([4])]
    const target: MlirAttr = { kind: 'string', value: 'my_kernel' }
    const ops = [op('rng_bit_generator', [x], [y]), op('custom_call', [y], [z], { call_target_name: target }, 'jit(f)/mine')]
    const [main] = translated(moduleOf(block([x], ops, [z])))
    expect(opsOf(main!)).toEqual(['stablehlo.rng_bit_generator', 'custom_call@my_kernel'])
  })

  it('hands to regions what they read from outside, but for constants', () => {
    const [x, c, outer, i] = [value([3]), value([3]), value([3]), value([], 'i32')]
    const [inner, other, y] = [value([3]), value([3]), value([3])]
    const branch = block([], [op('multiply', [outer, c], [inner])], [inner])
    const ops = [
      op('constant', [], [c], { value: splat(2, [3]) }),
      op('negate', [x], [outer]),
      op('case', [i], [y], {}, undefined, [branch, block([], [op('add', [x, c], [other])], [other])]),
    ]
    const bodies = translated(moduleOf(block([x, i], ops, [y])))
    expect(bodies.map((b) => [b.name, b.args.length])).toEqual([
      ['call/branch', 2],
      ['call/branch', 2],
      ['call/main', 2],
    ])
    const node = [...bodies[2]!.nodes.values()].find((n) => n.op === 'Case')
    expect(node?.input).toEqual(['arg1:0', 'negate:0', 'arg0:0'])
  })

  it('makes first arguments that the call does not have', () => {
    const [platform, x, y] = [value([], 'i32'), value([3]), value([], 'i32')]
    const ops = [op('add', [platform, platform], [y])]
    const [main] = translated(moduleOf(block([platform, x], ops, [y])), [(body) => body.ints([1], [])])
    expect(main!.args.map((a) => a.name)).toEqual(['arg0'])
    expect(opsOf(main!)).toEqual(['Const', 'AddV2'])
  })

  const word = (value: string): MlirAttr => ({ kind: 'enum', value })

  it.each([
    ['GT', ['Max', 'ArgMax']],
    ['LT', ['Min', 'ArgMin']],
    // Of equal elements the second one, so that it is neither.
    ['GE', []],
  ])('finds argmax and argmin by what a region does: %s', (direction, expected) => {
    const [x, places, zero, least] = [value([4]), value([4], 'i32'), value([], 'i32'), value([])]
    const args = [value([]), value([], 'i32'), value([]), value([], 'i32')] as const
    const [isSecond, best, place] = [value([], 'i1'), value([]), value([], 'i32')]
    const region = block(
      args,
      [
        op('compare', [args[2], args[0]], [isSecond], { comparison_direction: word(direction) }),
        op('select', [isSecond, args[2], args[0]], [best]),
        op('select', [isSecond, args[3], args[1]], [place]),
      ],
      [best, place],
    )
    const results = [value([]), value([], 'i32')]
    const ops = [
      op('iota', [], [places], { iota_dimension: { kind: 'int', value: 0n } }),
      op('constant', [], [zero], { value: { ...splat(0), type: { kind: 'tensor', element: 'i32', shape: [] } } as MlirAttr }),
      op('constant', [], [least], { value: splat(Number.NEGATIVE_INFINITY) }),
      op('reduce', [x, places, least, zero], results, { dimensions: ints(0) }, undefined, [region]),
    ]
    const [main] = translated(moduleOf(block([x], ops, results)))
    expect(opsOf(main!).filter((name) => /M(ax|in)$/.test(name))).toEqual(expected)
    expect(opsOf(main!).some((name) => name.startsWith('stablehlo.'))).toBe(false)
  })

  it.each([
    ['LT', ['TopKV2']],
    ['NE', ['stablehlo.sort']],
  ])('sorts by what a comparator says: %s', (direction, expected) => {
    const [x, y] = [value([4]), value([4])]
    const [a, b, isBefore] = [value([]), value([]), value([], 'i1')]
    const region = block([a, b], [op('compare', [a, b], [isBefore], { comparison_direction: word(direction) })], [isBefore])
    const ops = [op('sort', [x], [y], { dimension: { kind: 'int', value: 0n } }, undefined, [region])]
    const [main] = translated(moduleOf(block([x], ops, [y])))
    expect(opsOf(main!).filter((name) => /TopK|sort/.test(name))).toEqual(expected)
  })

  it('refuses dims that an operand does not have', () => {
    const [x, y] = [value([2, 3]), value([3, 2])]
    for (const perm of [ints(1, 2), ints(0, 0), ints(0)]) {
      const [main] = translated(moduleOf(block([x], [op('transpose', [x], [y], { permutation: perm })], [y])))
      expect(opsOf(main!)).toEqual(['stablehlo.transpose'])
    }
  })

  it('looks once at values that are read again and again', () => {
    const doubled = (name: string, first: MlirOp, type: () => MlirValue): MlirOp[] => {
      const ops = [first]
      for (let n = 0; n < 40; n++) ops.push(op(name, [ops[n]!.results[0]!, ops[n]!.results[0]!], [type()], { dimension: ints(0) }))
      return ops
    }
    const counted = () => value([4], 'ui64')
    const sums = doubled('add', op('iota', [], [counted()], { iota_dimension: ints(0) }), counted)
    const vector = () => value([1])
    const joined = doubled('concatenate', op('constant', [], [vector()], { value: splat(1, [1]) }), vector)
    const open = () => value([undefined], 'ui64')
    const openSums = doubled('add', op('dynamic_iota', [value([1], 'i32')], [open()], { iota_dimension: ints(0) }), open)
    const size = value([], 'i32')
    const sizes = ['add', 'multiply'].map((name) => doubled(name, op('reshape', [size], [value([], 'i32')]), () => value([], 'i32')))
    const makers = new Map([...joined, ...sizes.flat()].flatMap((made) => made.results.map((r) => [r.id, made] as const)))
    const scope = { maker: (v: MlirValue) => makers.get(v.id) } as HloScope
    const last = (of: readonly MlirOp[]) => of.at(-1)!.results[0]!
    expect(sumOf(scope, last(sizes[0]!))).toEqual(new Map([[`${size.id}`, 2 ** 40]]))
    expect(sumOf(scope, last(sizes[1]!)).size).toBe(1)
    expect(entriesOf(scope, last(joined))).toBeUndefined()
    const [x, low, y] = [value([4]), value([4], 'ui32'), value([4])]
    const ops = [
      op('constant', [], [openSums[0]!.operands[0]!], { value: splat(1, [1]) }),
      ...openSums,
      op('convert', [last(openSums)], [value([undefined], 'ui32')]),
      ...sums,
      ...joined,
      op('convert', [sums.at(-1)!.results[0]!], [low]),
      op('dynamic_slice', [x, joined.at(-1)!.results[0]!], [y], { slice_sizes: ints(4) }),
      op('reshape', [], [value([4])]),
    ]
    const [main] = translated(moduleOf(block([x], ops, [y])))
    expect(opsOf(main!)).toContain('XlaDynamicSlice')
  })

  it('has a function main', () => {
    const x = value([3])
    const module = moduleOf(block([x], [], [x]), 'other')
    const hidden = { functions: module.functions.map((f) => ({ ...f, isPublic: false })) }
    expect(() => translated(hidden)).toThrow(expect.objectContaining({ code: 'wire/malformed' }))
  })

  it('nests no deeper than a model', () => {
    const x = value([3])
    let inner = block([], [], [x])
    for (let n = 0; n < 300; n++) {
      const y = value([3])
      inner = block([], [op('case', [x], [y], {}, undefined, [inner])], [y])
    }
    expect(() => translated(moduleOf({ ...inner, arguments: [x] }))).toThrow(expect.objectContaining({ code: 'import/graph-too-large' }))
  })
})
