import { expect, expectTypeOf, test } from 'vitest'
import {
  bigInt64,
  bigUint64,
  bool,
  bytes,
  type Decoded,
  decodeBytes,
  decodeSource,
  double,
  enumeration,
  fixed32,
  fixed64,
  float,
  int32,
  int64,
  type Lazy,
  lazy,
  type Message,
  map,
  message,
  nested,
  optional,
  repeated,
  sfixed32,
  sfixed64,
  sint32,
  string,
  uint32,
  uint64,
} from './protobuf.ts'

const Inner = message('Inner', { size: int64(1), name: string(2) })
const Outer = message('Outer', {
  inner: nested(1, Inner),
  list: repeated(nested(2, Inner)),
  byName: map(3, nested(2, Inner)),
  later: lazy(4, Inner),
  numbers: repeated(int32(5)),
  text: optional(string(6)),
  laterByName: map(7, lazy(2, Inner)),
  names: map(8, string(2)),
  raw: bytes(9),
})

const text = (s: string): number[] => [...new TextEncoder().encode(s)]
const delimited = (number: number, body: readonly number[]): number[] => [(number << 3) | 2, body.length, ...body]
const decode = <T>(of: Message<T>, body: readonly number[]): T => decodeBytes(of, Uint8Array.from(body), 'x.pb')
const thrown = (f: () => unknown): unknown => {
  try {
    return f()
  } catch (e) {
    return e
  }
}

test('the table is the type', () => {
  expectTypeOf<Decoded<typeof Inner>>().toEqualTypeOf<{ readonly size: number; readonly name: string }>()
  type Outer = Decoded<typeof Outer>
  expectTypeOf<Outer['inner']>().toEqualTypeOf<Decoded<typeof Inner> | undefined>()
  expectTypeOf<Outer['byName']>().toEqualTypeOf<ReadonlyMap<string, Decoded<typeof Inner>>>()
  expectTypeOf<Outer['later']>().toEqualTypeOf<Lazy<Decoded<typeof Inner>> | undefined>()
  expectTypeOf<Outer['numbers']>().toEqualTypeOf<readonly number[]>()
  expectTypeOf<Outer['text']>().toEqualTypeOf<string | undefined>()
})

test('scalars of every kind', () => {
  const all = message('All', {
    a: int32(1),
    b: uint32(2),
    c: sint32(3),
    d: int64(4),
    e: uint64(5),
    f: bigInt64(6),
    g: bigUint64(7),
    h: bool(8),
    i: enumeration(9),
    j: float(10),
    k: double(11),
    l: fixed32(12),
    m: sfixed32(13),
    n: fixed64(14),
    o: sfixed64(15),
  })
  const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
  const body = [
    ...[1 << 3, ...minusOne],
    ...[2 << 3, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ...[3 << 3, 3],
    ...[4 << 3, ...minusOne],
    ...[5 << 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
    ...[6 << 3, ...minusOne],
    ...[7 << 3, ...minusOne],
    ...[8 << 3, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
    ...[9 << 3, 7],
    ...[(10 << 3) | 5, 0, 0, 0xc0, 0x3f],
    ...[(11 << 3) | 1, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf],
    ...[(12 << 3) | 5, 0xff, 0xff, 0xff, 0xff],
    ...[(13 << 3) | 5, 0xff, 0xff, 0xff, 0xff],
    ...[(14 << 3) | 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ...[(15 << 3) | 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ]
  expect(decode(all, body)).toEqual({
    a: -1,
    b: 0xffffffff,
    c: -2,
    d: -1,
    e: 2 ** 53,
    f: -1n,
    g: 2n ** 64n - 1n,
    h: true,
    i: 7,
    j: 1.5,
    k: -1.5,
    l: 0xffffffff,
    m: -1,
    n: 2n ** 64n - 1n,
    o: -1n,
  })
})

test('64-bit integers at the edges of their bytes', () => {
  const m = message('M', { d: int64(1), f: bigInt64(2) })
  for (const n of [
    0n,
    127n,
    128n,
    2n ** 28n - 1n,
    2n ** 28n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 35n,
    2n ** 53n - 1n,
    -(2n ** 53n) + 1n,
    -128n,
  ]) {
    const out: number[] = []
    let u = BigInt.asUintN(64, n)
    for (; u >= 128n; u >>= 7n) out.push(Number(u & 127n) | 128)
    out.push(Number(u))
    expect(decode(m, [8, ...out, 16, ...out])).toEqual({ d: Number(n), f: n })
  }
})

test('absent fields have their zero, optional ones undefined', () => {
  expect(decode(Outer, [])).toEqual({
    inner: undefined,
    list: [],
    byName: new Map(),
    later: undefined,
    numbers: [],
    text: undefined,
    laterByName: new Map(),
    names: new Map(),
    raw: new Uint8Array(0),
  })
})

test('repeated numbers come packed, unpacked or mixed', () => {
  expect(decode(Outer, [5 << 3, 1, ...delimited(5, [2, 3]), 5 << 3, 4]).numbers).toEqual([1, 2, 3, 4])
})

test('maps take a value before its key, a missing key or value, and the last of equal keys', () => {
  const entry = (...parts: number[][]): number[] => delimited(3, parts.flat())
  const key = (s: string): number[] => delimited(1, text(s))
  const value = (n: number): number[] => delimited(2, [8, n])
  const out = decode(Outer, [
    ...entry(key('a'), value(1)),
    ...entry(value(2), key('__proto__')),
    ...entry(value(3)),
    ...entry(key('e')),
    ...entry(key('a'), value(4)),
  ])
  expect([...out.byName].map(([k, v]) => [k, v.size])).toEqual([
    ['a', 4],
    ['__proto__', 2],
    ['', 3],
    ['e', 0],
  ])
  expect(decode(Outer, [...delimited(7, key('l')), ...delimited(8, key('s'))])).toMatchObject({ names: new Map([['s', '']]) })
  expect(
    decode(Outer, delimited(7, key('l')))
      .laterByName.get('l')!
      .decode().size,
  ).toBe(0)
})

test('unknown fields of every wire type are passed over, groups too', () => {
  const unknown = [100 << 3, 1]
  const body = [0xa0, 6, 1, 0xa1, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 6, 1, 9, 0xa3, 6, 8, 1, 0xab, 6, 0xac, 6, 0xa4, 6, 0xa5, 6, 1, 2, 3, 4]
  expect(unknown).toBeDefined()
  expect(decode(Inner, [...body, 8, 5])).toEqual({ size: 5, name: '' })
})

test('bytes are views, strings are UTF-8', () => {
  const input = Uint8Array.from([...delimited(9, [1, 2, 3]), ...delimited(6, text('größe'))])
  const out = decodeBytes(Outer, input, 'x.pb')
  expect(out.raw.buffer).toBe(input.buffer)
  expect(out.text).toBe('größe')
  expect(decode(Outer, delimited(6, text('x'.repeat(60)))).text).toBe('x'.repeat(60))
})

test('lazy messages decode when asked, and say where they are', () => {
  const good = decode(Outer, delimited(4, [8, 9]))
  expect(good.later?.decode().size).toBe(9)
  expect(good.later?.as(message('Name', { name: string(2) }))).toEqual({ name: '' })
  const bad = decode(Outer, delimited(7, [...delimited(1, text('T')), ...delimited(2, [8, 0x80])]))
  expect(thrown(() => bad.laterByName.get('T')!.decode())).toMatchObject({
    code: 'wire/truncated',
    file: 'x.pb',
    offset: 8,
    path: 'later_by_name["T"].size',
  })
})

test.each([
  ['a varint without end', [8, 0x80], 'wire/truncated', 'size', 1],
  ['a varint of 11 bytes', [8, ...new Array<number>(11).fill(0x80)], 'wire/malformed', 'size', 1],
  ['a length beyond the end', [0x12, 9, 1], 'wire/truncated', 'name', 2],
  ['a tag with number 0', [0], 'wire/malformed', '', 1],
  ['wire type 7', [0xa7, 6], 'wire/malformed', '', 2],
  ['a wrong wire type', [0x0a, 0], 'wire/malformed', 'size', 1],
  ['a number cut short', [0xa1, 6, 1], 'wire/truncated', '', 2],
  ['a group that another one ends', [0xa3, 6, 0x14], 'wire/malformed', '', 3],
  ['groups without bound', new Array<number>(300).fill(0x0b | 0x10), 'wire/limit-exceeded', '', 102],
])('refuses %s', (_, body, code, path, offset) => {
  expect(thrown(() => decode(Inner, body))).toMatchObject({ code, file: 'x.pb', path, offset })
})

test('a fault in a nested message has its path', () => {
  const body = [...delimited(2, [8, 1]), ...delimited(2, [8, 2, 0x12, 50])]
  expect(thrown(() => decode(Outer, body))).toMatchObject({ code: 'wire/truncated', path: 'list[1].name', offset: 10 })
})

test('nesting without bound hits a limit, eager or lazy', () => {
  interface Tree {
    readonly child: Tree | undefined
    readonly later: Lazy<Tree> | undefined
  }
  const Tree: Message<Tree> = message('Tree', { child: nested(1, (): Message<Tree> => Tree), later: lazy(2, (): Message<Tree> => Tree) })
  const wrap = (tag: number): Uint8Array => {
    let body: number[] = []
    for (let i = 0; i < 120; i++) {
      const size = body.length
      body = [tag, ...(size < 128 ? [size] : [(size & 127) | 128, size >> 7]), ...body]
    }
    return Uint8Array.from(body)
  }
  expect(thrown(() => decodeBytes(Tree, wrap(0x0a), 'x.pb'))).toMatchObject({ code: 'wire/limit-exceeded' })
  expect(
    thrown(() => {
      for (let t: Tree | undefined = decodeBytes(Tree, wrap(0x12), 'x.pb'); t; t = t.later?.decode());
    }),
  ).toMatchObject({ code: 'wire/limit-exceeded' })
})

test('a source of 2 GiB or more is refused before it is read', () => {
  const source = {
    name: 'huge.pb',
    byteLength: 2 ** 31,
    read: () => {
      throw new Error('read')
    },
  }
  expect(thrown(() => decodeSource(Inner, source))).toMatchObject({ code: 'wire/limit-exceeded', file: 'huge.pb' })
})
