import { describe, expect, it } from 'vitest'
import { typedView } from '../../core/dtype.ts'
import { parseModel } from '../../ir/parse.ts'
import type { Model, Value } from '../../ir/types.ts'
import { quantize } from '../quantize.ts'
import type { Ranges } from '../ranges.ts'
import { recipeOf } from '../recipe/parse-recipe.ts'
import { cutMasks } from './cut-masks.ts'

type Seen = readonly [min: number, max: number, mask?: number]

const model = (body: string): Model =>
  parseModel(`graph main(%0 "x": f32[2,8], %1 "m": f32[2,8]) {\n${body}\n  return %9\n}\nsignature "s" main("x" %0, "m" %1) -> ("y" %9)`)
const softmax = '  %9 "y" = softmax(%8) {beta=1} : f32[2,8]'

/** Of values by their names: the range, and a mask where there are any. */
function rangesOf(seen: Readonly<Record<string, Seen>>): Ranges {
  const of = ({ name }: Value): Seen | undefined => seen[name]
  return {
    of(_, value) {
      const [min, max] = of(value) ?? []
      return min === undefined || Number.isNaN(min) ? undefined : [min, max!]
    },
    masks(_, value) {
      const mask = of(value)?.[2]
      return mask === undefined ? undefined : Number.isFinite(mask) ? { finite: [mask, mask] } : {}
    },
  }
}

/** Ranges after the cut, elements of constants, and what stayed. */
function cut(body: string, seen: Readonly<Record<string, Seen>>, type: 'i8' | 'i16' = 'i8') {
  const done = cutMasks(model(body), rangesOf(seen), type)
  const values = [...done.model.graphs[0]!.values.values()]
  return {
    range: (name: string) => done.ranges.of(0, values.find((v) => v.name === name)!),
    read: (name: string) => [...typedView('f32', values.findLast((v) => v.name === name && v.data)!.data!.bytes())],
    cut: done.cut.map((v) => v.name),
    uncut: done.uncut.map((u) => u.value.name),
    layers: done.uncut.map((u) => u.layer),
  }
}

/** ln(2 n / step) for rows of 8. */
const margin = { i8: Math.log(2 * 8 * 256), i16: Math.log(2 * 8 * 32768) }
const add = `  %2 = const "k" : f32[] = -1e9\n  %3 "mask" = mul(%1, %2) : f32[2,8] @"masking"\n  %8 "sum" = add(%0, %3) : f32[2,8]\n${softmax}`
const sum: Seen = [-3, 4, -1e9]

describe('cutMasks', () => {
  it.each(['i8', 'i16'] as const)('puts what a select picks below all other values, for %s', (type) => {
    const body = `  %2 = const "c" : bool[2,8] = splat(true)\n  %3 = const "k" : f32[] = -1e9\n  %8 "t" = select_v2(%2, %0, %3) : f32[2,8]\n${softmax}`
    const found = cut(body, { x: [-5, 5], t: [-3, 4, -1e9], y: [0, 1] }, type)
    const low = -3 - margin[type]
    expect(found).toMatchObject({ cut: ['t'], uncut: [] })
    expect(found.range('t')).toEqual([low, 4])
    expect(found.range('x')).toEqual([-5, 5])
    expect(found.read('k')).toEqual([Math.fround(low)])
  })

  it('lowers what is added by the most that is added to it, and the factor that makes it', () => {
    const found = cut(add, { x: [-5, 6], m: [0, 1], mask: [0, 0, -1e9], sum, y: [0, 1] })
    const low = -3 - margin.i8 - 6
    expect(found.cut).toEqual(['sum', 'mask'])
    expect(found.range('sum')).toEqual([-3 - margin.i8, 4])
    expect(found.range('mask')![0]).toBeCloseTo(low, 9)
    expect(found.range('mask')![1]).toBe(0)
    expect(found.read('k')[0]).toBeCloseTo(low, 5)
  })

  it('keeps what is below masks already', () => {
    const bias = add.replace('%0, %3)', '%0, %4)').replace(' @"masking"\n', '\n  %4 "bias" = add(%3, %1) : f32[2,8]\n')
    const found = cut(bias, { x: [-5, 6], m: [0, 2], mask: [0, 0, -1e9], bias: [-300, 2, -1e9], sum, y: [0, 1] })
    expect(found.range('bias')).toEqual([-300, 2])
    expect(found.range('mask')).toEqual([-302, 0])
  })

  it('takes the lower of two limits where masks are shared', () => {
    const twice = add.replace(
      softmax,
      `  %4 "other" = add(%1, %3) : f32[2,8]
  %5 = softmax(%4) {beta=1} : f32[2,8]
  %6 = softmax(%8) {beta=1} : f32[2,8]
  %9 "y" = mul(%5, %6) : f32[2,8]`,
    )
    const seen: Record<string, Seen> = {
      x: [-5, 6],
      m: [0, 50],
      mask: [0, 0, -1e9],
      other: [-1, 50, -1e9],
      w: [0, 1],
      sum,
      mixed: [-3, 5, -1e9],
      y: [0, 1],
    }
    expect(cut(twice, seen).range('mask')![0]).toBeCloseTo(-1 - margin.i8 - 50, 9)
  })

  it('lets masks of an input saturate where a QUANTIZE can', () => {
    const body = `  %8 "sum" = add(%0, %1) : f32[2,8]\n${softmax}`
    const found = cut(body, { x: [-5, 6], m: [0, 40, -1e9], sum, y: [0, 1] })
    expect(found.range('m')).toEqual([-40, 40])
    expect(found.cut).toEqual(['sum', 'm'])
  })

  it('mirrors masks that are subtracted', () => {
    const found = cut(add.replace('-1e9', '1e9').replace('= add(', '= sub('), { x: [-5, 6], m: [0, 1], mask: [0, 0, 1e9], sum, y: [0, 1] })
    expect(found.range('mask')![1]).toBeCloseTo(9 + margin.i8, 9)
    expect(found.read('k')[0]).toBeCloseTo(9 + margin.i8, 5)
  })

  it('asks the factor before a scale for as much more', () => {
    const body =
      `  %2 = const "k" : f32[] = 0.5\n  %3 = const "c" : f32[2,8] = splat(-inf)\n  %4 "sum" = add(%0, %3) : f32[2,8]\n  %8 "half" = mul(%4, %2) : f32[2,8]\n${softmax}`.replace(
        'splat(-inf)',
        `x"${'000080ff'.repeat(16)}"`,
      )
    const found = cut(body, { x: [-5, 6], sum: [-6, 8, Number.NEGATIVE_INFINITY], half: [-3, 4, Number.NEGATIVE_INFINITY], y: [0, 1] })
    expect(found.range('sum')![0]).toBeCloseTo(2 * (-3 - margin.i8), 9)
    expect(found.read('c')[0]).toBeCloseTo(2 * (-3 - margin.i8) - 6, 5)
  })

  it('reaches the smallest number of a logarithm, and counts open rows as 512', () => {
    const log = cut(`  %8 "sum" = add(%0, %1) : f32[2,8]\n${softmax.replace('softmax(%8) {beta=1}', 'log_softmax(%8)')}`, {
      x: [0, 1],
      m: [0, 0, -1e9],
      sum,
      y: [0, 1],
    })
    expect(log.range('sum')![0]).toBe(-3 - 255 / 16)
    const open = cutMasks(
      parseModel(
        `graph main(%0 "x": f32[2,N]) {\n  %9 = softmax(%0) {beta=1} : f32[2,N]\n  return %9\n}\nsignature "s" main("x" %0) -> ("y" %9)`,
      ),
      rangesOf({ x: [0, 1, -1e9] }),
      'i8',
    )
    expect([...open.cut].map((v) => open.ranges.of(0, v)![0])).toEqual([-Math.log(2 * 512 * 256)])
  })

  it('takes 0 for the rest where an activation is nothing but masks', () => {
    const found = cut(`  %8 "sum" = add(%0, %1) : f32[2,8]\n${softmax}`, { x: [-5, 6], m: [Number.NaN, 0, -1e9], sum, y: [0, 1] })
    expect(found.range('m')![1]).toBe(0)
  })
})

describe('masks stay as they are', () => {
  const x: Seen = [-5, 6]
  it.each<readonly [string, string, Record<string, Seen>, string[]]>([
    ['of a product that is more than a mask', add, { x, m: [0, 1], mask: [-2, 0, -1e9], sum }, ['mask']],
    ['that are infinite in a product', add, { x, m: [0, 1], mask: [0, 0, Number.NEGATIVE_INFINITY], sum }, ['mask']],
    ['of a product of what is computed', add.replace('mul(%1, %2)', 'mul(%1, %1)'), { x, m: [0, 1e5], mask: [0, 0, -1e9], sum }, ['mask']],
    ['that an integer op computes', add.replace('mul(%1, %2)', 'tanh(%1)'), { x, m: [0, 1], mask: [0, 0, -1e9], sum }, ['mask']],
    ['turned by a factor', add.replace('-1e9', '-2'), { x, m: [0, 0, 1e9], mask: [0, 0, -1e9], sum }, ['mask', 'm']],
    ['where the range of the rest of a sum is not known', add, { m: [0, 1], mask: [0, 0, -1e9], sum }, ['sum', 'mask']],
    ['above the rest of an input', `  %8 "sum" = sub(%0, %1) : f32[2,8]\n${softmax}`, { x, m: [0, 0, 1e9], sum }, ['m']],
    [
      'where no softmax reads them',
      add.replace('softmax(%8) {beta=1}', 'tanh(%8)'),
      { x, m: [0, 1], mask: [0, 0, -1e9], sum },
      ['sum', 'mask'],
    ],
  ])('%s', (_, body, seen, uncut) => {
    const found = cut(body, { y: [0, 1], ...seen })
    expect(found.uncut).toEqual(uncut)
    for (const name of uncut) {
      const [min, max, mask = 0] = seen[name]!
      if (Number.isFinite(mask)) expect(found.range(name)).toEqual([Math.min(min, mask), Math.max(max, mask)])
    }
  })

  it('and a warning names the layer', () => {
    const ranges = rangesOf({ x, m: [0, 1], mask: [-2, 0, -1e9], sum, y: [0, 1] })
    const found = quantize(model(add), { mode: 'int8', ranges }).diagnostics.find((d) => d.code === 'quantize/uncut-masks')
    expect(found).toMatchObject({ severity: 'warning', node: 'masking', tensor: 'mask' })
    // What the warning advises: masks of a float op saturate.
    const kept = quantize(model(add), { mode: 'int8', ranges, keepFloat: ['masking'] })
    expect(kept.diagnostics.map((d) => d.code)).not.toContain('quantize/uncut-masks')
    const graph = kept.model.graphs[0]!
    const stored = graph.nodes.filter((n) => n.op === 'quantize').map((n) => graph.values.get(n.outputs[0]!)!.type.quant)
    expect(stored).toContainEqual(expect.objectContaining({ zeroPoint: 127, scale: Math.fround(Math.fround(9 + margin.i8) / 255) }))
  })

  it('where ranges tell of none', () => {
    const plain = model(add)
    const ranges: Ranges = { of: () => [-1, 1] }
    expect(cutMasks(plain, ranges, 'i8')).toEqual({ model: plain, ranges, cut: [], uncut: [] })
  })
})

it('recipes with integer activations leave masks out too, by their finest steps', () => {
  const ranges = rangesOf({ x: [-5, 6], m: [0, 1], mask: [0, 0, -1e9], sum, y: [0, 1] })
  const recipe = recipeOf('r', [
    {
      regex: '.*',
      op_config: {
        activation_tensor_config: { num_bits: 16, symmetric: true, granularity: 'TENSORWISE', dtype: 'INT' },
        weight_tensor_config: { num_bits: 8, symmetric: true, granularity: 'CHANNELWISE', dtype: 'INT' },
        compute_precision: 'INTEGER',
      },
    },
  ])
  const done = quantize(model(add), { recipe, ranges })
  const graph = done.model.graphs[0]!
  const read = graph.values.get(graph.nodes.find((n) => n.op === 'softmax')!.inputs[0]!)!.type.quant
  expect(read).toMatchObject({ scale: Math.fround(Math.fround(3 + margin.i16) / 32767) })
  expect(done.diagnostics.map((d) => d.code)).toContain('quantize/masks-left-out')
})
