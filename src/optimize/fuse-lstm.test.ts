import { describe, expect, it } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Model } from '../ir/types.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import { modelFromText } from '../ops/text.ts'
import { explain } from './explain.ts'
import { fuseLstm } from './fuse-lstm.ts'
import { optimizeModel } from './optimize.ts'

const T = 5
const [B, I, U] = [2, 3, 4]

/** Lines of the loop that a test may exchange. */
const lines = {
  init: `%h0 = const "h0" : f32[${B},${U}] = splat(0)\n  %c0 = const "c0" : f32[${B},${U}] = splat(0)`,
  turn: `%p = const : i32[3] = [1, 0, 2]\n  %s = transpose(%x, %p)`,
  list: `%l0 = const "l0" : f32[${T},${B},${U}] = splat(0)`,
  begin: '%i0 = const : i32[] = 0',
  results: `%e = const : i32[3] = [-1, 0, 0]\n  %z = const : i32[3] = [0, 0, 0]\n  %o = const : i32[3] = [1, 1, 1]
  %y = strided_slice(%wl, %e, %z, %o) {beginMask=6, endMask=6, shrinkAxisMask=1}\n  return %y`,
  bound: `%n = const : i32[] = ${T}\n  %t = less(%i, %n)\n  return %t`,
  count: '%one = const : i32[] = 1\n  %next = add(%i, %one)',
  read: '%xt = gather(%s, %i) {axis=0, batchDims=0}',
  sum: `%k = const "kernel" : f32[${4 * U},${I}] = random(1)\n  %b = const "bias" : f32[${4 * U}] = random(2)
  %r = const "recurrent" : f32[${4 * U},${U}] = random(3)
  %gx = fully_connected(%xt, %k, %b)\n  %gh = fully_connected(%h, %r, none)\n  %sum = add(%gx, %gh)`,
  split: '%axis = const : i32[] = 1\n  %gi, %gf, %gc, %go = split(%axis, %sum) {numSplits=4}',
  gates: '%si = logistic(%gi)\n  %sf = logistic(%gf)\n  %tc = tanh(%gc)\n  %so = logistic(%go)',
  cell: '%fc = mul(%sf, %c)\n  %ic = mul(%si, %tc)\n  %cn = add(%fc, %ic)\n  %th = tanh(%cn)\n  %hn = mul(%so, %th)',
  write: `%shape = const : i32[3] = [1, ${B}, ${U}]\n  %zero = const : i32[] = 0\n  %item = reshape(%hn, %shape)
  %at = pack(%i, %zero, %zero) {valuesCount=3, axis=0}\n  %ln = dynamic_update_slice(%l, %item, %at)`,
}
/** One more variable of the loop. */
interface More {
  /** Makes %m0. */
  readonly init: string
  readonly type: string
  /** What %m becomes. */
  readonly next: string
}
const vars = (names: readonly string[]) =>
  `%${names[0]}: i32[], %${names[1]}: f32[${T},${B},${I}], %${names[2]}: f32[${B},${U}], %${names[3]}: f32[${B},${U}], %${names[4]}: f32[${T},${B},${U}]`
const results = `i32[], f32[${T},${B},${I}], f32[${B},${U}], f32[${B},${U}], f32[${T},${B},${U}]`

/** The layer as TensorFlow makes it, with some lines of it in another way. */
function layer(change: Partial<typeof lines> = {}, more?: More): Model {
  const l = { ...lines, ...change }
  return modelFromText(
    numbered(`model ""
graph main(%x "x": f32[${B},${T},${I}]) {
  ${l.init}
  ${l.turn}
  ${l.list}
  ${l.begin}
  ${more?.init ?? ''}
  %wi, %ws, %wh, %wc, %wl${more ? ', %wm' : ''} = while(%i0, %s, %h0, %c0, %l0${more ? ', %m0' : ''}) {cond=1, body=2} : ${results}${more ? `, ${more.type}` : ''} @"lstm"
  ${l.results}
}
graph cond(${vars(['i', 's', 'h', 'c', 'l'])}${more ? `, %m: ${more.type}` : ''}) {
  ${l.bound}
}
graph body(${vars(['i', 's', 'h', 'c', 'l'])}${more ? `, %m: ${more.type}` : ''}) {
  ${l.count}
  ${l.read}
  ${l.sum}
  ${l.split}
  ${l.gates}
  ${l.cell}
  ${l.write}
  return %next, %s, %hn, %cn, %ln${more ? `, ${more.next}` : ''}
}
`),
  )
}

/** Names to the numbers that the text form wants. */
function numbered(text: string): string {
  const ids = new Map<string, number>()
  return text.replaceAll(/%([a-z]\w*)/g, (_, name: string) => {
    if (!ids.has(name)) ids.set(name, ids.size)
    return `%${ids.get(name)}`
  })
}

const opsOf = (m: Model) => m.graphs[0]!.nodes.map((n) => n.op)
const input: NdArray = {
  dtype: 'f32',
  shape: [B, T, I],
  bytes: bytesOf(Float32Array.from({ length: B * T * I }, (_, i) => Math.sin(i + 1))),
}
const outputs = (m: Model) => interpretModel(m, 0, [input]).map((a) => [...typedView('f32', a.bytes)])

function expectEqual(before: Model, after: Model): void {
  const [expected, found] = [outputs(before), outputs(after)]
  expect(found.length).toBe(expected.length)
  for (const [o, all] of expected.entries()) {
    expect(found[o]!.length).toBe(all.length)
    // Sums of at most eight products below one, through functions that do not steepen: a few units in the last place.
    for (const [i, v] of all.entries()) expect(Math.abs(found[o]![i]! - v)).toBeLessThan(1e-6)
  }
}

const all = 'return %wl'
const turnedBack = '%q = const : i32[3] = [1, 0, 2]\n  %y = transpose(%wl, %q)\n  return %y'
const joined = `%k = const "kernel" : f32[${4 * U},${I + U}] = random(1)\n  %b = const "bias" : f32[${4 * U}] = random(2)
  %xh = concatenation(%xt, %h) {axis=1}\n  %sum = fully_connected(%xh, %k, %b)`

describe('a loop over an LSTM cell becomes one op', () => {
  it.each<[string, Partial<typeof lines>, readonly string[]]>([
    ['its last output', {}, ['unidirectional_sequence_lstm', 'strided_slice']],
    ['its last state', { results: 'return %wh' }, ['unidirectional_sequence_lstm', 'strided_slice']],
    ['all its outputs', { results: turnedBack }, ['unidirectional_sequence_lstm']],
    ['outputs with the time first', { results: all }, ['unidirectional_sequence_lstm', 'transpose']],
    [
      'all, and the last',
      { results: lines.results.replace('return %y', 'return %y, %wh, %wl') },
      ['unidirectional_sequence_lstm', 'strided_slice', 'strided_slice', 'transpose'],
    ],
    [
      'a sequence that goes backwards',
      { turn: `${lines.turn.replace('%s =', '%f =')}\n  %zr = const : i32[1] = [0]\n  %s = reverse_v2(%f, %zr)` },
      ['reverse_v2', 'unidirectional_sequence_lstm', 'strided_slice'],
    ],
    [
      'a sequence that is computed with the time first',
      { turn: `${lines.turn.replace('%s =', '%f =')}\n  %zr = const : i32[1] = [2]\n  %s = reverse_v2(%f, %zr)`, results: all },
      ['transpose', 'reverse_v2', 'unidirectional_sequence_lstm'],
    ],
    [
      'gates in another order',
      { split: lines.split.replace('%gi, %gf, %gc, %go', '%gi, %gc, %gf, %go') },
      ['unidirectional_sequence_lstm', 'strided_slice'],
    ],
    [
      'operands in another order',
      { cell: '%fc = mul(%c, %sf)\n  %ic = mul(%tc, %si)\n  %cn = add(%ic, %fc)\n  %th = tanh(%cn)\n  %hn = mul(%th, %so)' },
      ['unidirectional_sequence_lstm', 'strided_slice'],
    ],
    [
      'input and state joined, and a bias of one gate',
      { sum: joined, gates: `%fb = const : f32[] = 1\n  %gg = add(%gf, %fb)\n  ${lines.gates.replace('(%gf)', '(%gg)')}` },
      ['unidirectional_sequence_lstm', 'strided_slice'],
    ],
    [
      'states that are filled',
      { init: `%d = const : i32[2] = [${B}, ${U}]\n  %nil = const : f32[] = 0\n  %h0 = fill(%d, %nil)\n  %c0 = fill(%d, %nil)` },
      ['unidirectional_sequence_lstm', 'strided_slice'],
    ],
    [
      'two counters',
      {
        bound: `%n = const : i32[] = ${T}\n  %m = const : i32[] = 9\n  %t = less(%i, %n)\n  %u = less(%i, %m)\n  %v = logical_and(%t, %u)\n  return %v`,
      },
      ['unidirectional_sequence_lstm', 'strided_slice'],
    ],
  ])('%s', (_, change, ops) => {
    const before = layer(change)
    const { model, report } = optimizeModel(before)
    expect(opsOf(model)).toEqual(ops)
    expect(model.graphs.length).toBe(1)
    expect(explain('fuse-lstm', model, report)).toMatchObject({ rewrites: 1, nearMisses: [] })
    expectEqual(before, model)
  })
})

describe('stays a loop', () => {
  it.each<[string, Partial<typeof lines>]>([
    ['its states do not begin at zero', { init: lines.init.replace('splat(0)', 'random(7)') }],
    ['its states do not begin at zero', { init: lines.init.replace(/(c0.*)splat\(0\)/, '$1random(7)') }],
    ['a result is read that is no output of the cell', { results: 'return %wc' }],
    ['it does not run once for each step of the input', { bound: lines.bound.replace(`= ${T}`, `= ${T - 1}`) }],
    ['it does not run once for each step of the input', { bound: lines.bound.replace('less(', 'not_equal(') }],
    ['it does not run once for each step of the input', { begin: '%i0 = const : i32[] = 1' }],
    [
      'a gate reads something beside the step and the state',
      { count: lines.count.replace('= 1', '= 2'), bound: lines.bound.replace(`= ${T}`, `= ${2 * T}`) },
    ],
    [
      'a gate reads something beside the step and the state',
      { sum: lines.sum.replace('(%xt, %k, %b)', '(%xr, %k, %b)').replace('%gx', '%xr = relu(%xt)\n  %gx') },
    ],
    [
      'a gate reads something beside the step and the state',
      { sum: lines.sum.replace('(%h, %r, none)', '(%h, %r, none) {fusedActivation=relu}') },
    ],
    [
      'a gate does not read the input and the state once each',
      { sum: lines.sum.replace('%sum = add(%gx, %gh)', '%g2 = add(%gx, %gh)\n  %sum = add(%g2, %gx)') },
    ],
    ['a gate does not read the input and the state once each', { sum: lines.sum.replace('%sum = add(%gx, %gh)', '%sum = add(%gx, %b)') }],
    ['what a gate sums up is no product with weights', { sum: lines.sum.replace('add(%gx', 'sub(%gx') }],
    [
      'gates are not split along their last axis',
      {
        sum: `${lines.sum.replace('%sum =', '%s1 =')}\n  %ss = const : i32[2] = [${4 * B}, ${U}]\n  %sum = reshape(%s1, %ss)`,
        split: lines.split.replace('= 1', '= 0'),
      },
    ],
    [
      'what a gate sums up is reshaped',
      {
        sum: `${lines.sum.replace('%sum =', '%s1 =')}\n  %ss = const : i32[3] = [${B}, 2, ${2 * U}]\n  %sum = reshape(%s1, %ss)`,
        split: lines.split.replace('= 1', '= 2').replace('%gi, %gf, %gc, %go', '%g1, %g2, %g3, %g4'),
        gates: `%st = const : i32[2] = [${B}, ${U}]\n  %gi = reshape(%g1, %st)\n  %gf = reshape(%g2, %st)\n  %gc = reshape(%g3, %st)
  %go = reshape(%g4, %st)\n  ${lines.gates}`,
      },
    ],
  ])('%s', (reason, change) => {
    const before = layer(change)
    const { model, report } = optimizeModel(before)
    expect(opsOf(model)).toContain('while')
    expect(report.nearMisses.filter((m) => m.rule === 'fuse-lstm')).toEqual([{ rule: 'fuse-lstm', reason, op: 'while', layer: 'lstm' }])
    expectEqual(before, model)
  })

  const second = `%k2 = const "kernel2" : f32[${4 * U},${I}] = random(4)\n  %r2 = const "recurrent2" : f32[${4 * U},${U}] = random(5)`
  const apart = (xt: string, h: string): Partial<typeof lines> => ({
    sum: `${lines.sum}\n  ${second}\n  %gx2 = fully_connected(${xt}, %k2, none)\n  %gh2 = fully_connected(${h}, %r2, none)\n  %sum2 = add(%gx2, %gh2)`,
    split: `${lines.split.replace('%go', '%no')}\n  %a, %b1, %b2, %go = split(%axis, %sum2) {numSplits=4}`,
  })
  it.each<[string, Partial<typeof lines>, More | undefined]>([
    [
      'gates read steps of different sequences',
      { ...apart('%mt', '%h'), read: `${lines.read}\n  %mt = gather(%m, %i) {axis=0, batchDims=0}` },
      { init: '%m0 = abs(%s)', type: `f32[${T},${B},${I}]`, next: '%m' },
    ],
    [
      'gates read different states',
      apart('%xt', '%m'),
      { init: `%m0 = const "m0" : f32[${B},${U}] = random(8)`, type: `f32[${B},${U}]`, next: '%hn' },
    ],
    [
      'the input is no sequence of vectors',
      { read: '%xt = gather(%m, %i) {axis=0, batchDims=0}' },
      {
        init: `%ms = const : i32[4] = [${T}, ${B}, 1, ${I}]\n  %m0 = reshape(%s, %ms)`,
        type: `f32[${T},${B},1,${I}]`,
        next: '%m',
      },
    ],
    [
      'the weights do not have the sizes of an LSTM',
      { sum: `${lines.sum.replace('%sum =', '%s1 =')}\n  %rows = const "rows" : f32[${B},${4 * U}] = random(9)\n  %sum = add(%s1, %rows)` },
      undefined,
    ],
    ['what a gate sums up is broadcast', { sum: lines.sum.replace(`[${4 * U},${I}]`, `[${4 * U},${B * I}]`) }, undefined],
  ])('%s', (reason, change, more) => {
    const before = layer(change, more)
    const { model, report } = optimizeModel(before)
    expect(report.nearMisses.filter((m) => m.rule === 'fuse-lstm')).toMatchObject([{ reason }])
    expectEqual(before, model)
  })

  it('in a graph that is called', () => {
    const { graphs, ...rest } = layer()
    const main = modelFromText(`model ""
graph main(%0 "x": f32[${B},${T},${I}], %1 "on": bool[]) {
  %2 = if(%1, %0) {thenGraph=1, elseGraph=4} : f32[${B},${U}]
  return %2
}
`).graphs[0]!
    const other = modelFromText(`model ""
graph other(%0 "x": f32[${B},${T},${I}]) {
  %1 = const "y" : f32[${B},${U}] = random(1)
  return %1
}
`).graphs[0]!
    const moved = {
      ...graphs[0]!,
      nodes: graphs[0]!.nodes.map((n) => (n.op === 'while' ? { ...n, attrs: { ...n.attrs, cond: 2, body: 3 } } : n)),
    }
    const { report } = optimizeModel({ ...rest, graphs: [main, moved, ...graphs.slice(1), other] })
    expect(report.nearMisses).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('graph that is called') }))
  })

  it.each<[string, Partial<typeof lines>]>([
    ['another activation of the cell', { gates: lines.gates.replace('tanh', 'relu') }],
    ['another activation of the result', { cell: lines.cell.replace('tanh', 'relu') }],
    ['another activation of a gate', { gates: lines.gates.replace('%sf = logistic', '%sf = hard_swish') }],
    ['a cell state that is clipped', { cell: lines.cell.replace('%cn = add(%fc, %ic)', '%cn = add(%fc, %ic) {fusedActivation=relu6}') }],
    ['an activation behind a product', { cell: lines.cell.replace('mul(%so, %th)', 'mul(%so, %th) {fusedActivation=relu}') }],
    ['a forget gate that has the input gate for its own', { cell: lines.cell.replace('mul(%sf, %c)', 'mul(%sf, %h)') }],
  ])('without a word where there is no such cell: %s', (_, change) => {
    const { model, report } = optimizeModel(layer(change))
    expect(opsOf(model)).toContain('while')
    expect(report.nearMisses.filter((m) => m.rule === 'fuse-lstm')).toEqual([])
  })
})

it('says that the states of the op last from run to run', () => {
  expect(optimizeModel(layer()).diagnostics).toMatchObject([
    {
      code: 'optimize/states-last',
      severity: 'info',
      node: 'lstm',
      message: expect.stringContaining('unidirectional_sequence_lstm "lstm" last from'),
    },
  ])
  expect(optimizeModel(layer({ results: 'return %wc' })).diagnostics).toEqual([])
})

it('leaves a model without loops as it is', () => {
  const model = modelFromText('model ""\ngraph main(%0 "x": f32[2]) {\n  %1 = abs(%0)\n  return %1\n}\n')
  expect(fuseLstm(model).model).toBe(model)
})
