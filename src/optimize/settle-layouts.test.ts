import { describe, expect, it } from 'vitest'
import { expectSameResults, ir, shown } from '../../test/testkit/rewrite.ts'
import { GraphEditor } from '../ir/graph.ts'
import { seededRandom } from '../ir/synthetic.ts'
import type { Graph, Value } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { roundingTolerance } from '../ops/rounding.ts'
import { optimize } from './optimize.ts'
import { pipeline } from './pipeline.ts'
import { settleLayouts } from './settle-layouts.ts'

const settle = (graph: Graph) => optimize(graph, { pipeline: pipeline('test', [settleLayouts]), verifyEach: true }).graph
const count = (graph: Graph, name = 'transpose') => graph.nodes.filter((n) => n.op === name).length

const first = '%p = const : i32[4] = [0, 3, 1, 2]'
const last = '%q = const : i32[4] = [0, 2, 3, 1]'
const constant = (name: string, shape: readonly number[]) => `%${name} = const "${name}" : f32[${shape}] = random(3)`

/** Between two transposes: `x` [2,4,6,3] with channels last becomes %t [2,3,4,6], and %y goes back. */
const between = (body: string, outputs = '%z') =>
  ir(`(%x: f32[2,4,6,3]) { ${first}\n ${last}\n %t = transpose(%x, %p)\n ${body}\n return ${outputs} }`)

describe('a region that reads and gives what is turned', () => {
  it.each<[string, string]>([
    ['a residual sum', '%a = relu(%t)\n %y = add(%t, %a)\n %z = transpose(%y, %q)'],
    [
      'scales of channels',
      `${constant('c', [3, 1, 1])}\n %a = mul(%t, %c)\n %b = logistic(%a)\n %y = mul(%a, %b)\n %z = transpose(%y, %q)`,
    ],
    [
      'a scalar that is computed',
      `%n = const : i32[4] = [0, 1, 2, 3]\n %s = reduce_max(%t, %n)\n %y = mul(%t, %s)\n %w = sub(%y, %t)\n %z = transpose(%w, %q)`,
    ],
    [
      'a mean that is put back',
      `%n = const : i32[2] = [2, 3]\n %s = mean(%t, %n) {keepDims=true}\n %y = mul(%t, %s)\n %z = transpose(%y, %q)`,
    ],
    [
      'parts',
      `%n = const : i32[] = 3\n %a, %b = split(%n, %t) {numSplits=2}\n %c = relu(%a)\n %y = concatenation(%b, %c, %a) {axis=1}\n %z = transpose(%y, %q)`,
    ],
    [
      'parts of different sizes',
      `%n = const : i32[] = -3\n %s = const : i32[2] = [1, 2]\n %a, %b = split_v(%t, %s, %n) {numSplits=2}\n %c = relu(%b)\n %y = concatenation(%b, %c) {axis=-1}\n %z = transpose(%y, %q)`,
    ],
    [
      'slices',
      `%b = const : i32[4] = [0, 1, 0, 2]\n %n = const : i32[4] = [-1, 2, 3, -1]\n %a = slice(%t, %b, %n)\n %c = abs(%a)\n %y = add(%c, %a)\n %z = transpose(%y, %q)`,
    ],
    [
      'strided slices',
      `%b = const : i32[4] = [0, 1, 3, -1]\n %e = const : i32[4] = [0, 3, 0, -5]\n %s = const : i32[4] = [1, 1, 1, -2]\n %a = strided_slice(%t, %b, %e, %s) {beginMask=1, endMask=5}\n %c = abs(%a)\n %y = add(%c, %a)\n %z = transpose(%y, %q)`,
    ],
    [
      'pads, repeats and reversals',
      `%n = const : i32[4,2] = [0, 0, 1, 0, 2, 1, 0, 3]\n %a = pad(%t, %n)\n %r = const : i32[2] = [1, -1]\n %c = reverse_v2(%a, %r)\n %m = const : i32[4] = [1, 2, 1, 3]\n %d = tile(%c, %m)\n %e = abs(%d)\n %y = add(%d, %e)\n %z = transpose(%y, %q)`,
    ],
    [
      'conditions',
      `${constant('c', [3, 1, 1])}\n %a = greater(%t, %c)\n %b = neg(%t)\n %y = select_v2(%a, %t, %b)\n %z = transpose(%y, %q)`,
    ],
  ])('takes no transposes: %s', (_, body) => {
    const before = between(body)
    const after = settle(before)
    expect(count(after)).toBe(0)
    expect(after.nodes.length).toBeLessThan(before.nodes.length)
    expectSameResults(after, before, roundingTolerance(after, before))
  })

  it('is one of any rank, and of softmax where the last axis stays', () => {
    const before =
      ir(`(%x: f32[2,5,3,4]) { %p = const : i32[4] = [0, 2, 1, 3]\n %t = transpose(%x, %p)\n %s = softmax(%t) {beta=1}\n %y = mul(%s, %t)
      %z = transpose(%y, %p) return %z }`)
    const after = settle(before)
    expect(count(after)).toBe(0)
    expectSameResults(after, before, roundingTolerance(after, before))
  })

  it('keeps symbolic sizes and the names of outputs', () => {
    const before = ir(
      `(%x: f32[N,4,6,3]) { ${first}\n ${last}\n %t = transpose(%x, %p)\n %a = relu(%t)\n %y = add(%t, %a)\n %z "out" = transpose(%y, %q) return %z }`,
    )
    const after = settle(before)
    expect(shown(after)).toBe(shown(ir('(%x: f32[N,4,6,3]) { %a = relu(%x)\n %z = add(%x, %a) return %z }')))
    expect(after.values.get(after.outputs[0]!)!.name).toBe('out')
  })

  it('a reduction that drops the dims which the order is of reads what was before the transpose', () => {
    const before = between(
      '%n = const : i32[2] = [2, 3]\n %a = relu(%t)\n %y = add(%t, %a)\n %z = transpose(%y, %q)\n %m = mean(%y, %n)',
      '%z, %m',
    )
    const after = settle(before)
    expect(count(after)).toBe(0)
    expectSameResults(after, before, roundingTolerance(after, before))
  })

  it('other transposes of it are put together with its own', () => {
    const before = between(
      '%o = const : i32[4] = [1, 0, 2, 3]\n %a = relu(%t)\n %y = add(%t, %a)\n %z = transpose(%y, %q)\n %w = transpose(%y, %o)',
      '%z, %w',
    )
    const after = settle(before)
    expect(count(after)).toBe(1)
    expectSameResults(after, before, 0)
  })

  it('reshapes that only move dims of size 1 count as transposes', () => {
    const before =
      between(`%n = const : i32[2] = [2, 3]\n %s = mean(%t, %n) {keepDims=true}\n %f = const : i32[4] = [2, 1, 1, 3]\n %u = reshape(%s, %f)
      ${constant('w', [3, 3])}\n %v = fully_connected(%u, %w, none) {keepNumDims=true}\n %g = const : i32[4] = [2, 3, 1, 1]\n %k = reshape(%v, %g)\n %y = mul(%t, %k)\n %z = transpose(%y, %q)`)
    const after = settle(before)
    expect([count(after), count(after, 'reshape')]).toEqual([0, 0])
    expectSameResults(after, before, roundingTolerance(after, before))
  })
})

it('a region may hold a type without transposes, which then stand around it', () => {
  const text = '%a = cast(%t) {to=bf16}\n %b = cast(%a) {to=f32}\n %c = relu(%b)\n %z = transpose(%c, %q)'
  expect(count(settle(between(text)))).toBe(0)
  const read = settle(between(text, '%z, %a'))
  expect(read.nodes.filter((n) => n.op === 'transpose').map((n) => read.values.get(n.outputs[0]!)!.type.dtype)).not.toContain('bf16')
})

describe('a region is left as it is', () => {
  it.each<[string, string]>([
    ['where it takes as many transposes', '%a = relu(%t)\n %y = add(%t, %a)'],
    ['where something reads the order', `%f = const : i32[2] = [2, 72]\n %a = relu(%t)\n %y = reshape(%a, %f)`],
    ['where softmax is along an axis that moves', '%a = softmax(%t) {beta=1}\n %y = transpose(%a, %q)'],
    [
      'where a mask drops an axis',
      '%b = const : i32[4] = [0, 1, 0, 0]\n %s = const : i32[4] = [1, 1, 1, 1]\n %y = strided_slice(%t, %b, %s, %s) {beginMask=13, endMask=13, shrinkAxisMask=2}',
    ],
    ['where what is left of a reduction stands in another order', '%n = const : i32[1] = [0]\n %y = mean(%t, %n)'],
  ])('%s', (_, body) => {
    const before = between(body, '%y')
    expect(shown(settle(before))).toBe(shown(before))
  })

  it('where an operand is no constant of a lower rank', () => {
    const before = ir(
      `(%x: f32[2,4,6,3], %v: f32[6]) { ${first}\n ${last}\n %t = transpose(%x, %p)\n %a = add(%t, %v)\n %y = transpose(%a, %q) return %y }`,
    )
    expect(shown(settle(before))).toBe(shown(before))
  })

  it('where its values are quantized', () => {
    const text = `(%x: i8[2,4,6,3]<0.5:0>) { ${first}\n ${last}\n %t = transpose(%x, %p) : i8[2,3,4,6]<0.5:0>\n %a = relu(%t) : i8[2,3,4,6]<0.5:0>
      %y = transpose(%a, %q) : i8[2,4,6,3]<0.5:0> return %y }`
    expect(shown(settle(ir(text)))).toBe(shown(ir(text)))
  })
})

/** Ops of a region on values of two orders, transposes between them where chance will. */
function randomRegion(seed: number): Graph {
  const next = seededRandom(seed)
  const int = (n: number) => Math.floor(next() * n)
  const graph = new GraphEditor('random')
  const b = new OpBuilder(graph)
  const pool: Value[] = [
    graph.addInput('x', { dtype: 'f32', shape: ['N', 4, 6, 3] }),
    graph.addInput('z', { dtype: 'f32', shape: ['N', 3, 4, 6] }),
  ]
  const some = () => pool[Math.max(0, pool.length - 1 - int(4))]!
  const alike = (x: Value) => {
    const all = pool.filter((v) => v.type.shape.join() === x.type.shape.join())
    return all[int(all.length)]!
  }
  const size = (v: Value, axis: number) => v.type.shape[axis] as number
  const turn = (x: Value) => b.op(op.transpose, [x, b.i32(next() < 0.5 ? [0, 3, 1, 2] : [0, 2, 3, 1])])
  const steps: readonly ((x: Value) => Value | readonly Value[])[] = [
    turn,
    turn,
    turn,
    (x) => b.op(next() < 0.5 ? op.relu : op.abs, [x]),
    (x) => b.op(op.add, [x, alike(x)]),
    (x) => b.op(op.sub, [alike(x), x]),
    (x) => b.op(op.mul, [x, b.f32(Array.from({ length: size(x, 1) }, next), [size(x, 1), 1, 1])]),
    (x) => b.op(op.concatenation, [x, alike(x)], { axis: 1 + int(3) }),
    (x) => {
      const axis = 1 + int(3)
      return size(x, axis) % 2 === 0 ? b.ops(op.split, [b.i32([axis], []), x], { numSplits: 2 }) : x
    },
    (x) =>
      b.op(
        op.slice,
        [x, b.i32([0, 0, int(2), 0]), b.i32([-1, -1, Math.max(1, size(x, 2) - 1), -1])].map((v, i) =>
          i > 0 && size(x, 2) < 3 ? b.i32(i === 1 ? [0, 0, 0, 0] : [-1, -1, -1, -1]) : v,
        ),
      ),
    (x) => b.op(op.reverseV2, [x, b.i32([1 + int(3)])]),
    (x) => b.op(op.mul, [x, b.op(op.reduceMax, [x, b.i32([1 + int(3)])], { keepDims: true })]),
    (x) => b.op(op.mul, [x, b.op(op.logistic, [b.op(op.mean, [x, b.i32([2, 3])], { keepDims: true })])]),
    (x) => b.op(op.reshape, [x, b.i32([-1, size(x, 1), size(x, 2), size(x, 3)])]),
  ]
  for (let i = 0; i < 14; i++) {
    const x = some()
    const made = [steps[int(steps.length)]!(x)].flat()
    pool.push(...made.filter((v) => v.type.shape.slice(1).every((d) => (d as number) < 50)))
  }
  const outputs = new Set([pool.at(-1)!, some(), some()].filter((v) => !graph.inputs.includes(v.id)))
  if (outputs.size === 0) outputs.add(b.op(op.relu, [pool[0]!]))
  graph.setOutputs([...outputs].map((v) => v.id))
  graph.removeDead()
  return graph.finish()
}

it('keeps the results of random regions, and never takes more transposes', () => {
  let [fewer, hits] = [0, 0]
  for (let seed = 1; seed <= 150; seed++) {
    const before = randomRegion(seed)
    const after = settle(before)
    try {
      expect(count(after)).toBeLessThanOrEqual(count(before))
      expectSameResults(after, before, roundingTolerance(after, before), seed)
      const all = optimize(before, { verifyEach: true }).graph
      expect(count(all)).toBeLessThanOrEqual(count(before))
      expectSameResults(all, before, roundingTolerance(all, before), seed)
    } catch (e) {
      throw new Error(`seed ${seed}: ${String(e)}\n${shown(before)}\n=>\n${shown(after)}`)
    }
    if (shown(after) !== shown(before)) hits++
    fewer += count(before) - count(after)
  }
  expect(hits).toBeGreaterThan(20)
  expect(fewer).toBeGreaterThan(30)
})
