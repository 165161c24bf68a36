import { expect, test } from 'vitest'
import { parseArguments } from './parse-arguments.ts'
import type { Verb } from './verb.ts'

const options = {
  output: { kind: 'text', short: 'o', value: 'FILE', required: true, help: 'file' },
  mode: { kind: 'choice', choices: ['none', 'dynamic'], default: 'none', help: 'mode' },
  shape: { kind: 'texts', value: 'S', help: 'shape' },
  tags: { kind: 'words', value: 'T', help: 'tags' },
  count: { kind: 'number', value: 'N', min: 0, default: 7, help: 'count' },
  limit: { kind: 'bytes', value: 'BYTES', help: 'limit' },
  plan: { kind: 'flag', help: 'plan' },
} as const
const verb: Verb<typeof options> = {
  name: 'do',
  summary: 'do it',
  arguments: [
    { name: 'FILE', help: 'file' },
    { name: 'OTHER', help: 'others', isOptional: true },
  ],
  options,
  examples: [],
  load: async () => {
    throw new Error('not run')
  },
}
const parse = (...words: string[]) => parseArguments(verb, words)

test('values are typed and defaults filled in', () => {
  const words = ['a', '-o', 'x', '--mode=dynamic', '--shape', 's=1', '--shape', 't=2', '--tags', 'a,b', '--plan', 'b']
  const { args, options: o } = parse(...words)
  expect(args).toEqual(['a', 'b'])
  expect({ ...o }).toEqual({
    output: 'x',
    mode: 'dynamic',
    shape: ['s=1', 't=2'],
    tags: ['a', 'b'],
    count: 7,
    limit: undefined,
    plan: true,
    json: false,
    quiet: false,
    debug: false,
    help: false,
  })
  expect(parse('a', '-o', 'x').options.mode).toBe('none')
  expect(parse('-ox', '--count', '12', '--', '-a').args).toEqual(['-a'])
  expect(parse('a', '--output=-o').options.output).toBe('-o')
})

test.each([
  ['0', 0],
  ['4096', 4096],
  ['64K', 65_536],
  ['2m', 2 << 20],
  ['1G', 1 << 30],
])('%s is %i bytes', (text, bytes) => {
  expect(parse('a', '-o', 'x', '--limit', text).options.limit).toBe(bytes)
})

test.each<[code: string, hint: string | undefined, ...words: string[]]>([
  ['cli/unknown-option', 'Did you mean --output?', 'a', '--outptu', 'x'],
  ['cli/unknown-option', 'See downcast do --help.', 'a', '--nothing-like-it'],
  ['cli/unknown-option', undefined, 'a', '-z'],
  ['cli/unknown-option', undefined, 'a', '--__proto__', 'x'],
  ['cli/unknown-value', 'Did you mean dynamic?', 'a', '-o', 'x', '--mode', 'dinamic'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--count', 'many'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--count', '-1'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--count', '1.5'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--limit', '-1'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--limit', '1.5M'],
  ['cli/malformed-value', undefined, 'a', '-o', 'x', '--limit', '64KB'],
  ['cli/missing-value', undefined, 'a', '-o'],
  ['cli/missing-value', undefined, 'a', '-o', '--plan'],
  ['cli/unexpected-value', undefined, 'a', '-o', 'x', '--plan=yes'],
  ['cli/repeated-option', undefined, 'a', '-o', 'x', '-o', 'y'],
  ['cli/missing-option', undefined, 'a'],
  ['cli/missing-argument', undefined, '-o', 'x'],
  ['cli/unexpected-argument', undefined, 'a', 'b', 'c', '-o', 'x'],
])('%s (%s)', (code, hint, ...words) => {
  expect(() => parse(...words)).toThrow(expect.objectContaining({ code, ...(hint && { hint }) }))
})

test('help needs nothing else', () => {
  expect(parse('--help').options.help).toBe(true)
  expect(parse('-h', '--count', 'x').options.help).toBe(true)
})
