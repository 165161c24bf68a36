import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { recognizeGelu } from './recognize-gelu.ts'
import { recognizeHardSwish } from './recognize-hard-swish.ts'
import { recognizeLeakyRelu } from './recognize-leaky-relu.ts'
import { recognizeLogistic } from './recognize-logistic.ts'

const after = (op: string) => `(%x: f32[N,7]) { %y = ${op} return %y }`

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
    expectRewrite(recognizeHardSwish, `(%x: f32[N,7]) { ${lines} return %y }`, after('hard_swish(%x)'))
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
    expectRewrite(recognizeGelu, `(%x: f32[N,7]) { ${scales}${cube}${tail}${product} return %y }`, after('gelu(%x) {approximate=true}'))
  })

  it('is not fooled by other formulas', () => {
    const text = (cube: string) => `(%x: f32[N,7]) { ${scales}${cube}${tail}%u = mul(%x, %h)\n %y = mul(%u, %g) return %y }`
    const used = (t: string) => t.replace(/%(q|three) = const[^\n]*\n /g, (line, name) => (t.split(`%${name}`).length > 2 ? line : ''))
    expectOther(recognizeGelu, used(text('%c = mul(%x, %q)\n')))
    expectOther(recognizeGelu, used(text('%p = mul(%x, %x)\n %c = mul(%p, %q)\n')))
    expectOther(recognizeGelu, used(text('%p = pow(%x, %h)\n %c = mul(%p, %q)\n')))
    expectOther(recognizeGelu, used(text('%c = mul(%x, %x)\n')))
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
      after('leaky_relu(%x) {alpha=0.25}'),
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
  it('sees 1 / (1 + exp(-x))', () => expectRewrite(recognizeLogistic, graph(1, 1), after('logistic(%x)')) && undefined)
  it('keeps other numbers', () => {
    expectOther(recognizeLogistic, graph(2, 1))
    expectOther(recognizeLogistic, graph(1, 2))
  })
})
