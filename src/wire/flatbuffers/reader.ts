import { type ByteSource, type ConstData, constFromSource } from '../../core/bytes.ts'
import { isViewable, typedView } from '../../core/dtype.ts'
import { type ByteFault, limitExceeded, malformed, truncated } from '../diagnostics.ts'
import { type FieldLayout, nameOfCode, type RecordOf, type ScalarKind, scalarBytes, type Table } from './schema.ts'
import { ByteWindow } from './window.ts'

export interface DecodeOptions {
  /** The four characters at byte 4; not looked at when left out. */
  readonly identifier?: string
  /** Tables that are decoded at most; default 2^21. */
  readonly maxTables?: number
  /** Bytes of tables, strings and vectors that are decoded at most, shared ones counted each time; default 4 x the file + 64 KiB, at most 1 GiB. */
  readonly maxBytes?: number
}

/** A field or union member that the descriptor does not know: written by a newer schema. */
export interface UnknownField {
  readonly table: string
  /** The slot; of a union member, `slot` of its type field. */
  readonly slot: number
  /** Type code of an unknown union member. */
  readonly member?: number
  /** Where it was met first. */
  readonly path: string
  readonly count: number
}

export interface Decoded<T extends Table> {
  readonly value: RecordOf<T>
  readonly unknown: readonly UnknownField[]
}

/**
 * Decodes the tables of a buffer at the start of `source` into plain records. `data` vectors become handles on the source; other
 * vectors are copies, or views when large and aligned. Vectors and strings that are absent read as empty.
 * Throws `wire/truncated`, `wire/malformed`, `wire/limit-exceeded`.
 * @see https://flatbuffers.dev/internals/
 */
export function decodeFlatbuffer<T extends Table>(table: T, source: ByteSource, options: DecodeOptions = {}): Decoded<T> {
  return new Reader(source, options).root(table, options.identifier)
}

/** What a vtable says, and what that means for each descriptor that was read through it. */
interface VTable {
  readonly tableBytes: number
  /** Offsets of the fields in the table, 0 where absent. */
  readonly slots: Uint16Array
  readonly plans: Map<Table, Plan>
}
/** The fields that are there, with their place in the table. */
interface Plan {
  readonly fields: readonly {
    readonly name: string
    readonly layout: FieldLayout
    readonly offset: number
    /** Of a union: place of the offset to its table, 0 where absent. */
    readonly valueOffset: number
  }[]
  readonly unknownSlots: readonly number[]
}

const utf8 = new TextDecoder()
const emptyArrays = Object.fromEntries(
  (Object.keys(scalarBytes) as ScalarKind[]).map((kind) => [kind, isViewable(kind) ? typedView(kind, new Uint8Array(0)) : undefined]),
)
const none: readonly never[] = Object.freeze([])
const defaultRecords = new WeakMap<Table, Readonly<Record<string, unknown>>>()

/** The record of a table without any field. */
function defaultsOf(table: Table): Readonly<Record<string, unknown>> {
  const known = defaultRecords.get(table)
  if (known) return known
  const record = Object.fromEntries(table.fieldList.map(([name, field]) => [name, defaultOf(field)]))
  defaultRecords.set(table, record)
  return record
}

function defaultOf(field: FieldLayout): unknown {
  switch (field.kind) {
    case 'scalar':
    case 'enum':
      return field.default
    case 'string':
      return ''
    case 'vector':
      return emptyArrays[field.scalar]
    case 'strings':
    case 'enum-vector':
    case 'tables':
      return none
    default:
      return undefined
  }
}

class Reader {
  readonly #source: ByteSource
  readonly #window: ByteWindow
  readonly #length: number
  readonly #path: (string | number)[] = []
  readonly #vtables = new Map<number, VTable>()
  /** Data vectors by position: one that is pointed to twice is one handle. */
  readonly #data = new Map<number, ConstData>()
  readonly #unknown = new Map<string, { -readonly [K in keyof UnknownField]: UnknownField[K] }>()
  readonly #maxTables: number
  readonly #maxBytes: number
  #tables = 0
  #bytes = 0

  constructor(source: ByteSource, options: DecodeOptions) {
    this.#source = source
    this.#window = new ByteWindow(source)
    this.#length = source.byteLength
    this.#maxTables = options.maxTables ?? 2 ** 21
    this.#maxBytes = options.maxBytes ?? Math.min(4 * source.byteLength + 65536, 2 ** 30)
  }

  root<T extends Table>(table: T, identifier: string | undefined): Decoded<T> {
    this.#need(0, identifier === undefined ? 4 : 8, 'header')
    if (identifier !== undefined) {
      const found = utf8.decode(this.#window.bytes(4, 4).bytes)
      if (found !== identifier) {
        throw malformed(this.#fault(4, 'file identifier', JSON.stringify(identifier), JSON.stringify(found)))
      }
    }
    const value = this.#table(table, this.#target(0)) as RecordOf<T>
    return { value, unknown: [...this.#unknown.values()] }
  }

  #table(table: Table, position: number): Record<string, unknown> {
    if (++this.#tables > this.#maxTables) throw limitExceeded(this.#fault(position, 'number of tables', `at most ${this.#maxTables}`))
    this.#need(position, 4, 'table')
    const vtable = this.#vtable(position, position - this.#window.i32(position))
    this.#need(position, vtable.tableBytes, 'table')
    this.#spend(position, vtable.tableBytes)
    const { fields, unknownSlots } = vtable.plans.get(table) ?? this.#plan(table, position, vtable)
    const record: Record<string, unknown> = { ...defaultsOf(table) }
    for (const { name, layout, offset, valueOffset } of fields) {
      this.#path.push(name)
      record[name] = this.#field(table, layout, position + offset, position + valueOffset)
      this.#path.pop()
    }
    for (const slot of unknownSlots) this.#note(`${table.name}.${slot}`, { table: table.name, slot })
    return record
  }

  #vtable(table: number, position: number): VTable {
    const known = this.#vtables.get(position)
    if (known) return known
    if (position < 0 || position + 4 > this.#length) {
      throw malformed(this.#fault(table, 'vtable offset', 'a position inside the file', `${position}`))
    }
    const vtableBytes = this.#window.u16(position)
    const tableBytes = this.#window.u16(position + 2)
    if (vtableBytes < 4 || vtableBytes % 2 !== 0) {
      throw malformed(this.#fault(position, 'vtable', 'an even size of at least 4', `${vtableBytes}`))
    }
    if (tableBytes < 4) throw malformed(this.#fault(position + 2, 'vtable', 'a table size of at least 4', `${tableBytes}`))
    this.#need(position, vtableBytes, 'vtable')
    this.#spend(position, vtableBytes)
    const slots = new Uint16Array(vtableBytes / 2 - 2)
    for (let i = 0; i < slots.length; i++) slots[i] = this.#window.u16(position + 4 + 2 * i)
    const vtable = { tableBytes, slots, plans: new Map<Table, Plan>() }
    this.#vtables.set(position, vtable)
    return vtable
  }

  #plan(table: Table, position: number, { tableBytes, slots, plans }: VTable): Plan {
    const place = (slot: number, bytes: number) => {
      const offset = slots[slot] ?? 0
      if (offset !== 0 && (offset < 4 || offset + bytes > tableBytes)) {
        throw malformed(this.#fault(position, 'field offset', `4 to ${tableBytes - bytes}`, `${offset}`))
      }
      return offset
    }
    const fields = table.fieldList.flatMap(([name, layout]) => {
      this.#path.push(name)
      const bytes = layout.kind === 'scalar' || layout.kind === 'enum' ? scalarBytes[layout.scalar] : layout.kind === 'union' ? 1 : 4
      const offset = place(layout.slot, bytes)
      const valueOffset = layout.kind === 'union' ? place(layout.slot + 1, 4) : 0
      this.#path.pop()
      return offset === 0 || (layout.kind === 'union' && valueOffset === 0) ? [] : [{ name, layout, offset, valueOffset }]
    })
    const unknownSlots = [...slots.keys()].filter((slot) => slots[slot] !== 0 && !table.slots.has(slot))
    const plan = { fields, unknownSlots }
    plans.set(table, plan)
    return plan
  }

  /** The value of a field that is there; `valueAt` is of unions only. */
  #field(table: Table, field: FieldLayout, at: number, valueAt: number): unknown {
    switch (field.kind) {
      case 'scalar':
        return this.#scalar(field.scalar, at)
      case 'enum':
        return nameOfCode(field.enumeration, this.#scalar(field.scalar, at) as number)
      case 'string':
        return this.#string(this.#target(at))
      case 'strings':
        return this.#each(this.#target(at), (p) => this.#string(p))
      case 'vector':
        return this.#vector(this.#target(at), field.scalar)
      case 'enum-vector':
        return Array.from(this.#vector(this.#target(at), field.scalar) as Int32Array, (code) => nameOfCode(field.enumeration, code))
      case 'table':
        return this.#table(field.table, this.#target(at))
      case 'tables':
        return this.#each(this.#target(at), (p) => this.#table(field.table, p))
      case 'data': {
        const vector = this.#target(at)
        const known = this.#data.get(vector)
        if (known) return known
        const data = constFromSource(this.#source, vector + 4, this.#vectorBytes(vector, 1))
        this.#data.set(vector, data)
        return data
      }
      case 'union': {
        const code = this.#window.u8(at)
        if (code === 0) return undefined
        const member = field.union.memberList[code - 1]
        if (!member) {
          this.#note(`${table.name}.${field.slot}=${code}`, { table: table.name, slot: field.slot, member: code })
          return undefined
        }
        return { type: member[0], value: this.#table(member[1], this.#target(valueAt)) }
      }
    }
  }

  #scalar(kind: ScalarKind, position: number): number | bigint | boolean {
    const [view, i] = this.#window.view(position, scalarBytes[kind])
    switch (kind) {
      case 'bool':
        return view.getUint8(i) !== 0
      case 'u8':
        return view.getUint8(i)
      case 'i8':
        return view.getInt8(i)
      case 'u16':
        return view.getUint16(i, true)
      case 'i16':
        return view.getInt16(i, true)
      case 'u32':
        return view.getUint32(i, true)
      case 'i32':
        return view.getInt32(i, true)
      case 'f32':
        return view.getFloat32(i, true)
      case 'f64':
        return view.getFloat64(i, true)
      case 'u64':
        return view.getBigUint64(i, true)
      case 'i64':
        return view.getBigInt64(i, true)
    }
  }

  #string(position: number): string {
    const length = this.#vectorBytes(position, 1)
    this.#spend(position, length)
    return utf8.decode(this.#window.bytes(position + 4, length).bytes)
  }

  #vector(position: number, kind: ScalarKind): unknown {
    const bytes = this.#vectorBytes(position, scalarBytes[kind])
    this.#spend(position, bytes)
    if (bytes === 0) return emptyArrays[kind]
    const found = this.#window.bytes(position + 4, bytes)
    return typedView(kind, found.shared ? found.bytes.slice() : found.bytes)
  }

  #each<T>(position: number, decode: (position: number) => T): T[] {
    const bytes = this.#vectorBytes(position, 4)
    this.#spend(position, bytes)
    const list: T[] = []
    for (let i = 0; 4 * i < bytes; i++) {
      this.#path.push(i)
      list.push(decode(this.#target(position + 4 + 4 * i)))
      this.#path.pop()
    }
    return list
  }

  /** Byte length of the elements of the vector at `position`, which lies inside the file. */
  #vectorBytes(position: number, elementBytes: number): number {
    const bytes = this.#window.u32(position) * elementBytes
    if (position + 4 + bytes > this.#length) this.#need(position + 4, bytes, 'vector')
    return bytes
  }

  /** Where the offset at `position` leads; at least 4 bytes are there. */
  #target(position: number): number {
    const offset = this.#window.u32(position)
    const target = position + offset
    if (offset === 0 || target + 4 > this.#length) {
      throw malformed(this.#fault(position, 'offset', `1 to ${Math.max(this.#length - position - 4, 1)}`, `${offset}`))
    }
    return target
  }

  #need(position: number, length: number, what: string): void {
    if (position + length > this.#length) {
      throw truncated(this.#fault(position, what, `${length} bytes`, `${Math.max(this.#length - position, 0)}`))
    }
  }

  #spend(position: number, bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#maxBytes) {
      throw limitExceeded(this.#fault(position, 'decoded size', `at most ${this.#maxBytes} bytes, shared parts counted each time`))
    }
  }

  #note(key: string, field: { readonly table: string; readonly slot: number; readonly member?: number }): void {
    const known = this.#unknown.get(key)
    if (known) known.count++
    // 65536 slots a vtable and a table name: the number of keys is bounded by the schema, save it from being large.
    else if (this.#unknown.size < 1000) this.#unknown.set(key, { ...field, path: this.#pathText(), count: 1 })
  }

  #pathText(): string {
    return this.#path.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`), '')
  }

  #fault(offset: number, what: string, expected: string, actual?: string): ByteFault {
    return { file: this.#source.name, offset, path: this.#pathText(), what, expected, actual }
  }
}
