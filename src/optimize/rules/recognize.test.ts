import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, expectSameResults, ir } from '../../../test/testkit/rewrite.ts'
import { expandErf } from './expand-erf.ts'
import { foldConstants } from './fold-constants.ts'
import { recognizeElu } from './recognize-elu.ts'
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

  it.each([
    ['x * clip(x / 6 + 0.5, 0, 1)', '%u = mul(%x, %k)\n %s = add(%h, %u)\n %g = relu_0_to_1(%s)\n %y = mul(%g, %x)'],
    ['the same with a division', '%d = const : f32[] = 6\n %u = div(%x, %d)\n %s = add(%u, %h)\n %g = relu_0_to_1(%s)\n %y = mul(%x, %g)'],
  ])('sees %s', (_, lines) => {
    expectRewrite(recognizeHardSwish, `(%x: f32[N,7]) { %h = const : f32[] = 0.5\n ${sixth}${lines} return %y }`, becomes('hard_swish(%x)'))
  })

  it('keeps the clip of other lines', () => {
    const text = (k: number, h: number) =>
      `(%x: f32[N,7]) { %k = const : f32[] = ${k}\n %h = const : f32[] = ${h}\n %u = mul(%x, %k)\n %s = add(%u, %h)\n %g = relu_0_to_1(%s)\n %y = mul(%x, %g) return %y }`
    expectOther(recognizeHardSwish, text(0.2, 0.5))
    expectOther(recognizeHardSwish, text(0.16666667, 0.25))
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

  it('sees the tanh form with x * (1 + 0.044715 * x^2)', () => {
    const lines =
      '%p = square(%x)\n %r = mul(%q, %p)\n %v = add(%one, %r)\n %w = mul(%a, %x)\n %t = mul(%w, %v)\n %th = tanh(%t)\n %g = add(%one, %th)\n %u = mul(%h, %x)\n %y = mul(%u, %g)'
    expectRewrite(recognizeGelu, `(%x: f32[N,7]) { ${scales}${lines} return %y }`, becomes('gelu(%x) {approximate=true}'))
    expectOther(recognizeGelu, `(%x: f32[N,7]) { ${scales}${lines.replace('mul(%w, %v)', 'mul(%w, %x)')} return %y }`)
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
      'the smaller with a slope below 1',
      '(%x: f32[N,7]) { %a = const : f32[] = 0.5\n %u = mul(%x, %a)\n %y = minimum(%u, %x) return %y }',
      'alpha is not above 1',
    ],
    [
      'a slope that broadcasts',
      '(%x: f32[1]) { %a = const : f32[2] = [0.5, 0.5]\n %u = mul(%x, %a)\n %y = maximum(%u, %x) return %y }',
      'alpha is not one number',
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
    ['x < 0 ? a * x : x', 'less(%x, %z)', 'select_v2', '%u, %x'],
    ['x <= 0 ? a * x : x', 'less_equal(%x, %z)', 'select', '%u, %x'],
    ['0 >= x ? a * x : x', 'greater_equal(%z, %x)', 'select_v2', '%u, %x'],
  ])('sees %s', (_, comparison, select, branches = '%x, %u') => {
    expectRewrite(
      recognizeLeakyRelu,
      `(%x: f32[N,7]) { %z = const : f32[] = 0\n %c = ${comparison}\n %a = const : f32[] = 2\n %u = mul(%x, %a)\n %y = ${select}(%c, ${branches}) return %y }`,
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

describe('recognize-elu', () => {
  const graph = (comparison: string, branches: string, minusOne = '%m = sub(%e, %o)', argument = '%x') =>
    `(%x: f32[N,7]) { %z = const : f32[] = 0\n %o = const : f32[] = 1\n %k = const : f32[] = -1\n %l = minimum(%x, %z)\n %e = exp(${argument})\n ${minusOne}\n %c = ${comparison}\n %y = select_v2(%c, ${branches}) return %y }`
  it.each([
    ['x > 0 ? x : exp(x) - 1', graph('greater(%x, %z)', '%x, %m')],
    ['0 <= x ? x : exp(x) - 1', graph('less_equal(%z, %x)', '%x, %m')],
    ['x < 0 ? exp(x) + -1 : x', graph('less(%x, %z)', '%m, %x', '%m = add(%k, %e)')],
    ['0 >= x ? exp(min(x, 0)) - 1 : x', graph('greater_equal(%z, %x)', '%m, %x', '%m = sub(%e, %o)', '%l')],
  ])('sees %s', (_, before) => {
    expectRewrite(recognizeElu, before, becomes('elu(%x)'))
  })

  it('keeps other thresholds and branches', () => {
    expectOther(recognizeElu, graph('greater(%x, %o)', '%x, %m'))
    expectOther(recognizeElu, graph('greater(%x, %z)', '%m, %x'))
    expectOther(recognizeElu, graph('greater(%x, %z)', '%x, %m', '%m = sub(%e, %k)'))
    expectOther(recognizeElu, graph('greater(%x, %z)', '%x, %m', '%m = sub(%e, %o)', '%k'))
  })
})

describe('recognize-logistic', () => {
  const graph = (one: number, term: number) =>
    `(%x: f32[N,7]) { %o = const : f32[] = ${one}\n %t = const : f32[1] = [${term}]\n %n = neg(%x)\n %e = exp(%n)\n %s = add(%e, %t)\n %y = div(%o, %s) return %y }`
  const viaTanh = (half: number) =>
    `(%x: f32[N,7]) { %h = const : f32[] = ${half}\n %i = const : f32[] = 0.5\n %u = mul(%x, %h)\n %t = tanh(%u)\n %v = mul(%i, %t)\n %y = add(%v, %i) return %y }`
  it('sees 0.5 * tanh(0.5 * x) + 0.5', () => {
    expectRewrite(recognizeLogistic, viaTanh(0.5), becomes('logistic(%x)'))
    expectOther(recognizeLogistic, viaTanh(1))
  })
  it('keeps a constant that broadcasts', () =>
    expectOther(recognizeLogistic, graph(1, 1).replaceAll('[N,7]', '[1]').replace('f32[1] = [1]', 'f32[2] = [1, 1]')))
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
    ['relu(x) + -a * relu(-x)', 'add(%p, %m)', '[2,1] = [-0.5, 0.25]', '[2,1] = [0.5, -0.25]'],
  ])('sees %s', (_, op, alpha, slope) => {
    expectRewrite(recognizePrelu, graph(op, alpha), `(%x: f32[N,2,3]) { %a = const : f32${slope}\n %y = prelu(%x, %a) return %y }`)
  })

  it.each([
    ['relu(x) + a * min(x, 0)', '%z = const : f32[] = 0\n %l = minimum(%z, %x)\n %m = mul(%l, %a)\n %y = add(%m, %p)', '[1, 2, 3]'],
    [
      'relu(x) + a * (x - |x|) * 0.5',
      '%z = const : f32[] = 0.5\n %b = abs(%x)\n %d = sub(%x, %b)\n %m = mul(%a, %d)\n %l = mul(%m, %z)\n %y = add(%p, %l)',
      '[1, 2, 3]',
    ],
    ['relu(x) - a * min(x, 0)', '%z = const : f32[] = 0\n %l = minimum(%x, %z)\n %m = mul(%l, %a)\n %y = sub(%p, %m)', '[-1, -2, -3]'],
    [
      'relu(x) + a * min(x, 0) / 2',
      '%z = const : f32[] = 0\n %h = const : f32[] = 2\n %l = minimum(%x, %z)\n %m = mul(%l, %a)\n %d = div(%m, %h)\n %y = add(%p, %d)',
      '[0.5, 1, 1.5]',
    ],
  ])('sees %s', (_, lines, slope) => {
    expectRewrite(
      recognizePrelu,
      `(%x: f32[N,2,3]) { %p = relu(%x)\n %a = const : f32[3] = [1, 2, 3]\n ${lines} return %y }`,
      `(%x: f32[N,2,3]) { %a = const : f32[3] = ${slope}\n %y = prelu(%x, %a) return %y }`,
    )
  })

  it.each([
    ['sub(%p, %m)', '[] = 0.25', 0.25],
    ['add(%m, %p)', '[2,3] = splat(-0.5)', 0.5],
  ])('makes a leaky_relu of one slope: %s', (op, alpha, slope) => {
    expectRewrite(recognizePrelu, graph(op, alpha), `(%x: f32[N,2,3]) { %y = leaky_relu(%x) {alpha=${slope}} return %y }`)
  })

  it('keeps the negative part of another value, and a slope that varies', () => {
    const text = (lines: string) =>
      `(%x: f32[N,3], %z: f32[N,3]) { %p = relu(%x)\n %n = neg(%z)\n %a = const : f32[] = 0.5\n ${lines} return %y }`
    expectOther(recognizePrelu, text('%r = relu(%n)\n %m = mul(%r, %a)\n %y = sub(%p, %m)'))
    expectOther(recognizePrelu, text('%k = neg(%x)\n %r = relu(%k)\n %m = mul(%r, %z)\n %y = sub(%p, %m)'))
    expectOther(recognizePrelu, text('%y = add(%p, %z)'))
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

  const direct = (lines: string, shape = '[N,2,3]', axes = '[1] = [2]') =>
    `(%x: f32${shape}) { %q = square(%x)\n %a = const : i32${axes}\n %s = sum(%q, %a) {keepDims=true}\n ${lines} return %y }`
  it.each([
    ['x / sqrt(max(sum, 1e-12))', '%e = const : f32[] = 1e-12\n %m = maximum(%e, %s)\n %r = sqrt(%m)\n %y = div(%x, %r)'],
    ['x / max(sqrt(sum), 1e-6)', '%e = const : f32[] = 1e-6\n %r = sqrt(%s)\n %m = maximum(%r, %e)\n %y = div(%x, %m)'],
  ])('sees %s', (_, lines) => {
    expectRewrite(recognizeL2Normalization, direct(lines), '(%x: f32[N,2,3]) { %y = l2_normalization(%x) return %y }')
    expectRewrite(
      recognizeL2Normalization,
      direct(lines, '[1,1,3]', '[3] = [0, 1, -1]'),
      '(%x: f32[1,1,3]) { %y = l2_normalization(%x) return %y }',
    )
  })

  it('keeps sums over other axes, and other epsilons', () => {
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[1] = [1]'), 'the sum is not over the last axis alone')
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[2] = [1, 2]'), 'the sum is not over the last axis alone')
    expectMiss(recognizeL2Normalization, graph('square(%x)', '[] = 2', '0.0001'), 'the norm is at least 0.01 here, in the kernel 1e-6')
    expectOther(recognizeL2Normalization, graph('exp(%x)'))
    expectOther(recognizeL2Normalization, '(%x: f32[2], %z: f32[2]) { %r = rsqrt(%z)\n %y = mul(%x, %r) return %y }')
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
