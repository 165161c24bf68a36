import type { ByteSource } from '../core/bytes.ts'
import { limitExceeded } from './diagnostics.ts'
import { isOverfull, type Lazy, type Message, type NamedField, tooManyElements } from './protobuf.ts'
import { TextCursor } from './protobuf-text-cursor.ts'

/*
 * Messages in protobuf's text format, by the tables of `protobuf.ts`. Fields that are not listed are passed over; a singular
 * field that occurs twice: the last one counts.
 * @see https://protobuf.dev/reference/protobuf/textformat-spec/
 */

const maxDepth = 100
const maxMessages = 8_000_000
const maxBytes = 2 ** 31 - 1
const utf8 = new TextDecoder()

/**
 * Decodes a message from all of a source; `enumeration` has the numbers of its enumeration's values by name.
 * Throws `wire/malformed`, `wire/truncated`, `wire/limit-exceeded` with line, column and the path of the field.
 */
export function decodeText<T>(of: Message<T>, source: ByteSource, enumeration: ReadonlyMap<string, number>): T {
  if (source.byteLength > maxBytes) {
    const actual = `${source.byteLength} bytes`
    throw limitExceeded({ file: source.name, what: `${of.name} message`, expected: 'less than 2 GiB', actual })
  }
  const bytes = source.read(0, source.byteLength)
  const cursor = new TextCursor({ file: source.name, bytes, enumeration, messagesLeft: maxMessages }, 0, bytes.length, undefined)
  return decodeFields(cursor, of, 0, undefined) as T
}

/** A nested message kept as a range of text. */
class TextLazy<T> implements Lazy<T> {
  readonly #cursor: TextCursor
  readonly #message: Message<T>
  readonly #depth: number

  constructor(cursor: TextCursor, of: Message<T>, depth: number) {
    this.#cursor = cursor
    this.#message = of
    this.#depth = depth
  }

  decode(): T {
    return this.as(this.#message)
  }

  as<U>(of: Message<U>): U {
    const { input, position, end, path } = this.#cursor
    return decodeFields(new TextCursor(input, position, end, path), of, this.#depth, undefined) as U
  }
}

const fieldsByName = new WeakMap<Message<unknown>, ReadonlyMap<string, NamedField>>()

function fieldNamed(of: Message<unknown>, name: string): NamedField | undefined {
  let fields = fieldsByName.get(of)
  if (!fields) {
    const known = of.byNumber.filter((f): f is NamedField => f !== undefined)
    fields = new Map(known.map((f) => [f.name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), f]))
    fieldsByName.set(of, fields)
  }
  return fields.get(name)
}

/** Reads fields up to the end, or past the byte that closes the message. */
function decodeFields(c: TextCursor, of: Message<unknown>, depth: number, close: string | undefined): unknown {
  if (depth > maxDepth) throw limitExceeded({ ...c.where, what: 'nesting of messages', expected: `at most ${maxDepth} levels` })
  const out: Record<string, unknown> = { ...of.template }
  const path = c.path
  for (;;) {
    if (close === undefined ? c.next() < 0 : c.takes(close)) break
    const name = c.name()
    const field = fieldNamed(of, name)
    c.path = { parent: path, field: name, at: undefined }
    if (!field) c.skipValue()
    else readField(c, field, out, depth)
    c.path = path
    if (!c.takes(',')) c.takes(';')
  }
  return out
}

function readField(c: TextCursor, field: NamedField, out: Record<string, unknown>, depth: number): void {
  const { name, form } = field
  if (form === 'map') {
    const known = out[name] as ReadonlyMap<string, unknown>
    const entries = known === field.absent ? new Map<string, unknown>() : (known as Map<string, unknown>)
    out[name] = entries
    eachElement(c, () => readEntry(c, field, entries, depth))
  } else if (form === 'repeated') {
    const known = out[name] as unknown[]
    const list = known === field.absent ? [] : known
    out[name] = list
    eachElement(c, () => {
      list.push(readValue(c, field, list.length, depth))
      if (isOverfull(field, list.length)) throw tooManyElements(c.where, field)
    })
  } else if (form === 'first') {
    eachElement(c, () => {
      if (out[name] === undefined) out[name] = readValue(c, field, 0, depth)
      else c.skipValue()
    })
  } else out[name] = readValue(c, field, undefined, depth)
}

/** One value, or a list in brackets. */
function eachElement(c: TextCursor, read: () => void): void {
  c.takes(':')
  if (!c.takes('[')) {
    read()
    return
  }
  if (c.takes(']')) return
  do read()
  while (c.takes(','))
  if (!c.takes(']')) c.fail('list', ', or ]')
}

function readEntry(c: TextCursor, field: NamedField, entries: Map<string, unknown>, depth: number): void {
  const close = c.open()
  let key = ''
  let valueAt = -1
  while (!c.takes(close)) {
    const name = c.name()
    if (name === 'key') {
      if (!c.takes(':')) c.fail('key', ':')
      key = utf8.decode(c.bytes())
    } else {
      // The key is known only after a value that comes first.
      if (name === 'value') valueAt = c.position
      c.skipValue()
    }
    if (!c.takes(',')) c.takes(';')
  }
  const end = c.position
  if (valueAt >= 0) {
    c.position = valueAt
    entries.set(key, readValue(c, field, key, depth))
    c.position = end
  } else entries.set(key, field.scalar === undefined ? emptyMessage(c, field, depth) : field.zero)
}

function emptyMessage(c: TextCursor, field: NamedField, depth: number): unknown {
  const empty = new TextLazy(new TextCursor(c.input, 0, 0, c.path), field.message!(), depth + 1)
  return field.isLazy ? empty : empty.decode()
}

function readValue(c: TextCursor, field: NamedField, at: number | string | undefined, depth: number): unknown {
  if (field.scalar !== undefined) {
    c.takes(':')
    return readScalar(c, field)
  }
  if (--c.input.messagesLeft < 0) throw limitExceeded({ ...c.where, what: 'number of messages', expected: `at most ${maxMessages}` })
  const of = field.message!()
  const outer = c.path
  c.path = { parent: outer?.parent, field: field.name, at }
  let value: unknown
  if (field.isLazy) {
    const { start, end } = c.messageRange()
    value = new TextLazy(new TextCursor(c.input, start, end, c.path), of, depth + 1)
  } else value = decodeFields(c, of, depth + 1, c.open())
  c.path = outer
  return value
}

const floats: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
])

function readScalar(c: TextCursor, field: NamedField): unknown {
  switch (field.scalar) {
    case 'string':
      return utf8.decode(c.bytes())
    case 'bytes':
      return c.bytes()
    case 'bool': {
      const start = c.position
      const word = c.literal('value')
      if (/^(true|True|t|1)$/.test(word)) return true
      return /^(false|False|f|0)$/.test(word) ? false : failAt(c, start, field, 'true or false')
    }
    case 'float':
      return Math.fround(readNumber(c, field))
    case 'double':
      return readNumber(c, field)
    case 'enum': {
      const start = c.position
      const word = c.literal('value')
      return c.input.enumeration.get(word) ?? Number(integerOf(word, 32) ?? failAt(c, start, field, 'a known name'))
    }
    default: {
      const isWide = /64/.test(field.scalar!)
      const isUnsigned = /^(u|fixed|bigU)/.test(field.scalar!)
      const start = c.position
      const word = c.literal('value')
      const value = integerOf(word, isWide ? 64 : 32) ?? failAt(c, start, field, `an integer of ${isWide ? 64 : 32} bits`)
      if (isUnsigned && value < 0n) failAt(c, start, field, 'an integer from 0')
      return /^(big|s?fixed64)/.test(field.scalar!) ? value : Number(value)
    }
  }
}

function readNumber(c: TextCursor, field: NamedField): number {
  const start = c.position
  const word = c.literal('value')
  const isNegative = word.startsWith('-')
  const digits = (isNegative ? word.slice(1) : word).replace(/^([\d.].*)[fF]$/, '$1')
  const value = floats.get(digits.toLowerCase()) ?? (/^[\d.]/.test(digits) ? Number(digits) : Number.NaN)
  if (Number.isNaN(value) && digits.toLowerCase() !== 'nan') failAt(c, start, field, 'a number')
  return isNegative ? -value : value
}

/** Decimal, hexadecimal or octal, in the range of its signed or unsigned form. */
function integerOf(word: string, bits: 32 | 64): bigint | undefined {
  const [, sign, digits] = /^(-?)(0[xX][0-9a-fA-F]{1,16}|\d{1,22})$/.exec(word) ?? []
  if (digits === undefined) return undefined
  const isOctal = /^0[0-7]+$/.test(digits)
  if (/^0\d/.test(digits) && !isOctal) return undefined
  const size = BigInt(isOctal ? `0o${digits.slice(1)}` : digits)
  const value = sign ? -size : size
  return value >= -(2n ** BigInt(bits - 1)) && value < 2n ** BigInt(bits) ? value : undefined
}

function failAt(c: TextCursor, position: number, field: NamedField, expected: string): never {
  c.position = position
  return c.fail(`value of ${field.name}`, expected)
}
