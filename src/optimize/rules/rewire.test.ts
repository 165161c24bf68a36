import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { dropBroadcast } from './drop-broadcast.ts'
import { dropEmptyParts } from './drop-empty-parts.ts'
import { dropUnitReduction } from './drop-unit-reduction.ts'
import { flattenConcatenation } from './flatten-concatenation.ts'
import { joinParts } from './join-parts.ts'
import { mergeCasts } from './merge-casts.ts'
import { mergeSlices } from './merge-slices.ts'
import { partShared } from './part-shared.ts'
import { recognizeOneHot } from './recognize-one-hot.ts'
import { recognizeResize } from './recognize-resize.ts'
import { sliceFromGather } from './slice-from-gather.ts'
import { takeApartJoined } from './take-apart-joined.ts'

describe('merge-casts', () => {
  const text = (from: string, lines: string) => `(%x: ${from}[3]) { ${lines} return %y }`
  it('goes straight to the second type, or back', () => {
    expectRewrite(mergeCasts, text('i32', '%u = cast(%x) {to=i64}\n %y = cast(%u) {to=f32}'), text('i32', '%y = cast(%x) {to=f32}'))
    expectRewrite(
      mergeCasts,
      text('bool', '%u = cast(%x) {to=f32}\n %v = cast(%u) {to=bool}\n %y = logical_not(%v)'),
      text('bool', '%y = logical_not(%x)'),
    )
  })

  it('keeps a step that loses numbers, and one that cuts off', () => {
    expectMiss(mergeCasts, text('f32', '%u = cast(%x) {to=i32}\n %y = cast(%u) {to=f32}'), 'i32 does not hold every f32')
    expectMiss(mergeCasts, text('i64', '%u = cast(%x) {to=i32}\n %y = cast(%u) {to=i64}'), 'i32 does not hold every i64')
    expectOther(mergeCasts, text('i8', '%u = cast(%x) {to=f32}\n %y = cast(%u) {to=u8}'))
  })
})

describe('part-shared', () => {
  const text = (lines: string) => `(%x: f32[6]) { %s = const : i32[2] = [2, 3]\n ${lines}\n return %y, %z }`
  it('lets a reshape and a bitcast begin at the same value where the first has other readers', () => {
    expectRewrite(
      partShared,
      text('%r = reshape(%x, %s)\n %y = bitcast(%r) {to=i32}\n %z = neg(%r)'),
      text('%r = reshape(%x, %s)\n %b = bitcast(%x) {to=i32}\n %y = reshape(%b, %s)\n %z = neg(%r)'),
    )
    expectRewrite(
      partShared,
      text('%b = bitcast(%x) {to=i32}\n %y = reshape(%b, %s)\n %z = neg(%b)'),
      text('%b = bitcast(%x) {to=i32}\n %r = reshape(%x, %s)\n %y = bitcast(%r) {to=i32}\n %z = neg(%b)'),
    )
  })

  it('leaves one reader alone, and elements of another size', () => {
    expectOther(partShared, `(%x: f32[6]) { %s = const : i32[2] = [2, 3]\n %r = reshape(%x, %s)\n %y = bitcast(%r) {to=i32}\n return %y }`)
    expectOther(partShared, `(%x: f32[6]) { %s = const : i32[2] = [2, 3]\n %b = bitcast(%x) {to=i32}\n %y = reshape(%b, %s)\n return %y }`)
    expectMiss(partShared, text('%r = reshape(%x, %s)\n %y = bitcast(%r) {to=i16}\n %z = neg(%r)'), 'its elements have another size')
    expectMiss(
      partShared,
      '(%x: f32[6]) { %s = const : i32[1] = [12]\n %b = bitcast(%x) {to=i16}\n %y = reshape(%b, %s)\n %z = cast(%b) {to=i32}\n return %y, %z }',
      'its elements have another size',
    )
  })
})

describe('drop-broadcast', () => {
  const text = (lines: string) => `(%x: f32[2,3], %z: f32[1,3]) { ${lines} return %y }`
  it.each([
    ['broadcast_to', '%s = const : i32[2] = [2, 3]\n %b = broadcast_to(%z, %s)\n %y = add(%b, %x)', '%y = add(%z, %x)'],
    ['tile', '%s = const : i32[2] = [2, 1]\n %b = tile(%z, %s)\n %y = sub(%x, %b)', '%y = sub(%x, %z)'],
    [
      'a reshape that adds dims in front',
      '%s = const : i32[3] = [1, 1, 3]\n %b = reshape(%z, %s)\n %v = const : f32[2,1,1] = [1, 2]\n %w = add(%v, %x)\n %y = mul(%b, %w)',
      '',
    ],
  ])('drops %s', (_, before, after) => {
    if (after) expectRewrite(dropBroadcast, text(before), text(after))
    else expectRewrite(dropBroadcast, text(before), text('%v = const : f32[2,1,1] = [1, 2]\n %w = add(%v, %x)\n %y = mul(%z, %w)'))
  })

  it('keeps what makes the result larger, what repeats more than one element, and ranks the kernel does not broadcast', () => {
    const reason = 'without the broadcast before it the op has another result'
    expectMiss(dropBroadcast, text('%s = const : i32[3] = [4, 2, 3]\n %b = broadcast_to(%z, %s)\n %y = add(%b, %x)'), reason)
    expectMiss(
      dropBroadcast,
      '(%x: f32[6], %z: f32[3]) { %s = const : i32[1] = [2]\n %b = tile(%z, %s)\n %y = add(%b, %x) return %y }',
      reason,
    )
    expectMiss(
      dropBroadcast,
      '(%x: f32[3,1], %z: f32[3]) { %s = const : i32[2] = [3, 1]\n %b = reshape(%z, %s)\n %y = add(%b, %x) return %y }',
      reason,
    )
    expectMiss(
      dropBroadcast,
      '(%x: f32[1,1,1,2,3], %z: f32[1,1,1,1,3]) { %s = const : i32[5] = [1, 1, 1, 2, 3]\n %b = broadcast_to(%z, %s)\n %y = less(%b, %x) return %y }',
      'the kernel does not broadcast this rank',
    )
  })
})

it('drop-broadcast keeps the operands of atan2 alike, which does not broadcast', () => {
  const text = '(%x: f32[2,3], %z: f32[1,3]) { %s = const : i32[2] = [2, 3]\n %b = broadcast_to(%z, %s)\n %y = atan2(%b, %x) return %y }'
  expectMiss(dropBroadcast, text, 'the kernel does not broadcast this rank')
})

describe('merge-slices', () => {
  const text = (lines: string, shape = '[N,9,8]') => `(%x: f32${shape}) { ${lines} return %y }`
  const slice = (name: string, x: string, begin: string, size: string) =>
    `%b${name} = const : i32[3] = [${begin}]\n %s${name} = const : i32[3] = [${size}]\n %${name} = slice(%${x}, %b${name}, %s${name})\n`
  const strided = (name: string, x: string, begin: string, end: string, strides: string, masks: string) =>
    `%b${name} = const : i32[3] = [${begin}]\n %e${name} = const : i32[3] = [${end}]\n %s${name} = const : i32[3] = [${strides}]\n %${name} = strided_slice(%${x}, %b${name}, %e${name}, %s${name}) {${masks}}\n`
  it('adds the starts of two slices', () => {
    expectRewrite(
      mergeSlices,
      text(slice('u', 'x', '0, 1, 2', '-1, 7, 5') + slice('y', 'u', '0, 2, 1', '-1, 4, -1')),
      text(slice('y', 'x', '0, 3, 3', '-1, 4, 4')),
    )
  })

  it('multiplies strides, and keeps what shrinks', () => {
    expectRewrite(
      mergeSlices,
      text(
        strided('u', 'x', '0, 1, 0', '0, 9, 0', '1, 2, 1', 'beginMask=5,endMask=5') +
          strided('y', 'u', '0, 1, 3', '0, 4, 4', '1, 2, 1', 'beginMask=1,endMask=1,shrinkAxisMask=4'),
      ),
      text(strided('y', 'x', '0, 3, 3', '0, 8, 4', '1, 4, 1', 'beginMask=1,endMask=1,shrinkAxisMask=4')),
    )
    expectRewrite(
      mergeSlices,
      text(slice('u', 'x', '0, 2, 0', '-1, 6, -1') + strided('y', 'u', '0, 0, -2', '0, -1, 0', '1, 3, 1', 'beginMask=1,endMask=5')),
      text(strided('y', 'x', '0, 2, 6', '0, 6, 8', '1, 3, 1', 'beginMask=1,endMask=1')),
    )
  })

  it('keeps ranges that are unknown or run backwards, other readers, and what is empty', () => {
    const backwards = strided('y', 'u', '0, 0, 7', '0, 0, 0', '1, 1, -1', 'beginMask=3,endMask=7')
    expectMiss(mergeSlices, text(slice('u', 'x', '0, 2, 0', '-1, 6, -1') + backwards), 'a range is not known, or runs backwards')
    expectMiss(
      mergeSlices,
      text(slice('u', 'x', '1, 0, 0', '-1, -1, -1') + slice('y', 'u', '1, 0, 0', '-1, -1, -1')),
      'a range is not known, or runs backwards',
    )
    expectMiss(
      mergeSlices,
      text(slice('u', 'x', '0, 1, 2', '-1, 7, 5') + slice('y', 'u', '0, 2, 1', '-1, 4, -1')).replace('return %y', 'return %y, %u'),
      'the first slice has other readers',
    )
    expectMiss(mergeSlices, text(slice('u', 'x', '0, 1, 2', '-1, 7, 5') + slice('y', 'u', '0, 2, 1', '-1, 0, -1')), 'nothing is left')
    expectOther(
      mergeSlices,
      '(%x: f32[3,4]) { %b = const : i32[2] = [0, 0]\n %e = const : i32[2] = [1, 4]\n %o = const : i32[2] = [1, 1]\n %u = strided_slice(%x, %b, %e, %o) {shrinkAxisMask=1}\n %c = const : i32[1] = [1]\n %y = slice(%u, %c, %c) return %y }',
    )
  })
})

describe('join-parts', () => {
  const parts = '%a = const : i32[] = 1\n %p, %q = split(%a, %x) {numSplits=2}\n'
  const text = (lines: string) => `(%x: f32[N,4]) { ${lines} %y = exp(%j) return %y }`
  it('gives back what was split or unpacked', () => {
    expectRewrite(joinParts, text(`${parts} %j = concatenation(%p, %q) {axis=-1}\n`), text('').replace('%j', '%x'))
    expectRewrite(
      joinParts,
      '(%x: f32[3,2,5]) { %p, %q = unpack(%x) {num=2,axis=1}\n %j = pack(%p, %q) {valuesCount=2,axis=-2}\n %y = exp(%j) return %y }',
      '(%x: f32[3,2,5]) { %y = exp(%x) return %y }',
    )
  })

  it('reshapes what was unpacked and concatenated along its axis', () => {
    expectRewrite(
      joinParts,
      '(%x: f32[3,2,5]) { %p, %q = unpack(%x) {num=2,axis=1}\n %y = concatenation(%p, %q) {axis=1} return %y }',
      '(%x: f32[3,2,5]) { %s = const : i32[2] = [3, 10]\n %y = reshape(%x, %s) return %y }',
    )
  })

  it('keeps other orders, axes and activations', () => {
    expectMiss(joinParts, text(`${parts} %j = concatenation(%q, %p) {axis=1}\n`), 'they are not all the parts in their order')
    expectMiss(joinParts, text(`${parts} %j = concatenation(%p, %p) {axis=1}\n`), 'they are not all the parts in their order')
    expectMiss(joinParts, text(`${parts} %j = concatenation(%p, %q) {axis=0}\n`), 'the axes differ')
    expectOther(joinParts, text(`${parts} %j = concatenation(%p, %q) {axis=1,fusedActivation=relu}\n`))
    expectOther(joinParts, text(`${parts} %j = pack(%p, %q) {valuesCount=2,axis=1}\n`))
    expectMiss(
      joinParts,
      '(%x: f32[N,2,M]) { %p, %q = unpack(%x) {num=2,axis=1}\n %y = concatenation(%p, %q) {axis=1} return %y }',
      'more than one size of the result is unknown',
    )
  })
})

describe('take-apart-joined', () => {
  const text = (lines: string) => `(%x: f32[N,2], %z: f32[N,2]) { ${lines} return %u, %v }`
  const use = '%u = exp(%p)\n %v = neg(%q)\n'
  it('gives back what was joined', () => {
    expectRewrite(
      takeApartJoined,
      text(`%a = const : i32[] = -1\n %j = concatenation(%x, %z) {axis=1}\n %p, %q = split(%a, %j) {numSplits=2}\n ${use}`),
      text('%u = exp(%x)\n %v = neg(%z)\n'),
    )
    expectRewrite(
      takeApartJoined,
      text(`%j = pack(%x, %z) {valuesCount=2,axis=1}\n %p, %q = unpack(%j) {num=2,axis=1}\n ${use}`),
      text('%u = exp(%x)\n %v = neg(%z)\n'),
    )
  })

  it('keeps other axes, parts and ops', () => {
    expectMiss(
      takeApartJoined,
      '(%x: f32[2,2]) { %j = pack(%x, %x) {valuesCount=2,axis=1}\n %p, %q = unpack(%j) {num=2,axis=0}\n return %p, %q }',
      'the axes differ',
    )
    expectMiss(
      takeApartJoined,
      '(%x: f32[N,1], %z: f32[N,3]) { %a = const : i32[] = 1\n %j = concatenation(%x, %z) {axis=1}\n %p, %q = split(%a, %j) {numSplits=2}\n return %p, %q }',
      'the parts are not the operands',
    )
    expectOther(
      takeApartJoined,
      text(`%a = const : i32[] = 0\n %j = pack(%x, %z) {valuesCount=2}\n %p, %q = split(%a, %j) {numSplits=2}\n ${use}`),
    )
  })
})

describe('flatten-concatenation', () => {
  const text = (lines: string, results = '%y') => `(%x: f32[N,2], %z: f32[N,2]) { ${lines} return ${results} }`
  it('joins two', () => {
    expectRewrite(
      flattenConcatenation,
      text('%j = concatenation(%x, %z) {axis=1}\n %y = concatenation(%j, %x) {axis=-1}'),
      text('%y = concatenation(%x, %z, %x) {axis=-1}'),
    )
  })

  it('keeps other axes and other readers', () => {
    expectOther(flattenConcatenation, text('%j = concatenation(%x, %z) {axis=0}\n %y = concatenation(%j, %j) {axis=1}'))
    expectOther(flattenConcatenation, text('%j = concatenation(%x, %z) {axis=1}\n %y = concatenation(%j, %x) {axis=1}', '%y, %j'))
  })
})

describe('drop-empty-parts', () => {
  const text = (lines: string) => `(%x: f32[N,2], %e: f32[N,0], %z: f32[N,3]) { ${lines} return %y }`
  it('joins what has elements', () => {
    expectRewrite(dropEmptyParts, text('%y = concatenation(%x, %e, %z) {axis=1}'), text('%y = concatenation(%x, %z) {axis=1}'))
    expectRewrite(dropEmptyParts, text('%y = concatenation(%e, %x) {axis=-1}'), text('%y = concatenation(%x) {axis=-1}'))
  })

  it('keeps all where all have elements, or none has', () => {
    expectOther(dropEmptyParts, text('%y = concatenation(%x, %z) {axis=1}'))
    expectOther(dropEmptyParts, text('%y = concatenation(%e, %e) {axis=1}'))
  })
})

describe('slice-from-gather', () => {
  const text = (lines: string) => `(%x: f32[N,5]) { ${lines} return %y }`
  it('takes a slice, or all', () => {
    expectRewrite(
      sliceFromGather,
      text('%i = const : i32[3] = [1, 2, 3]\n %y = gather(%x, %i) {axis=1}'),
      text('%b = const : i32[2] = [0, 1]\n %s = const : i32[2] = [-1, 3]\n %y = slice(%x, %b, %s)'),
    )
    expectRewrite(
      sliceFromGather,
      text('%i = const : i32[5] = [0, 1, 2, 3, 4]\n %u = gather(%x, %i) {axis=1}\n %y = exp(%u)'),
      text('%y = exp(%x)'),
    )
  })

  it('keeps other orders, sizes that are unknown, and a single index', () => {
    expectMiss(sliceFromGather, text('%i = const : i32[2] = [1, 3]\n %y = gather(%x, %i) {axis=1}'), 'the indices do not ascend one by one')
    expectMiss(
      sliceFromGather,
      text('%i = const : i32[2] = [1, 2]\n %y = gather(%x, %i) {axis=0}'),
      'an index is out of range, or the size unknown',
    )
    expectOther(sliceFromGather, text('%i = const : i32[] = 1\n %y = gather(%x, %i) {axis=1}'))
  })
})

describe('drop-unit-reduction', () => {
  const text = (lines: string) => `(%x: f32[N,1,3]) { ${lines} return %y }`
  it('reshapes, or does nothing', () => {
    expectRewrite(
      dropUnitReduction,
      text('%a = const : i32[1] = [-2]\n %y = mean(%x, %a)'),
      text('%s = const : i32[2] = [-1, 3]\n %y = reshape(%x, %s)'),
    )
    expectRewrite(
      dropUnitReduction,
      text('%a = const : i32[1] = [1]\n %u = sum(%x, %a) {keepDims=true}\n %y = exp(%u)'),
      text('%y = exp(%x)'),
    )
    expectRewrite(dropUnitReduction, text('%a = const : i32[0] = []\n %u = reduce_max(%x, %a)\n %y = exp(%u)'), text('%y = exp(%x)'))
  })

  it('keeps reductions of more, and of what cannot be reshaped', () => {
    expectOther(dropUnitReduction, text('%a = const : i32[2] = [1, 2]\n %y = mean(%x, %a)'))
    expectMiss(
      dropUnitReduction,
      '(%x: f32[N,1,M]) { %a = const : i32[1] = [1]\n %y = mean(%x, %a) return %y }',
      'more than one size of the result is unknown',
    )
  })
})

describe('recognize-resize', () => {
  const text = (lines: string, shape = '[N,3,4,2]') => `(%x: f32${shape}) { ${lines} return %y }`
  const reshape = (name: string, x: string, shape: string) =>
    `%s${name} = const : i32[${shape.split(',').length}] = [${shape}]\n %${name} = reshape(%${x}, %s${name})\n`
  const tile = (name: string, x: string, multiples: string) =>
    `%m${name} = const : i32[${multiples.split(',').length}] = [${multiples}]\n %${name} = tile(%${x}, %m${name})\n`
  const after = text('%s = const : i32[2] = [6, 12]\n %y = resize_nearest_neighbor(%x, %s)')
  const rowsFirst = [
    reshape('a', 'x', '-1, 3, 1, 4, 2'),
    tile('b', 'a', '1, 1, 2, 1, 1'),
    reshape('c', 'b', '-1, 6, 4, 1, 2'),
    tile('d', 'c', '1, 1, 1, 3, 1'),
    reshape('y', 'd', '-1, 6, 12, 2'),
  ]
  it.each([
    ['rows, then columns', rowsFirst.join('')],
    [
      'columns, then rows',
      reshape('a', 'x', '-1, 3, 4, 1, 2') +
        tile('b', 'a', '1, 1, 1, 3, 1') +
        reshape('c', 'b', '-1, 3, 1, 12, 2') +
        tile('d', 'c', '1, 1, 2, 1, 1') +
        reshape('y', 'd', '-1, 6, 12, 2'),
    ],
    ['both at once', reshape('a', 'x', '-1, 3, 1, 4, 1, 2') + tile('b', 'a', '1, 1, 2, 1, 3, 1') + reshape('y', 'b', '-1, 6, 12, 2')],
    [
      'gathers',
      '%i = const : i32[6] = [0, 0, 1, 1, 2, 2]\n %j = const : i32[12] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]\n %g = gather(%x, %i) {axis=1}\n %y = gather(%g, %j) {axis=2}',
    ],
  ])('sees %s', (_, before) => {
    expectRewrite(recognizeResize, text(before), after)
  })

  it('keeps other repetitions', () => {
    const reason = 'it repeats something else than rows and columns'
    expectMiss(
      recognizeResize,
      text(reshape('a', 'x', '-1, 1, 3, 4, 2') + tile('b', 'a', '1, 2, 1, 1, 1') + reshape('y', 'b', '-1, 6, 4, 2')),
      reason,
    )
    expectMiss(
      recognizeResize,
      text(reshape('a', 'x', '-1, 3, 1, 4, 1, 2') + tile('b', 'a', '1, 1, 2, 1, 3, 1') + reshape('y', 'b', '-1, 12, 6, 2')),
      reason,
    )
    expectOther(recognizeResize, text(rowsFirst.join('')).replace('return %y', 'return %y, %d'))
    expectMiss(
      recognizeResize,
      text(
        '%i = const : i32[6] = [0, 0, 1, 1, 2, 2]\n %j = const : i32[4] = [0, 1, 2, 3]\n %g = gather(%x, %i) {axis=1}\n %y = gather(%g, %j) {axis=2}',
      ).replace('return %y', 'return %y, %g'),
      'the rows alone have other readers',
    )
    expectOther(
      recognizeResize,
      text(
        '%i = const : i32[6] = [0, 1, 2, 0, 1, 2]\n %j = const : i32[4] = [0, 1, 2, 3]\n %g = gather(%x, %i) {axis=1}\n %y = gather(%g, %j) {axis=2}',
      ),
    )
  })

  it('keeps integers, and sizes where the kernel would round to another pixel', () => {
    expectOther(recognizeResize, text(rowsFirst.join('')).replace('f32[N', 'i32[N'))
    // 41 * fround(1 / 41) is below 1 in f32.
    const odd = reshape('a', 'x', '-1, 3, 1, 4, 1, 2') + tile('b', 'a', '1, 1, 41, 1, 1, 1') + reshape('y', 'b', '-1, 123, 4, 2')
    expectMiss(recognizeResize, text(odd), 'the kernel would round to another pixel')
  })
})

describe('recognize-one-hot', () => {
  const text = (lines: string, dtype = 'i32') =>
    `(%x: ${dtype}[N,2]) { %s = const : i32[3] = [-1, 2, 1]\n %r = reshape(%x, %s)\n ${lines} return %y }`
  const constants = '%d = const : i32[] = 3\n'
  const booleans = '%t = const : bool[] = true\n %f = const : bool[] = false\n'
  it('sees comparisons with 0, 1, 2 ..', () => {
    expectRewrite(
      recognizeOneHot,
      text('%k = const : i32[3] = [0, 1, 2]\n %y = equal(%r, %k)'),
      `(%x: i32[N,2]) { ${constants}${booleans} %y = one_hot(%x, %d, %t, %f) {axis=-1} return %y }`,
    )
  })

  it('takes a cast along', () => {
    expectRewrite(
      recognizeOneHot,
      `(%x: i32[N,2]) { ${constants}${booleans} %o = one_hot(%x, %d, %t, %f) {axis=1}\n %y = cast(%o) {to=f32} return %y }`,
      `(%x: i32[N,2]) { ${constants}%t = const : f32[] = 1\n %f = const : f32[] = 0\n %y = one_hot(%x, %d, %t, %f) {axis=1} return %y }`,
    )
  })

  it('keeps other numbers, shapes and types', () => {
    expectOther(recognizeOneHot, text('%k = const : i32[3] = [1, 2, 3]\n %y = equal(%r, %k)'))
    expectOther(recognizeOneHot, text('%k = const : i32[2,1] = [0, 1]\n %y = equal(%r, %k)'))
    expectOther(recognizeOneHot, text('%k = const : f32[3] = [0, 1, 2]\n %y = equal(%r, %k)', 'f32'))
    expectMiss(recognizeOneHot, text('%k = const : i32[1,1,1,3] = [0, 1, 2]\n %y = equal(%r, %k)'), 'the range broadcasts the indices')
    expectMiss(
      recognizeOneHot,
      `(%x: i32[N,2]) { ${constants}${booleans} %o = one_hot(%x, %d, %t, %f) {axis=1}\n %y = cast(%o) {to=f32} return %y, %o }`,
      'the booleans have other readers',
    )
    expectOther(
      recognizeOneHot,
      `(%x: i32[N,2]) { ${constants}${booleans} %o = one_hot(%x, %d, %f, %t) {axis=1}\n %y = cast(%o) {to=f32} return %y }`,
    )
  })
})
