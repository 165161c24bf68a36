import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { dataTypeCodes } from '../schema/tensorflow/data-type.ts'
import { type AttrValue, GraphDef, NodeAttributes } from '../schema/tensorflow/graph.ts'
import {
  bigInt64,
  bool,
  bytes,
  decodeSource,
  double,
  enumeration,
  first,
  float,
  int32,
  int64,
  lazy,
  map,
  message,
  nested,
  repeated,
  string,
  uint32,
} from './protobuf.ts'
import { decodeText } from './protobuf-text.ts'

const inner = message('Inner', { someName: string(1), of: repeated(nested(2, message('Leaf', { n: int32(1) }))) })
const all = message('All', {
  count: int32(1),
  size: int64(2),
  wide: bigInt64(3),
  unsigned: uint32(4),
  isOn: bool(5),
  kind: enumeration(6),
  ratio: float(7),
  exact: double(8),
  raw: bytes(9),
  text: string(10),
  list: repeated(int32(11)),
  one: nested(12, inner),
  later: lazy(13, inner),
  byName: map(14, lazy(2, inner)),
  numbers: map(15, int32(2)),
  head: first(nested(16, inner)),
})
const names = new Map([['KIND_A', 7]])
const decode = (text: string) => decodeText(all, memorySource('m.pbtxt', new TextEncoder().encode(text)), names)

test('scalars of every kind', () => {
  const m = decode(`
    # a comment { "
    count: -0x10 size: 010; wide: 9223372036854775807, unsigned: 4294967295
    is_on: t kind: KIND_A ratio: 1.5e-1f exact: -inf
    raw: "\\001\\xfF\\n\\"" '\\u00e9' text: 'a' "b"
    list: 1 list: [2, 3] list: []`)
  expect(m).toMatchObject({ count: -16, size: 8, wide: 9223372036854775807n, unsigned: 4294967295, isOn: true, kind: 7 })
  expect(m).toMatchObject({ ratio: Math.fround(0.15), exact: Number.NEGATIVE_INFINITY, text: 'ab', list: [1, 2, 3] })
  expect([...m.raw]).toEqual([1, 255, 10, 34, 0xc3, 0xa9])
  expect(decode('exact: nan is_on: 0 kind: 3')).toMatchObject({ exact: Number.NaN, isOn: false, kind: 3 })
})

test('messages, maps and what is not in the table', () => {
  const m = decode(`
    unknown: { a: [1, <b: "}">] } [some.ext/name] { x: 1 } other: -1e-05
    one { some_name: "x" of { n: 1 } of: <n: 2> of: [{ n: 3 }, { n: 4 }] }
    later: { some_name: "# no comment }" }
    by_name { value { some_name: "v" } key: "k" } by_name { key: "empty" }
    numbers { key: "n" value: 4 } numbers { key: "zero" }
    head { some_name: "first" } head { some_name: "second" }`)
  expect(m.one).toEqual({ someName: 'x', of: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }] })
  expect(m.later?.decode().someName).toBe('# no comment }')
  expect([...m.byName].map(([k, v]) => [k, v.decode().someName])).toEqual([
    ['k', 'v'],
    ['empty', ''],
  ])
  expect([...m.numbers]).toEqual([
    ['n', 4],
    ['zero', 0],
  ])
  expect(m.head?.someName).toBe('first')
})

test.each([
  ['count: 1\n  count: x', 'wire/malformed', /"m.pbtxt" at 2:10 in count .*an integer of 32 bits.*"x"/],
  ['count: 2147483648000', 'wire/malformed', /integer of 32 bits/],
  ['unsigned: -1', 'wire/malformed', /integer from 0/],
  ['ratio: fast', 'wire/malformed', /a number/],
  ['is_on: maybe', 'wire/malformed', /true or false/],
  ['kind: KIND_B', 'wire/malformed', /a known name/],
  ['text: word', 'wire/malformed', /quotes/],
  ['text: "open', 'wire/truncated', /closing "/],
  ['raw: "\\xg"', 'wire/malformed', /hexadecimal digits/],
  ['one { some_name: "x"', 'wire/truncated', /field name.*the end/],
  ['later { a: "}"', 'wire/truncated', /}/],
  ['later { ]', 'wire/malformed', /}/],
  ['later { decode: 3', 'wire/truncated', /}/],
  ['one: 3', 'wire/malformed', /{/],
  ['list: [1 2]', 'wire/malformed', /, or \]/],
  ['numbers { key "n" }', 'wire/malformed', /:/],
  ['count', 'wire/truncated', /the end/],
  ['+', 'wire/malformed', /a name/],
  [`skipped ${'{a '.repeat(200)}`, 'wire/limit-exceeded', /100 levels/],
])('%j is refused', (text, code, words) => {
  expect(() => decode(text)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }))
})

test('deep nesting is refused', () => {
  const list: ReturnType<typeof message> = message('List', { next: nested(1, () => list) })
  const text = new TextEncoder().encode('next {'.repeat(200))
  expect(() => decodeText(list, memorySource('deep', text), names)).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
})

test('a graph in text is the graph in binary', () => {
  const file = (name: string) =>
    memorySource(name, new Uint8Array(readFileSync(new URL(`../../fixtures/tf1/graph/${name}`, import.meta.url))))
  const plain = (a: AttrValue) => ({ ...a, tensor: a.tensor?.decode() })
  const nodes = (g: typeof GraphDef.type & object) =>
    g.node.map((n) => ({
      head: n.decode(),
      attrs: [...n.as(NodeAttributes).attr]
        .map(([name, a]) => ({ name, value: plain(a.decode()) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    }))
  const text = nodes(decodeText(GraphDef, file('frozen.pbtxt'), dataTypeCodes))
  expect(text.length).toBeGreaterThan(10)
  expect(text).toEqual(nodes(decodeSource(GraphDef, file('frozen.pb'))))
})
