import { describe, expect, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite, ir } from '../../../test/testkit/rewrite.ts'
import { GraphEditor } from '../../ir/graph.ts'
import { boundsOf } from '../bounds.ts'
import { cancelPairs, dropSign } from './cancel-pairs.ts'
import { dropZeroProduct } from './drop-zero-product.ts'
import { recognizeMean } from './recognize-mean.ts'
import { recognizeNegation } from './recognize-negation.ts'
import { recognizeRsqrt } from './recognize-rsqrt.ts'
import { recognizeSoftmax } from './recognize-softmax.ts'
import { simplifyLogic } from './simplify-logic.ts'
import { simplifyPower } from './simplify-power.ts'
import { simplifySelect } from './simplify-select.ts'
import { skipMonotonic } from './skip-monotonic.ts'

const graph = (lines: string) => `(%x: f32[N,3], %z: f32[N,3]) { ${lines} return %y }`

describe('bounds', () => {
  it.each([
    ['relu6(%x)', [0, 6]],
    ['add(%x, %x) {fusedActivation=relu_n1_to_1}', [-1, 1]],
    ['add(%x, %x)', [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]],
    ['exp(%x)', [0, Number.POSITIVE_INFINITY]],
  ])('of %s', (text, expected) => {
    const editor = new GraphEditor(ir(`(%x: f32[N,3]) { %y = ${text} return %y }`))
    expect(boundsOf(editor, editor.value(editor.outputs[0]!))).toEqual(expected)
  })

  it('follow a few ops that move or average, and no more', () => {
    const bounds = (lines: string) => {
      const editor = new GraphEditor(ir(graph(`%a = const : i32[1] = [1]\n %l = const : f32[] = -2\n ${lines}`)))
      return boundsOf(editor, editor.value(editor.outputs[0]!))
    }
    expect(bounds('%u = logistic(%x)\n %y = mean(%u, %a)')).toEqual([0, 1])
    expect(bounds('%u = square(%x)\n %y = sum(%u, %a)')).toEqual([0, Number.POSITIVE_INFINITY])
    expect(bounds('%u = tanh(%x)\n %v = relu6(%z)\n %y = maximum(%u, %v)')).toEqual([0, 6])
    expect(bounds('%u = tanh(%x)\n %y = minimum(%u, %l)')).toEqual([-2, -2])
    expect(bounds('%u = tanh(%x)\n %p = const : i32[2,2] = [0, 0, 0, 1]\n %y = pad(%u, %p)')).toEqual([-Infinity, Infinity])
  })
})

describe('cancel-pairs and drop-sign', () => {
  it.each([
    ['neg(neg(x))', '%u = neg(%x)\n %v = neg(%u)\n %y = exp(%v)', '%y = exp(%x)'],
    ['bitcast there and back', '%u = bitcast(%x) {to=i32}\n %v = bitcast(%u) {to=f32}\n %y = exp(%v)', '%y = exp(%x)'],
    ['abs(relu(x))', '%u = relu(%x)\n %v = abs(%u)\n %y = exp(%v)', '%u = relu(%x)\n %y = exp(%u)'],
    [
      'reverse twice',
      '%a = const : i32[1] = [1]\n %b = const : i32[1] = [-1]\n %u = reverse_v2(%x, %a)\n %v = reverse_v2(%u, %b)\n %y = exp(%v)',
      '%y = exp(%x)',
    ],
  ])('removes %s', (_, before, after) => {
    expectRewrite(cancelPairs, graph(before), graph(after))
  })

  it('removes logical_not twice', () => {
    const text = (line: string) => `(%x: bool[3], %z: bool[3]) { ${line} return %y }`
    expectRewrite(
      cancelPairs,
      text('%u = logical_not(%x)\n %v = logical_not(%u)\n %y = logical_and(%v, %z)'),
      text('%y = logical_and(%x, %z)'),
    )
  })

  it.each([
    ['square(neg(x))', '%u = neg(%x)\n %y = square(%u)', '%y = square(%x)'],
    ['abs(neg(x))', '%u = neg(%x)\n %y = abs(%u)', '%y = abs(%x)'],
    ['square(abs(x))', '%u = abs(%x)\n %y = square(%u)', '%y = square(%x)'],
  ])('drops the sign in %s', (_, before, after) => {
    expectRewrite(dropSign, graph(before), graph(after))
  })

  it('keeps an abs that does something, reversals of different axes, and integers, whose smallest number is its own negative', () => {
    expectOther(cancelPairs, graph('%u = tanh(%x)\n %y = abs(%u)'))
    expectOther(
      cancelPairs,
      graph('%a = const : i32[1] = [0]\n %b = const : i32[1] = [1]\n %u = reverse_v2(%x, %a)\n %y = reverse_v2(%u, %b)'),
    )
    expectOther(dropSign, '(%x: i32[3]) { %u = neg(%x)\n %y = abs(%u) return %y }')
  })
})

describe('simplify-power', () => {
  it.each([
    ['2', '%y = square(%p)'],
    ['0.5', '%y = sqrt(%p)'],
    ['-0.5', '%y = rsqrt(%p)'],
    ['3', '%u = square(%p)\n %y = mul(%u, %p)'],
    ['-1', '%o = const : f32[] = 1\n %y = div(%o, %p)'],
  ])('knows x ^ %s', (exponent, after) => {
    expectRewrite(
      simplifyPower,
      graph(`%p = exp(%x)\n %e = const : f32[] = ${exponent}\n %y = pow(%p, %e)`),
      graph(`%p = exp(%x)\n ${after}`),
    )
  })

  it('keeps other exponents, and one that broadcasts', () => {
    expectOther(simplifyPower, graph('%e = const : f32[] = 2.5\n %y = pow(%x, %e)'))
    expectOther(simplifyPower, graph('%e = const : f32[3] = [2, 2, 3]\n %y = pow(%x, %e)'))
    expectMiss(
      simplifyPower,
      '(%x: f32[1]) { %e = const : f32[2] = [2, 2]\n %y = pow(%x, %e) return %y }',
      'the exponent broadcasts the base',
    )
  })
})

describe('simplify-select', () => {
  it.each([
    ['true', 'x'],
    ['false', 'z'],
  ])('picks by a constant %s', (c, picked) => {
    expectRewrite(
      simplifySelect,
      graph(`%c = const : bool[1] = [${c}]\n %s = select_v2(%c, %x, %z)\n %y = exp(%s)`),
      graph(`%y = exp(%${picked})`),
    )
  })

  it('picks between equals', () => {
    expectRewrite(simplifySelect, graph('%c = less(%x, %z)\n %s = select_v2(%c, %x, %x)\n %y = exp(%s)'), graph('%y = exp(%x)'))
  })

  it('keeps a condition that varies, and what is broadcast', () => {
    expectOther(simplifySelect, graph('%c = const : bool[3] = [true, false, true]\n %y = select_v2(%c, %x, %z)'))
    expectOther(simplifySelect, graph('%c = less(%x, %z)\n %y = select_v2(%c, %x, %z)'))
    expectMiss(
      simplifySelect,
      '(%x: f32[1], %z: f32[4]) { %c = const : bool[] = true\n %y = select_v2(%c, %x, %z) return %y }',
      'what is selected is broadcast',
    )
  })
})

describe('simplify-logic', () => {
  const text = (lines: string) =>
    `(%x: bool[3], %z: bool[3]) { %t = const : bool[] = true\n %f = const : bool[] = false\n ${lines} return %y }`
  it.each([
    ['x and true', '%u = logical_and(%x, %t)\n %y = logical_not(%u)', '%y = logical_not(%x)'],
    ['false or x', '%u = logical_or(%f, %x)\n %y = logical_not(%u)', '%y = logical_not(%x)'],
  ])('removes %s', (_, before, after) => {
    expectRewrite(simplifyLogic, text(before), `(%x: bool[3], %z: bool[3]) { ${after} return %y }`)
  })

  it('gives the constant of x and false', () => {
    expectRewrite(
      simplifyLogic,
      '(%x: bool[1], %z: bool[1]) { %f = const : bool[1] = [false]\n %u = logical_and(%x, %f)\n %y = not_equal(%u, %z) return %y }',
      '(%x: bool[1], %z: bool[1]) { %f = const : bool[1] = [false]\n %y = not_equal(%f, %z) return %y }',
    )
  })

  it('keeps constants that vary, and results that are broadcast', () => {
    expectOther(simplifyLogic, text('%c = const : bool[3] = [true, false, true]\n %y = logical_and(%x, %c)'))
    expectMiss(simplifyLogic, text('%y = logical_and(%x, %f)'), 'the result is broadcast')
  })
})

describe('drop-zero-product', () => {
  it('makes zeros of a bounded value times zero', () => {
    expectRewrite(
      dropZeroProduct,
      '(%x: f32[1,3]) { %c = const : f32[] = 0\n %u = logistic(%x)\n %v = mul(%u, %c)\n %y = add(%x, %v) return %y }',
      '(%x: f32[1,3]) { %c = const : f32[1,3] = [0, 0, 0]\n %y = add(%x, %c) return %y }',
    )
  })

  it('keeps what may be infinite, what is not zero, and zeros of unknown size', () => {
    expectMiss(dropZeroProduct, graph('%c = const : f32[] = 0\n %y = mul(%x, %c)'), 'the other factor may be infinite')
    expectMiss(
      dropZeroProduct,
      graph('%c = const : f32[] = 0\n %u = tanh(%x)\n %y = mul(%u, %c)'),
      'the zeros would be of unknown or large size',
    )
    expectOther(dropZeroProduct, graph('%c = const : f32[3] = [0, 0, 1]\n %u = tanh(%x)\n %y = mul(%u, %c)'))
  })
})

describe('recognize-rsqrt', () => {
  const text = (lines: string) => graph(`%o = const : f32[] = 1\n %h = const : f32[] = 2\n %p = exp(%x)\n ${lines}`)
  it.each([
    ['1 / sqrt(x)', '%u = sqrt(%p)\n %y = div(%o, %u)', 'rsqrt'],
    ['sqrt(1 / x)', '%u = div(%o, %p)\n %y = sqrt(%u)', 'rsqrt'],
    ['1 / rsqrt(x)', '%u = rsqrt(%p)\n %y = div(%o, %u)', 'sqrt'],
    ['rsqrt(1 / x)', '%u = div(%o, %p)\n %y = rsqrt(%u)', 'sqrt'],
  ])('sees %s', (_, before, after) => {
    expectRewrite(recognizeRsqrt, text(before), graph(`%p = exp(%x)\n %y = ${after}(%p)`))
  })

  it('keeps other numerators, and results with other readers', () => {
    expectOther(recognizeRsqrt, text('%u = sqrt(%p)\n %y = div(%h, %u)'))
    expectOther(recognizeRsqrt, text('%u = div(%h, %p)\n %y = sqrt(%u)'))
    expectMiss(recognizeRsqrt, text('%u = sqrt(%p)\n %y = div(%o, %u)').replace('return %y', 'return %y, %u'), 'the root has other readers')
    expectMiss(
      recognizeRsqrt,
      text('%u = div(%o, %p)\n %y = sqrt(%u)').replace('return %y', 'return %y, %u'),
      'the quotient has other readers',
    )
  })
})

describe('recognize-negation', () => {
  it.each([
    ['0 - x', '%c = const : f32[] = 0\n %y = sub(%c, %x)'],
    ['-1 * x', '%c = const : f32[] = -1\n %y = mul(%c, %x)'],
    ['x / -1', '%c = const : f32[] = -1\n %y = div(%x, %c)'],
  ])('sees %s', (_, before) => {
    expectRewrite(recognizeNegation, graph(before), graph('%y = neg(%x)'))
  })

  it('keeps other numbers, and a constant that broadcasts', () => {
    expectOther(recognizeNegation, graph('%c = const : f32[] = 1\n %y = sub(%c, %x)'))
    expectOther(recognizeNegation, '(%x: f32[1]) { %c = const : f32[2] = [0, 0]\n %y = sub(%c, %x) return %y }')
  })
})

describe('recognize-mean', () => {
  const text = (axes: string, number: string, last: string) =>
    `(%x: f32[N,4,5,2]) { %a = const : i32[2] = ${axes}\n %c = const : f32[] = ${number}\n %s = sum(%x, %a) {keepDims=true}\n %y = ${last} return %y }`
  const after = '(%x: f32[N,4,5,2]) { %a = const : i32[2] = [1, -2]\n %y = mean(%x, %a) {keepDims=true} return %y }'
  it('sees a sum times 1/n, and divided by n', () => {
    expectRewrite(recognizeMean, text('[1, -2]', '0.05', 'mul(%c, %s)'), after)
    expectRewrite(recognizeMean, text('[1, -2]', '20', 'div(%s, %c)'), after)
  })

  it('keeps sums that are scaled in another way', () => {
    expectMiss(recognizeMean, text('[1, 2]', '0.04', 'mul(%s, %c)'), 'it is not divided by the number of its terms')
    expectMiss(recognizeMean, text('[0, 1]', '0.25', 'mul(%s, %c)'), 'it is not divided by the number of its terms')
    expectMiss(recognizeMean, text('[1, 2]', '20', 'div(%s, %c)').replace('return %y', 'return %y, %s'), 'the sum has other readers')
    expectMiss(
      recognizeMean,
      '(%x: f32[4]) { %a = const : i32[1] = [0]\n %c = const : f32[2] = [4, 4]\n %s = sum(%x, %a)\n %y = div(%s, %c) return %y }',
      'the number broadcasts the sum',
    )
    expectMiss(
      recognizeMean,
      '(%x: f32[4,2]) { %a = const : i32[1] = [0]\n %c = const : f32[2] = [4, 5]\n %s = sum(%x, %a)\n %y = div(%s, %c) return %y }',
      'it is scaled by more than one number',
    )
  })
})

describe('recognize-softmax', () => {
  const shift = '%m = reduce_max(%x, %a) {keepDims=true}\n %h = sub(%x, %m)\n'
  const text = (lines: string, axis = -1) => graph(`%a = const : i32[1] = [${axis}]\n ${lines}`)
  it.each([
    ['exp(x) / sum(exp(x))', '%e = exp(%x)\n %s = sum(%e, %a) {keepDims=true}\n %y = div(%e, %s)', '%y = softmax(%x) {beta=1}'],
    [
      'the same with the maximum subtracted',
      `${shift} %e = exp(%h)\n %s = sum(%e, %a) {keepDims=true}\n %y = div(%e, %s)`,
      '%y = softmax(%x) {beta=1}',
    ],
    ['x - log(sum(exp(x)))', '%e = exp(%x)\n %s = sum(%e, %a) {keepDims=true}\n %l = log(%s)\n %y = sub(%x, %l)', '%y = log_softmax(%x)'],
    [
      'the same with the maximum subtracted from both',
      `${shift} %e = exp(%h)\n %s = sum(%e, %a) {keepDims=true}\n %l = log(%s)\n %y = sub(%h, %l)`,
      '%y = log_softmax(%x)',
    ],
  ])('sees %s', (_, before, after) => {
    expectRewrite(recognizeSoftmax, text(before), graph(after))
  })

  it('keeps other shifts as part of the logits', () => {
    const lines = '%h = sub(%x, %z)\n %e = exp(%h)\n %s = sum(%e, %a) {keepDims=true}\n %y = div(%e, %s)'
    expectRewrite(recognizeSoftmax, text(lines), graph('%h = sub(%x, %z)\n %y = softmax(%h) {beta=1}'))
  })

  it('keeps sums over other axes and other quotients', () => {
    const sum = '%e = exp(%x)\n %s = sum(%e, %a) {keepDims=true}\n'
    expectMiss(recognizeSoftmax, text(`${sum} %y = div(%e, %s)`, 0), 'the sum is not over the last axis alone')
    expectMiss(recognizeSoftmax, text(`${sum} %l = log(%s)\n %y = sub(%x, %l)`, 0), 'the sum is not over the last axis alone')
    expectMiss(recognizeSoftmax, text(`${sum} %y = div(%x, %s)`), 'it divides something else than what was summed')
    expectOther(recognizeSoftmax, text(`${sum} %l = log(%s)\n %y = sub(%z, %l)`))
  })
})

describe('skip-monotonic', () => {
  const text = (lines: string) => `(%x: f32[N,4,3]) { %a = const : i32[] = -1\n %b = const : i32[] = 1\n ${lines} return %y }`
  it.each(['softmax(%x) {beta=1}', 'log_softmax(%x)'])('takes the arg_max before %s', (inner) => {
    expectRewrite(skipMonotonic, text(`%s = ${inner}\n %y = arg_max(%s, %a)`), text('%y = arg_max(%x, %a)'))
  })

  it('keeps other axes, and a softmax turned over', () => {
    expectMiss(skipMonotonic, text('%s = softmax(%x) {beta=1}\n %y = arg_max(%s, %b)'), 'it compares along another axis')
    expectMiss(skipMonotonic, text('%s = softmax(%x) {beta=-1}\n %y = arg_max(%s, %a)'), 'beta is not positive')
  })
})
