import { expect, test } from 'vitest'
import { noPreprocess, parsePreprocess } from './preprocess.ts'
import { checkPreprocessing, formatPreprocessing, preprocessOfInput } from './preprocessing.ts'

const records = new Map([
  ['serving_default_x:0', parsePreprocess('mean=1:2:3')],
  ['', parsePreprocess('std=7')],
])

test('an input has its own record, else that of all', () => {
  expect(preprocessOfInput(records, 'serving_default_x:0')).toEqual(parsePreprocess('mean=1:2:3'))
  expect(preprocessOfInput(records, 'y')).toEqual(parsePreprocess('std=7'))
  expect(preprocessOfInput(new Map(), 'y')).toEqual(noPreprocess)
  expect(preprocessOfInput(parsePreprocess('std=7'), 'y')).toEqual(parsePreprocess('std=7'))
})

test('records are written as the command line takes them', () => {
  expect(formatPreprocessing(records)).toBe('serving_default_x:0:mean=1:2:3,std=1 mean=0,std=7')
  expect(formatPreprocessing(parsePreprocess('std=7'))).toBe('mean=0,std=7')
  expect(formatPreprocessing(new Map())).toBe('mean=0,std=1')
})

test('a record of an input that there is not is refused', () => {
  expect(() => checkPreprocessing(records, ['y'])).toThrow(expect.objectContaining({ code: 'run/unknown-preprocess-input' }))
  expect(() => checkPreprocessing(records, ['serving_default_x:0'])).not.toThrow()
})
