import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, expectSameResults, ir } from '../../../test/testkit/rewrite.ts'
import { expandErf } from './expand-erf.ts'
import { foldConstants } from './fold-constants.ts'
import { recognizeGelu } from './recognize-gelu.ts'
import { recognizeHardSwish } from './recognize-hard-swish.ts'
import { recognizeL2Normalization } from './recognize-l2-normalization.ts'
import { recognizeLeakyRelu } from './recognize-leaky-relu.ts'
import { recognizeLogistic } from './recognize-logistic.ts'
import { recognizePrelu } from './recognize-prelu.ts'

const becomes = (op: string) => `(%x: f32[N,7]) { %y = ${op} return %y }`

describe('recognize-hard-swish', () => {
  const gate = '%three = const : f32[] = 3\n %s = add(%x, %three)\n %g = relu6(%s)\n'
  const sixth = '%k = const : f32[] = 0.16666667\n'
  const six = '%k = const : f32[] = 6\n'
  it.each([
    ['(x * g) * 1/6', `${gate}${sixth}%u = mul(%x, %g)\n %y = mul(%u, %k)`],
    ['1/6 * (g * x)', `${gate}${sixth}%u = mul(%g, %x)\n %y = mul(%k, %u)`],
    ['x * (g * 1/6)', `${gate}${sixth}%u = mul(%g, %k)\n %y = mul(%x, %u)`],
    ['(x * 1/6) * g', `${gate}${sixth}%u = mul(%x, %k)\n %y = mul(%u, %g)`],
    ['(x * g) / 6', `${gate}${six}%u = mul(%x, %g)\n %y = div(%u, %k)`],
    ['x * (g / 6)', `${gate}${six}%u = div(%g, %k)\n %y = mul(%x, %u)`],
    [
      'with relu6 fused into the addition',
      `%three = const : f32[] = 3\n %g = add(%three, %x) {fusedActivation=relu6}\n${sixth}%u = mul(%x, %g)\n %y = mul(%u, %k)`,
    ],
  ])('sees %s', (_, lines) => {
    expectRewrite(recognizeHardSwish, `(%x: f32[N,7]) { ${lines} return %y }`, becomes('hard_swish(%x)'))
  })

  it('is not fooled by another scale, gate or value', () => {
    const text = (lines: string) => `(%x: f32[N,7], %z: f32[N,7]) { ${lines} return %y }`
    expectMiss(recognizeHardSwish, text(`${gate}%y = mul(%x, %g)`), 'the product is scaled by 1, not by 1/6')
    expectMiss(
      recognizeHardSwish,
      text(`${gate}${sixth}%u = mul(%x, %g)\n %y = mul(%u, %k)`).replace('return %y', 'return %y, %g'),
      'the gate has other readers',
    )
    expectOther(recognizeHardSwish, text(`${gate}${sixth}%u = mul(%z, %g)\n %y = mul(%u, %k)`))
    expectOther(recognizeHardSwish, text('%y = mul(%x, %x)'))
    expectOther(recognizeHardSwish, text('%y = div(%x, %z)'))
  })
})

describe('recognize-gelu', () => {
  const scales =
    '%h = const : f32[] = 0.5\n %a = const : f32[] = 0.797884583\n %q = const : f32[] = 0.044715\n %one = const : f32[] = 1\n %three = const : f32[] = 3\n'
  const tail = '%v = add(%x, %c)\n %t = mul(%v, %a)\n %th = tanh(%t)\n %g = add(%th, %one)\n'
  it.each([
    ['pow', '%p = pow(%x, %three)\n %c = mul(%p, %q)\n', '%u = mul(%x, %h)\n %y = mul(%u, %g)'],
    ['a product of three', '%p = mul(%x, %x)\n %r = mul(%p, %x)\n %c = mul(%q, %r)\n', '%u = mul(%g, %h)\n %y = mul(%u, %x)'],
    ['a square', '%p = square(%x)\n %r = mul(%x, %p)\n %c = mul(%q, %r)\n', '%u = mul(%g, %x)\n %y = mul(%u, %h)'],
  ])('sees the tanh form with %s', (_, cube, product) => {
    expectRewrite(recognizeGelu, `(%x: f32[N,7]) { ${scales}${cube}${tail}${product} return %y }`, becomes('gelu(%x) {approximate=true}'))
  })

  it.each([
    ['1 + erf(x / sqrt(2))', '%t = div(%x, %r)\n %e = custom(%t) {customCode=Erf} : f32[N,7]\n %g = add(%one, %e)\n'],
    ['1 + erf(x * sqrt(1/2))', '%t = mul(%x, %s)\n %e = custom(%t) {customCode=Erf} : f32[N,7]\n %g = add(%e, %one)\n'],
    ['erfc(-x * sqrt(1/2))', '%n = neg(%x)\n %t = mul(%n, %s)\n %g = custom(%t) {customCode=Erfc} : f32[N,7]\n'],
    ['erfc(x * -sqrt(1/2))', '%m = neg(%s)\n %t = mul(%x, %m)\n %g = custom(%t) {customCode=Erfc} : f32[N,7]\n'],
  ])('sees the exact form with %s', (_, gate) => {
    const before = `(%x: f32[N,7]) { %h = const : f32[] = 0.5\n %one = const : f32[] = 1\n %r = const : f32[] = 1.4142135\n %s = const : f32[] = 0.70710677\n ${gate}%u = mul(%h, %x)\n %y = mul(%u, %g) return %y }`
    const folds = before.includes('neg(%s)') ? 1 : 0
    expectRewrite([foldConstants, recognizeGelu], before, becomes('gelu(%x)'), 1 + folds)
  })

  it('leaves another erf to expand-erf', () => {
    const text =
      '(%x: f32[N,7]) { %e = custom(%x) {customCode=Erf} : f32[N,7]\n %h = const : f32[] = 0.5\n %one = const : f32[] = 1\n %g = add(%e, %one)\n %u = mul(%x, %h)\n %y = mul(%u, %g) return %y }'
    expectOther(recognizeGelu, text)
  })

  it('is not fooled by other formulas', () => {
    const text = (cube: string) => `(%x: f32[N,7]) { ${scales}${cube}${tail}%u = mul(%x, %h)\n %y = mul(%u, %g) return %y }`
    expectOther(recognizeGelu, text('%c = mul(%x, %q)\n'))
    expectOther(recognizeGelu, text('%p = mul(%x, %x)\n %c = mul(%p, %q)\n'))
    expectOther(recognizeGelu, text('%p = pow(%x, %h)\n %c = mul(%p, %q)\n'))
    expectOther(recognizeGelu, text('%c = mul(%x, %x)\n'))
    expectOther(recognizeGelu, '(%x: f32[2]) { %h = const : f32[] = 0.5\n %t = tanh(%x)\n %u = mul(%t, %h)\n %y = mul(%u, %x) return %y }')
  })
})

describe('recognize-leaky-relu', () => {
  it.each([
    ['max(x * a, x)', '%u = mul(%x, %a)\n %y = maximum(%u, %x)'],
    ['max(x, a * x)', '%u = mul(%a, %x)\n %y = maximum(%x, %u)'],
  ])('sees %s', (_, lines) => {
    expectRewrite(
      recognizeLeakyRelu,
      `(%x: f32[N,7]) { %a = const : f32[] = 0.25\n ${lines} return %y }`,
      becomes('leaky_relu(%x) {alpha=0.25}'),
    )
  })

  it.each([
    [
      'a slope above 1',
      '(%x: f32[N,7]) { %a = const : f32[] = 2\n %u = mul(%x, %a)\n %y = maximum(%u, %x) return %y }',
      'alpha is not between 0 and 1',
    ],
    [
      'a slope per channel',
      '(%x: f32[N,2]) { %a = const : f32[2] = [0.5, 0.25]\n %u = mul(%x, %a)\n %y = maximum(%u, %x) return %y }',
      'alpha is not one number',
    ],
    [
      'a second reader',
      '(%x: f32[N,7]) { %a = const : f32[] = 0.25\n %u = mul(%x, %a)\n %y = maximum(%u, %x) return %y, %u }',
      'the product has other readers',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(recognizeLeakyRelu, text, reason))

  it.each([
    ['x > 0 ? x : a * x', 'greater(%x, %z)', 'select_v2'],
    ['x >= 0 ? x : a * x', 'greater_equal(%x, %z)', 'select'],
    ['0 < x ? x : a * x', 'less(%z, %x)', 'select_v2'],
  ])('sees %s', (_, comparison, select) => {
    expectRewrite(
      recognizeLeakyRelu,
      `(%x: f32[N,7]) { %z = const : f32[] = 0\n %c = ${comparison}\n %a = const : f32[] = 2\n %u = mul(%x, %a)\n %y = ${select}(%c, %x, %u) return %y }`,
      becomes('leaky_relu(%x) {alpha=2}'),
    )
  })

  it('keeps a threshold', () => {
    expectMiss(
      recognizeLeakyRelu,
      '(%x: f32[N,7]) { %z = const : f32[] = 1\n %c = greater(%x, %z)\n %a = const : f32[] = 2\n %u = mul(%x, %a)\n %y = select_v2(%c, %x, %u) return %y }',
      'it compares with another number than 0',
    )
  })

  it('keeps the maximum of two values', () => {
    expectOther(
      recognizeLeakyRelu,
      '(%x: f32[2], %z: f32[2]) { %a = const : f32[] = 0.25\n %u = mul(%x, %a)\n %y = maximum(%u, %z) return %y }',
    )
  })
})

describe('recognize-logistic', () => {
  const graph = (one: number, term: number) =>
    `(%x: f32[N,7]) { %o = const : f32[] = ${one}\n %t = const : f32[1] = [${term}]\n %n = neg(%x)\n %e = exp(%n)\n %s = add(%e, %t)\n %y = div(%o, %s) return %y }`
  it('sees 1 / (1 + exp(-x))', () => expectRewrite(recognizeLogistic, graph(1, 1), becomes('logistic(%x)')) && undefined)
  it('keeps other numbers', () => {
    expectOther(recognizeLogistic, graph(2, 1))
    expectOther(recognizeLogistic, graph(1, 2))
  })
})

describe('recognize-prelu', () => {
  const graph = (op: string, alpha: string) =>
    `(%x: f32[N,2,3]) { %p = relu(%x)\n %n = neg(%x)\n %r = relu(%n)\n %a = const : f32${alpha}\n %m = mul(%a, %r)\n %y = ${op} return %y }`
  it.each([
    ['relu(x) - a * relu(-x)', 'sub(%p, %m)', '[3] = [1, 2, 3]', '[3] = [1, 2, 3]'],
    ['relu(x) + -a * relu(-x)', 'add(%p, %m)', '[2,3] = splat(-0.5)', '[2,3] = splat(0.5)'],
    ['-a * relu(-x) + relu(x)', 'add(%m, %p)', '[] = -0.25', '[] = 0.25'],
  ])('sees %s', (_, op, alpha, slope) => {
    expectRewrite(recognizePrelu, graph(op, alpha), `(%x: f32[N,2,3]) { %a = const : f32${slope}\n %y = prelu(%x, %a) return %y }`)
  })

  it('keeps a slope that broadcasts the input', () => {
    expectMiss(
      recognizePrelu,
      graph('sub(%p, %m)', '[5,1,2,3] = splat(0.5)').replaceAll('[N,2,3]', '[1,2,3]'),
      'alpha does not fit the input',
    )
  })

  it('keeps a * relu(-x) - relu(x)', () => expectOther(recognizePrelu, graph('sub(%m, %p)', '[] = 0.25')))
})

describe('recognize-l2-normalization', () => {
  const graph = (square: string, axes = '[1] = [-1]', epsilon = '1e-12') =>
    `(%x: f32[N,2,3]) { %q = ${square}\n %a = const : i32${axes}\n %s = sum(%q, %a) {keepDims=true}\n %e = const : f32[] = ${epsilon}\n %m = maximum(%s, %e)\n %r = rsqrt(%m)\n %y = mul(%x, %r) return %y }`
  it.each(['square(%x)', 'mul(%x, %x)'])('sees it with %s', (square) => {
    expectRewrite(recognizeL2Normalization, graph(square), '(%x: f32[N,2,3]) { %y = l2_normalization(%x) return %y }')
  })

  it('keeps sums over other axes, and other epsilons', () => {
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[1] = [1]'), 'the sum is not over the last axis alone')
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[2] = [1, 2]'), 'the sum is not over the last axis alone')
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[] = 2', '0.001'), `epsilon is ${Math.fround(0.001)}, the kernel's is 1e-12`)
  })
})

describe('expand-erf', () => {
  it.each(['Erf', 'Erfc'])('computes %s in builtin ops, 1.5e-7 off at most', (name) => {
    const before = ir(`(%x: f32[N,500]) { %y = custom(%x) {customCode=${name}} : f32[N,500] return %y }`)
    const { graph } = applyRules(before, expandErf)
    expect(graph.nodes.every((n) => n.op !== 'custom')).toBe(true)
    // The formula's error, and the rounding of a sum near 1; inputs reach 8, which is the largest magnitude.
    expectSameResults(graph, before, (1.5e-7 + 4 * 2 ** -24) / 7)
  })

  it('keeps other types, and other custom ops', () => {
    expectMiss(expandErf, '(%x: f64[2]) { %y = custom(%x) {customCode=Erf} : f64[2] return %y }', 'there is no Erf of f64')
    expectOther(expandErf, '(%x: f32[2]) { %y = custom(%x) {customCode=Mine} : f32[2] return %y }')
  })
})
