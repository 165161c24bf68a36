import type { ByteSource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { type ByteFault, limitExceeded, malformed } from './diagnostics.ts'
import { Cursor, type PathNode } from './protobuf-cursor.ts'

/*
 * A protobuf reader driven by tables: `message('NodeDef', { name: string(1), ... })` describes the fields and is the
 * TypeScript type as well. Fields that are not listed are passed over. A singular message that occurs twice: the last one counts.
 */

type Scalar = (c: Cursor) => unknown

/** Types of single values; text forms of a message write each in its own way. */
export type ScalarType =
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'bigInt64'
  | 'bigUint64'
  | 'bool'
  | 'enum'
  | 'float'
  | 'fixed32'
  | 'sfixed32'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'string'
  | 'bytes'

/** A row of a message table; `T` is the type of the decoded field. */
export interface Field<T> {
  readonly number: number
  readonly wireType: 0 | 1 | 2 | 5
  readonly read: Scalar | undefined
  /** Undefined for a nested message. */
  readonly scalar: ScalarType | undefined
  readonly message: (() => Message<unknown>) | undefined
  readonly form: 'single' | 'first' | 'repeated' | 'map'
  readonly isLazy: boolean
  /** Of a repeated field: how many elements it may have. */
  readonly maxElements?: number
  /** Value when the field is absent; shared, so it is frozen or primitive. */
  readonly absent: unknown
  /** The scalar's zero: the value of a map entry that states none. */
  readonly zero: unknown
  /** Never present; carries the type. */
  readonly type?: T
}

type Fields = Readonly<Record<string, Field<unknown>>>
type DecodedFields<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

/** A message table. `Decoded<typeof NodeDef>` is its type. */
export interface Message<T> {
  readonly name: string
  readonly byNumber: readonly (NamedField | undefined)[]
  /** Every field with its absent value. */
  readonly template: Readonly<Record<string, unknown>>
  readonly type?: T
}
export type Decoded<M> = M extends Message<infer T> ? T : never

export interface NamedField extends Field<unknown> {
  readonly name: string
}

export function message<F extends Fields>(name: string, fields: F): Message<DecodedFields<F>> {
  const byNumber: (NamedField | undefined)[] = []
  const template: Record<string, unknown> = {}
  for (const [fieldName, field] of Object.entries(fields)) {
    byNumber[field.number] = { ...field, name: fieldName }
    template[fieldName] = field.absent
  }
  return { name, byNumber: Array.from(byNumber), template }
}

function scalar<T>(type: ScalarType, wireType: 0 | 1 | 2 | 5, read: (c: Cursor) => T, absent: T): (number: number) => Field<T> {
  return (number) => ({ number, wireType, read, scalar: type, message: undefined, form: 'single', isLazy: false, absent, zero: absent })
}

const noBytes = new Uint8Array(0)
export const int32 = scalar('int32', 0, (c) => c.int32(), 0)
export const uint32 = scalar('uint32', 0, (c) => c.uint32(), 0)
export const sint32 = scalar('sint32', 0, (c) => c.sint32(), 0)
/** A double, exact up to 2^53; see `bigInt64`. */
export const int64 = scalar('int64', 0, (c) => c.int64(), 0)
/** A double, exact up to 2^53; see `bigUint64`. */
export const uint64 = scalar('uint64', 0, (c) => c.uint64(), 0)
export const bigInt64 = scalar('bigInt64', 0, (c) => c.bigInt64(), 0n)
export const bigUint64 = scalar('bigUint64', 0, (c) => c.bigUint64(), 0n)
export const bool = scalar('bool', 0, (c) => c.bool(), false)
/** The number; unknown values are kept. */
export const enumeration = scalar('enum', 0, (c) => c.int32(), 0)
export const float = scalar('float', 5, (c) => c.float(), 0)
export const fixed32 = scalar('fixed32', 5, (c) => c.fixed32(), 0)
export const sfixed32 = scalar('sfixed32', 5, (c) => c.sfixed32(), 0)
export const double = scalar('double', 1, (c) => c.double(), 0)
export const fixed64 = scalar('fixed64', 1, (c) => c.fixed64(), 0n)
export const sfixed64 = scalar('sfixed64', 1, (c) => c.sfixed64(), 0n)
export const string = scalar('string', 2, (c) => c.string(), '')
/** A view on the input. */
export const bytes = scalar<Uint8Array>('bytes', 2, (c) => c.delimited(), noBytes)

/** A nested message; undefined when absent. */
export function nested<T>(number: number, of: Message<T> | (() => Message<T>)): Field<T | undefined> {
  const get = typeof of === 'function' ? of : () => of
  return {
    number,
    wireType: 2,
    read: undefined,
    scalar: undefined,
    message: get,
    form: 'single',
    isLazy: false,
    absent: undefined,
    zero: undefined,
  }
}

/** A nested message that is decoded when asked for. */
export function lazy<T>(number: number, of: Message<T> | (() => Message<T>)): Field<Lazy<T> | undefined> {
  return { ...nested(number, of), isLazy: true } as Field<Lazy<T> | undefined>
}

/** undefined when absent, for members of a oneof and where presence matters. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, absent: undefined } as Field<T | undefined>
}

const none: unknown[] = []
Object.freeze(none)
const noEntries = new Map<string, unknown>()

/** Numbers may be packed or not. More than `maxElements` are refused: `wire/limit-exceeded`. */
export function repeated<T>(field: Field<T>, maxElements?: number): Field<readonly NonNullable<T>[]> {
  return { ...field, form: 'repeated', absent: none, ...(maxElements !== undefined && { maxElements }) } as Field<readonly NonNullable<T>[]>
}

/** Whether a repeated field with this many elements has more than it may. */
export function isOverfull(field: NamedField, count: number): boolean {
  return field.maxElements !== undefined && count > field.maxElements
}

export function tooManyElements(where: Pick<ByteFault, 'file' | 'offset' | 'lineColumn' | 'path'>, field: NamedField): DowncastError {
  return limitExceeded({ ...where, what: `list ${field.name}`, expected: `at most ${field.maxElements} elements` })
}

/** Of a repeated field only the first element. */
export function first<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, form: 'first', absent: undefined } as Field<T | undefined>
}

/** `map<string, V>`; `value` has the number 2 of every map entry's value. */
export function map<T>(number: number, value: Field<T>): Field<ReadonlyMap<string, NonNullable<T>>> {
  return { ...value, number, form: 'map', absent: noEntries } as Field<ReadonlyMap<string, NonNullable<T>>>
}

/** Nested messages of one file; a node with its attributes is about a dozen. */
const maxMessages = 8_000_000
const maxDepth = 100
/** The format's own limit. */
const maxBytes = 2 ** 31 - 1

/** A nested message that is decoded when asked for. */
export interface Lazy<T> {
  /** Decodes anew at each call. Throws `wire/*`. */
  decode(): T
  /** Decodes by another table, e.g. one with only the fields that are wanted. */
  as<U>(of: Message<U>): U
}

/** A nested message kept as a range of bytes. */
export class StoredMessage<T> implements Lazy<T> {
  readonly #cursor: Cursor
  readonly #message: Message<T>
  readonly #start: number
  readonly #end: number
  readonly #parent: PathNode | undefined
  readonly #field: string
  readonly #at: number | string | undefined
  readonly #depth: number

  /** The field that `cursor` is at, from `start` to `end`. */
  constructor(cursor: Cursor, of: Message<T>, start: number, end: number, field: string, at: number | string | undefined, depth: number) {
    this.#cursor = cursor
    this.#message = of
    this.#start = start
    this.#end = end
    this.#parent = cursor.path
    this.#field = field
    this.#at = at
    this.#depth = depth
  }

  decode(): T {
    return this.as(this.#message)
  }

  as<U>(of: Message<U>): U {
    const cursor = this.#cursor.over(this.#start, this.#end)
    cursor.path = { parent: this.#parent, field: this.#field, at: this.#at }
    return decodeFields(cursor, of, this.#depth) as U
  }
}

/**
 * Decodes a message from all of a source. Bytes fields are views. Throws `wire/truncated`, `wire/malformed`,
 * `wire/limit-exceeded` with the offset and the path of the field.
 */
export function decodeSource<T>(of: Message<T>, source: ByteSource): T {
  if (source.byteLength > maxBytes) {
    throw limitExceeded({
      file: source.name,
      what: `${of.name} message`,
      expected: 'less than 2 GiB',
      actual: `${source.byteLength} bytes`,
    })
  }
  return decodeBytes(of, source.read(0, source.byteLength), source.name)
}

/** As `decodeSource`; `base` is the offset of the bytes in the file. */
export function decodeBytes<T>(of: Message<T>, input: Uint8Array, file: string, base = 0): T {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const cursor = new Cursor({ file, bytes: input, view, base, messagesLeft: maxMessages }, 0, input.byteLength)
  return decodeFields(cursor, of, 0) as T
}

function decodeFields(c: Cursor, of: Message<unknown>, depth: number): unknown {
  c.field = ''
  if (depth > maxDepth) throw limitExceeded({ ...c.where, what: 'nesting of messages', expected: `at most ${maxDepth} levels` })
  const { byNumber, template } = of
  const out: Record<string, unknown> = { ...template }
  const end = c.end
  while (c.position < end) {
    c.field = ''
    const tag = c.uint32()
    const number = tag >>> 3
    const field = number < byNumber.length ? byNumber[number] : undefined
    if (field === undefined) {
      if (number === 0) throw malformed({ ...c.where, what: `${of.name} message`, expected: 'a field number', actual: '0' })
      c.skip(tag)
      continue
    }
    c.field = field.name
    const wireType = tag & 7
    if (wireType !== field.wireType && !(wireType === 2 && field.form === 'repeated')) {
      throw malformed({ ...c.where, what: `${of.name} message`, expected: `wire type ${field.wireType}`, actual: `${wireType}` })
    }
    if (field.form === 'single') out[field.name] = readValue(c, field, undefined, depth)
    else if (field.form === 'first') {
      if (out[field.name] === undefined) out[field.name] = readValue(c, field, 0, depth)
      else c.skip(tag)
    } else if (field.form === 'map') readEntry(c, field, out, depth)
    else {
      let list = out[field.name] as unknown[]
      if (list === none) {
        list = []
        out[field.name] = list
      }
      if (wireType === field.wireType) list.push(readValue(c, field, list.length, depth))
      else readPacked(c, field.read!, list)
      if (isOverfull(field, list.length)) throw tooManyElements(c.where, field)
    }
  }
  return out
}

function readPacked(c: Cursor, read: Scalar, list: unknown[]): void {
  const end = c.delimitedEnd()
  const outerEnd = c.end
  c.end = end
  while (c.position < end) list.push(read(c))
  c.end = outerEnd
}

function readValue(c: Cursor, field: NamedField, at: number | string | undefined, depth: number): unknown {
  if (field.read) return field.read(c)
  const end = c.delimitedEnd()
  if (--c.input.messagesLeft < 0) throw limitExceeded({ ...c.where, what: 'number of messages', expected: `at most ${maxMessages}` })
  const start = c.position
  const of = field.message!()
  if (field.isLazy) {
    c.position = end
    return new StoredMessage(c, of, start, end, field.name, at, depth + 1)
  }
  const outerEnd = c.end
  const outerPath = c.path
  c.end = end
  c.path = { parent: outerPath, field: field.name, at }
  const value = decodeFields(c, of, depth + 1)
  c.end = outerEnd
  c.path = outerPath
  return value
}

function readEntry(c: Cursor, field: NamedField, out: Record<string, unknown>, depth: number): void {
  const end = c.delimitedEnd()
  if (--c.input.messagesLeft < 0) throw limitExceeded({ ...c.where, what: 'number of messages', expected: `at most ${maxMessages}` })
  const outerEnd = c.end
  c.end = end
  let key = ''
  let value = field.read ? undefined : null
  let valueAt = -1
  while (c.position < end) {
    const tag = c.uint32()
    if (tag === 10) key = c.string()
    else if (tag === ((2 << 3) | field.wireType)) {
      // The key is known only after a value that comes first.
      valueAt = c.position
      c.skip(tag)
    } else c.skip(tag)
  }
  if (valueAt >= 0) {
    c.position = valueAt
    value = readValue(c, field, key, depth) as typeof value
    c.position = end
  } else value = absentValue(c, field, key, depth) as typeof value
  c.end = outerEnd
  let entries = out[field.name] as Map<string, unknown>
  if (entries === noEntries) {
    entries = new Map()
    out[field.name] = entries
  }
  entries.set(key, value)
}

/** The value of a map entry that states none: the type's zero, for a message one without fields. */
function absentValue(c: Cursor, field: NamedField, key: string, depth: number): unknown {
  if (field.read) return field.zero
  const empty = new StoredMessage(c, field.message!(), c.position, c.position, field.name, key, depth + 1)
  return field.isLazy ? empty : empty.decode()
}
