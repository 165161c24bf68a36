import { expect, it } from 'vitest'
import { expectSameResults, ir } from '../../test/testkit/rewrite.ts'
import type { Graph } from '../ir/types.ts'
import { keepRegionDims } from './keep-region-dims.ts'
import { optimize } from './optimize.ts'
import { pipeline } from './pipeline.ts'

const kept = (graph: Graph) => optimize(graph, { pipeline: pipeline('test', [keepRegionDims]), verifyEach: true }).graph
const opsOf = (graph: Graph) => graph.nodes.map((n) => n.op).join(' ')

const axes = '%n = const : i32[1] = [-1]\n %one = const : i32[3] = [-1, 3, 1]\n %e = const : f32[] = 0.1'
const moments = '%m = mean(%x, %n)\n %q = mul(%x, %x)\n %s = mean(%q, %n)\n %p = mul(%m, %m)\n %v = sub(%s, %p)\n %w = add(%v, %e)'

/** `x` [N,3,4]; %a and %b are [N,3,1]. */
const network = (body: string, more = '') =>
  ir(`(%x: f32[N,3,4]) { ${axes}\n ${body}\n %y = sub(%x, %a)\n %z = mul(%y, %b) return %z${more} }`)

it.each<[string, string, string]>([
  [
    'mean and variance of a layer',
    `${moments}\n %r = rsqrt(%w)\n %a = reshape(%m, %one)\n %b = reshape(%r, %one)`,
    'mean mul mean mul sub add rsqrt sub mul',
  ],
  [
    'a result that two reshapes read',
    '%m = reduce_max(%x, %n)\n %a = reshape(%m, %one)\n %c = exp(%m)\n %b = reshape(%c, %one)',
    'reduce_max exp sub mul',
  ],
])('keeps the dims of %s', (_, body, ops) => {
  const before = network(body)
  const after = kept(before)
  expect(opsOf(after)).toBe(ops)
  expectSameResults(after, before, 0)
})

it.each<[string, Graph]>([
  ['another reader', network(`${moments}\n %r = rsqrt(%w)\n %a = reshape(%m, %one)\n %b = reshape(%r, %one)`, ', %v')],
  [
    'an operand from elsewhere',
    ir(
      `(%x: f32[N,3,4], %k: f32[N,3]) { ${axes}\n %m = mean(%x, %n)\n %v = mul(%m, %k)\n %a = reshape(%m, %one)\n %b = reshape(%v, %one)\n %y = sub(%x, %a)\n %z = mul(%y, %b) return %z }`,
    ),
  ],
  [
    'a reduction of another axis',
    ir(
      `(%x: f32[2,3,3]) { ${axes}\n %o = const : i32[1] = [1]\n %m = mean(%x, %n)\n %s = mean(%x, %o)\n %v = mul(%m, %s)\n %a = reshape(%m, %one)\n %b = reshape(%v, %one)\n %y = sub(%x, %a)\n %z = mul(%y, %b) return %z }`,
    ),
  ],
  [
    'a constant row',
    network(`%k = const : f32[3] = [1, 2, 3]\n %m = mean(%x, %n)\n %v = mul(%m, %k)\n %a = reshape(%m, %one)\n %b = reshape(%v, %one)`),
  ],
])('leaves them as they are with %s', (_, before) => expect(opsOf(kept(before))).toBe(opsOf(before)))
