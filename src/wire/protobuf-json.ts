import { isJsonObject, type Json, type JsonObject, member } from '../core/json.ts'
import { limitExceeded, malformed } from './diagnostics.ts'
import { isOverfull, type Lazy, type Message, type NamedField, tooManyElements } from './protobuf.ts'

/*
 * Messages in the JSON form of protobuf, by the tables of `protobuf.ts`: names in camelCase or as in the .proto file, 64-bit integers
 * as text or number, enumerations by name or number, bytes in base64 of either alphabet or, as TensorFlow.js also has them, an array of numbers.
 * @see https://protobuf.dev/programming-guides/json/
 */

export interface JsonMessage {
  /** What errors call the file. */
  readonly file: string
  /** Path of the value in the file: `modelTopology`. */
  readonly path: string
  /** Numbers of enumeration values by name; the messages have one enumeration only. */
  readonly enumeration: ReadonlyMap<string, number>
}

/** Nested messages of one file. */
const maxDepth = 100

/** Decodes a message; members that the table does not list are passed over. Throws `wire/malformed`, `wire/limit-exceeded` with the path. */
export function decodeJson<T>(of: Message<T>, json: Json | undefined, where: JsonMessage): T {
  return decodeObject(of, json ?? {}, where, 0) as T
}

/** A nested message kept as JSON. */
class JsonLazy<T> implements Lazy<T> {
  readonly #message: Message<T>
  readonly #json: Json
  readonly #where: JsonMessage
  readonly #depth: number

  constructor(of: Message<T>, json: Json, where: JsonMessage, depth: number) {
    this.#message = of
    this.#json = json
    this.#where = where
    this.#depth = depth
  }

  decode(): T {
    return this.as(this.#message)
  }

  as<U>(of: Message<U>): U {
    return decodeObject(of, this.#json, this.#where, this.#depth) as U
  }
}

function decodeObject(of: Message<unknown>, json: Json, where: JsonMessage, depth: number): unknown {
  if (!isJsonObject(json)) return fail(where, `${of.name} message`, 'an object', json)
  if (depth > maxDepth) {
    throw limitExceeded({ file: where.file, path: where.path, what: 'nesting of messages', expected: `at most ${maxDepth} levels` })
  }
  const out: Record<string, unknown> = { ...of.template }
  for (const field of of.byNumber) {
    if (!field) continue
    const value = memberOf(json, field.name)
    if (value === undefined || value === null) continue
    const at = { ...where, path: `${where.path}.${field.name}` }
    if (field.form === 'map') out[field.name] = decodeMap(field, value, at, depth)
    else if (field.form === 'single') out[field.name] = decodeValue(field, value, at, depth)
    else if (Array.isArray(value)) {
      if (isOverfull(field, value.length)) throw tooManyElements(at, field)
      const decode = (v: Json, i: number) => decodeValue(field, v, { ...at, path: `${at.path}[${i}]` }, depth)
      if (field.form === 'repeated') out[field.name] = value.map(decode)
      else if (value.length > 0) out[field.name] = decode(value[0] as Json, 0)
    } else fail(at, field.name, 'an array', value)
  }
  return out
}

function memberOf(json: JsonObject, name: string): Json | undefined {
  return (
    member(json, name) ??
    member(
      json,
      name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
    )
  )
}

function decodeMap(field: NamedField, json: Json, where: JsonMessage, depth: number): ReadonlyMap<string, unknown> {
  if (!isJsonObject(json)) return fail(where, field.name, 'an object', json)
  const entries = Object.entries(json).map(([key, value]): [string, unknown] => [
    key,
    decodeValue(field, value, { ...where, path: `${where.path}[${JSON.stringify(key)}]` }, depth),
  ])
  return new Map(entries)
}

function decodeValue(field: NamedField, json: Json, where: JsonMessage, depth: number): unknown {
  if (field.scalar === undefined) {
    const of = field.message!()
    return field.isLazy ? new JsonLazy(of, json, where, depth + 1) : decodeObject(of, json, where, depth + 1)
  }
  switch (field.scalar) {
    case 'string':
      return typeof json === 'string' ? json : fail(where, field.name, 'a string', json)
    case 'bool':
      return typeof json === 'boolean' ? json : fail(where, field.name, 'true or false', json)
    case 'bytes':
      return decodeBytes(json, field, where)
    case 'enum': {
      const number = typeof json === 'string' ? where.enumeration.get(json) : json
      return typeof number === 'number' && Number.isInteger(number) ? number : fail(where, field.name, 'a known name', json)
    }
    case 'float':
      return Math.fround(numberOf(json, field, where))
    case 'double':
      return numberOf(json, field, where)
    case 'bigInt64':
    case 'bigUint64':
    case 'fixed64':
    case 'sfixed64':
      return bigintOf(json, field, where)
    default: {
      const number = numberOf(json, field, where)
      return Number.isInteger(number) ? number : fail(where, field.name, 'an integer', json)
    }
  }
}

function numberOf(json: Json, field: NamedField, where: JsonMessage): number {
  if (typeof json === 'number') return json
  if (typeof json !== 'string') return fail(where, field.name, 'a number', json)
  if (json === 'NaN') return Number.NaN
  const number = json.trim() === '' ? Number.NaN : Number(json)
  return Number.isNaN(number) ? fail(where, field.name, 'a number', json) : number
}

function bigintOf(json: Json, field: NamedField, where: JsonMessage): bigint {
  const isInteger = typeof json === 'number' ? Number.isInteger(json) : typeof json === 'string' && /^-?\d{1,20}$/.test(json)
  return isInteger ? BigInt(json as number | string) : fail(where, field.name, 'an integer', json)
}

function decodeBytes(json: Json, field: NamedField, where: JsonMessage): Uint8Array {
  if (Array.isArray(json)) {
    const isBytes = json.every((b) => typeof b === 'number' && Number.isInteger(b) && b >= 0 && b < 256)
    return isBytes ? Uint8Array.from(json as readonly number[]) : fail(where, field.name, 'an array of bytes', json)
  }
  if (typeof json !== 'string') return fail(where, field.name, 'base64', json)
  try {
    return Uint8Array.from(atob(json.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  } catch {
    return fail(where, field.name, 'base64', json)
  }
}

function fail(where: JsonMessage, what: string, expected: string, json: Json): never {
  const actual = JSON.stringify(json)
  throw malformed({ file: where.file, path: where.path, what, expected, actual: actual.length > 60 ? `${actual.slice(0, 60)}...` : actual })
}
