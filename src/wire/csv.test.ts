import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { csvFields } from './csv.ts'
import { openTextLines } from './text-lines.ts'

const fields = (line: string, separator = ',') => csvFields(line, separator, { file: 'x.csv', line: () => 7 })
const lines = (text: string | Uint8Array, ...limits: number[]) =>
  openTextLines(memorySource('x', typeof text === 'string' ? new TextEncoder().encode(text) : text), ...limits)

test('fields are split at separators outside quotes', () => {
  expect(fields('1, 2 ,3')).toEqual(['1', '2', '3'])
  expect(fields('a,,')).toEqual(['a', '', ''])
  expect(fields('"a,b", "say ""x""" ,c')).toEqual(['a,b', 'say "x"', 'c'])
  expect(fields('1\t2', '\t')).toEqual(['1', '2'])
  expect(fields('"",""')).toEqual(['', ''])
})

test('quotes that do not fit say where', () => {
  expect(() => fields('1,"abc')).toThrow(expect.objectContaining({ code: 'wire/malformed', expected: 'a closing quote on the line' }))
  expect(() => fields('"a"b,1')).toThrow('at 7:4')
})

test('lines are found whatever ends them, blank ones left out', () => {
  const found = lines('\ufeffa\r\n\n  \nb é\nc')
  expect(Array.from({ length: found.count }, (_, i) => [found.numberOf(i), found.line(i)])).toEqual([
    [1, 'a'],
    [4, 'b é'],
    [5, 'c'],
  ])
  expect(lines('').count).toBe(0)
  const long = `${'x'.repeat(3 << 19)}\n${'y'.repeat(3 << 19)}`
  expect(lines(long).line(1)).toBe('y'.repeat(3 << 19))
})

test('lines have limits and are UTF-8', () => {
  expect(() => lines('a\nb\nc', 2)).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
  expect(() => lines('abcdef', 10, 5)).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
  expect(() => lines(Uint8Array.of(0x61, 0x0a, 0xff)).line(1)).toThrow('at 2:1')
})
