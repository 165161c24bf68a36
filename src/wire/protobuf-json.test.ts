import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DowncastError } from '../core/diagnostics.ts'
import type { Json } from '../core/json.ts'
import { dataTypeCodes } from '../schema/tensorflow/data-type.ts'
import { AttrValue, GraphDef, NodeAttributes, NodeHead } from '../schema/tensorflow/graph.ts'
import { decodeBytes, type Lazy, message, nested, repeated } from './protobuf.ts'
import { decodeJson } from './protobuf-json.ts'

/** Both forms of one GraphDef, as Google's protobuf writes them. */
const golden = JSON.parse(readFileSync(new URL('../../fixtures/tfjs/graph-def.json', import.meta.url), 'utf8')) as {
  binary: string
  json: Json
}
const where = { file: 'model.json', path: 'modelTopology', enumeration: dataTypeCodes }

/** The message with every lazy part decoded. */
function whole(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'decode' in value) return whole((value as Lazy<unknown>).decode())
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, whole(v)]))
  if (value instanceof Uint8Array) return [...value]
  if (Array.isArray(value)) return value.map(whole)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, whole(v)]))
}

test('JSON and binary are the same message', () => {
  const fromBytes = decodeBytes(GraphDef, Buffer.from(golden.binary, 'base64'), 'graph.pb')
  const fromJson = decodeJson(GraphDef, golden.json, where)
  expect(whole(fromJson)).toEqual(whole(fromBytes))
  const attrs = [fromJson, fromBytes].map((g) => whole(g.node.map((n) => [n.as(NodeHead), n.as(NodeAttributes)])))
  expect(attrs[0]).toEqual(attrs[1])
  expect(fromJson.node[0]!.as(NodeAttributes).attr.get('__proto__')?.decode().i).toBe(5)
})

const attr = (json: Json) => decodeJson(AttrValue, json, where)

test('takes every way to write a value', () => {
  expect(attr({ i: 7 }).i).toBe(7)
  expect(attr({ s: [83, 65] }).s).toEqual(Uint8Array.of(83, 65))
  expect(attr({ s: '-_8' }).s).toEqual(Uint8Array.of(0xfb, 0xff))
  expect(attr({ s: '-_8=' }).s).toEqual(Uint8Array.of(0xfb, 0xff))
  expect(attr({ type: 3 }).type).toBe(3)
  expect(attr({ f: '-Infinity' }).f).toBe(Number.NEGATIVE_INFINITY)
  expect(attr({ tensor: { tensor_shape: { dim: [{ size: 2 }] } } }).tensor?.decode().tensorShape?.dim).toEqual([{ size: 2 }])
  expect(attr({ i: null, unknown: 1 })).toMatchObject({ i: undefined, s: undefined })
  expect(whole(decodeJson(GraphDef, undefined, where))).toMatchObject({ node: [] })
})

test.each<[string, Json, string, string]>([
  ['text for a number', { i: 'x' }, 'wire/malformed', 'modelTopology.i'],
  ['a fraction for an integer', { i: 1.5 }, 'wire/malformed', 'modelTopology.i'],
  ['empty text for a number', { f: ' ' }, 'wire/malformed', 'modelTopology.f'],
  ['an object for a number', { f: {} }, 'wire/malformed', 'modelTopology.f'],
  ['a number for a flag', { b: 1 }, 'wire/malformed', 'modelTopology.b'],
  ['a number for text', { placeholder: 1 }, 'wire/malformed', 'modelTopology.placeholder'],
  ['an unknown enumeration value', { type: 'DT_NONE' }, 'wire/malformed', 'modelTopology.type'],
  ['no base64', { s: '*' }, 'wire/malformed', 'modelTopology.s'],
  ['bytes out of range', { s: [256] }, 'wire/malformed', 'modelTopology.s'],
  ['a flag for bytes', { s: true }, 'wire/malformed', 'modelTopology.s'],
  ['an object for a list', { list: { i: {} } }, 'wire/malformed', 'modelTopology.list.i'],
  ['a wrong element', { list: { i: ['1', 'b'] } }, 'wire/malformed', 'modelTopology.list.i[1]'],
  ['an array for a message', { shape: [] }, 'wire/malformed', 'modelTopology.shape'],
  ['a list for a map', { func: { attr: [] } }, 'wire/malformed', 'modelTopology.func.attr'],
])('refuses %s', (_, json, code, path) => {
  const error = thrown(() => attr(json))
  expect(error).toMatchObject({ code, path, file: 'model.json' })
})

test('refuses 64-bit integers that are none', () => {
  const tensor = (int64Val: Json) => attr({ tensor: { int64Val } }).tensor?.decode()
  expect(tensor(['-3', 4])?.int64Val).toEqual([-3n, 4n])
  for (const bad of [['1.5'], [1.5], [true]]) expect(thrown(() => tensor(bad))).toMatchObject({ code: 'wire/malformed' })
})

test('nesting without bound hits a limit', () => {
  interface Tree {
    readonly child: readonly Tree[]
  }
  const Tree = message('Tree', { child: repeated(nested(1, (): never => Tree as never)) }) as never as import('./protobuf.ts').Message<Tree>
  let json: Json = {}
  for (let i = 0; i < 120; i++) json = { child: [json] }
  expect(thrown(() => decodeJson(Tree, json, where))).toMatchObject({ code: 'wire/limit-exceeded' })
})

function thrown(f: () => unknown): unknown {
  try {
    return f()
  } catch (e) {
    expect(e).toBeInstanceOf(DowncastError)
    return e
  }
}
