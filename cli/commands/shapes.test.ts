import { expect, it } from 'vitest'
import { parseShapes } from './shapes.ts'

it('reads shapes by input, with open sizes and for single numbers', () => {
  const shapes = parseShapes(['x=1,28,-1,1', 'a=b=?', 'ratio=[]'])
  expect([...shapes]).toEqual([
    ['x', [1, 28, -1, 1]],
    ['a=b', [-1]],
    ['ratio', []],
  ])
})

it.each(['x', '=1', 'x=', 'x=0', 'x=1,,2', 'x=[1]', 'x=1,1,1,1,1,1,1,1,1'])('rejects %s', (value) => {
  expect(() => parseShapes([value])).toThrow('--shape cannot be')
})

it('rejects a second shape of an input', () => {
  expect(() => parseShapes(['x=1', 'x=[]'])).toThrow('an input name once')
})
