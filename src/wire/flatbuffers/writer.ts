import { invariant } from '../../core/diagnostics.ts'
import { bytesOf } from '../../core/dtype.ts'
import { codeOfName, type DataPlacement, type FieldLayout, type InputOf, type ScalarKind, scalarBytes, type Table } from './schema.ts'

/**
 * Encodes a record as a buffer: front to back, every offset forward, equal vtables shared, scalars that equal their
 * default and empty strings and vectors left out. Equal input gives equal bytes. A record that occurs twice in one vector (the same
 * object) is written once. Data vectors are only pointed to: their place must be behind the returned bytes.
 */
export function encodeFlatbuffer<T extends Table>(
  table: T,
  record: InputOf<T>,
  options: { readonly identifier?: string } = {},
): Uint8Array {
  const writer = new Writer()
  writer.root(table, record as AnyRecord, options.identifier)
  return writer.bytes()
}

type AnyRecord = Readonly<Record<string, unknown>>
/** A value that has its place in the table itself: a scalar, or an offset to something placed later. */
interface Inline {
  readonly slot: number
  readonly bytes: 1 | 2 | 4 | 8
  put(position: number): void
  /** Writes what the offset at `position` leads to. */
  readonly place?: (position: number) => void
}

const utf8 = new TextEncoder()
/** Offsets are read as signed by some implementations. @see https://flatbuffers.dev/internals/ */
const maxPosition = 2 ** 31 - 1

class Writer {
  #buffer = new Uint8Array(1024)
  #view = new DataView(this.#buffer.buffer)
  #end = 0
  readonly #vtables = new Map<string, number>()

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  root(table: Table, record: AnyRecord, identifier: string | undefined): void {
    this.#reserve(4, 4)
    if (identifier !== undefined) this.#append(utf8.encode(identifier))
    this.#pointTo(0, this.#table(table, record))
  }

  #table(table: Table, record: AnyRecord): number {
    const inlines = table.fieldList.flatMap(([name, field]) => this.#inlines(field, record[name]))
    // Widest first leaves no gaps; 8-byte values follow the 4-byte vtable offset, so the table starts 4 bytes before a multiple of 8.
    const ordered = [8, 4, 2, 1].flatMap((bytes) => inlines.filter((value) => value.bytes === bytes))
    const offsets = new Uint16Array(inlines.reduce((n, value) => Math.max(n, value.slot + 1), 0))
    let tableBytes = 4
    for (const value of ordered) {
      offsets[value.slot] = tableBytes
      tableBytes += value.bytes
    }
    const vtable = this.#vtable(offsets, tableBytes)
    const position = ordered[0]?.bytes === 8 ? this.#reserve(tableBytes, 8, 4) : this.#reserve(tableBytes, 4)
    this.#view.setInt32(position, position - vtable, true)
    for (const value of inlines) value.put(position + offsets[value.slot]!)
    for (const value of inlines) value.place?.(position + offsets[value.slot]!)
    return position
  }

  #vtable(offsets: Uint16Array, tableBytes: number): number {
    const key = `${tableBytes}:${offsets.join()}`
    const known = this.#vtables.get(key)
    if (known !== undefined) return known
    const position = this.#reserve(4 + 2 * offsets.length, 2)
    this.#view.setUint16(position, 4 + 2 * offsets.length, true)
    this.#view.setUint16(position + 2, tableBytes, true)
    offsets.forEach((offset, i) => {
      this.#view.setUint16(position + 4 + 2 * i, offset, true)
    })
    this.#vtables.set(key, position)
    return position
  }

  #inlines(field: FieldLayout, value: unknown): Inline[] {
    if (value === undefined) return []
    const { slot } = field
    switch (field.kind) {
      case 'scalar':
        return Object.is(value, field.default) ? [] : [this.#scalar(slot, field.scalar, value as number | bigint | boolean)]
      case 'enum':
        return value === field.default ? [] : [this.#scalar(slot, field.scalar, codeOfName(field.enumeration, value as string))]
      case 'string':
        return value === '' ? [] : [this.#offset(slot, () => this.#string(value as string))]
      case 'strings':
        return this.#unlessEmpty(value, slot, () => this.#each(value as readonly string[], (text) => this.#string(text)))
      case 'vector':
        return this.#unlessEmpty(value, slot, () => this.#vector(field.scalar, value as ArrayLike<number>))
      case 'enum-vector':
        return this.#unlessEmpty(value, slot, () =>
          this.#vector(
            field.scalar,
            (value as readonly string[]).map((name) => codeOfName(field.enumeration, name)),
          ),
        )
      case 'table':
        return [this.#offset(slot, () => this.#table(field.table, value as AnyRecord))]
      case 'tables':
        return this.#unlessEmpty(value, slot, () => this.#each(value as readonly AnyRecord[], (one) => this.#table(field.table, one)))
      case 'data':
        return [this.#offset(slot, () => (value as DataPlacement).position)]
      case 'union': {
        const { type, value: member } = value as { readonly type: string; readonly value: AnyRecord }
        const code = field.union.memberList.findIndex(([name]) => name === type) + 1
        invariant(code > 0, `${type} is no member of ${field.union.name}`)
        return [this.#scalar(slot, 'u8', code), this.#offset(slot + 1, () => this.#table(field.union.memberList[code - 1]![1], member))]
      }
    }
  }

  #unlessEmpty(value: unknown, slot: number, place: () => number): Inline[] {
    return (value as ArrayLike<unknown>).length === 0 ? [] : [this.#offset(slot, place)]
  }

  #offset(slot: number, place: () => number): Inline {
    return { slot, bytes: 4, put: () => {}, place: (position) => this.#pointTo(position, place()) }
  }

  #scalar(slot: number, kind: ScalarKind, value: number | bigint | boolean): Inline {
    return { slot, bytes: scalarBytes[kind], put: (position) => this.#put(kind, position, value) }
  }

  #put(kind: ScalarKind, position: number, value: number | bigint | boolean): void {
    const view = this.#view
    const n = value as number
    const l = value as bigint
    switch (kind) {
      case 'bool':
        view.setUint8(position, value ? 1 : 0)
        break
      case 'u8':
        view.setUint8(position, integer(n, 0, 0xff))
        break
      case 'i8':
        view.setInt8(position, integer(n, -0x80, 0x7f))
        break
      case 'u16':
        view.setUint16(position, integer(n, 0, 0xffff), true)
        break
      case 'i16':
        view.setInt16(position, integer(n, -0x8000, 0x7fff), true)
        break
      case 'u32':
        view.setUint32(position, integer(n, 0, 0xffffffff), true)
        break
      case 'i32':
        view.setInt32(position, integer(n, -0x80000000, 0x7fffffff), true)
        break
      case 'f32':
        view.setFloat32(position, n, true)
        break
      case 'f64':
        view.setFloat64(position, n, true)
        break
      case 'u64':
        invariant(BigInt.asUintN(64, l) === l, `${l} is no u64`)
        view.setBigUint64(position, l, true)
        break
      case 'i64':
        invariant(BigInt.asIntN(64, l) === l, `${l} is no i64`)
        view.setBigInt64(position, l, true)
        break
    }
  }

  #string(text: string): number {
    const bytes = utf8.encode(text)
    const position = this.#reserve(4 + bytes.length + 1, 4)
    this.#view.setUint32(position, bytes.length, true)
    this.#buffer.set(bytes, position + 4)
    return position
  }

  #vector(kind: ScalarKind, values: ArrayLike<number | bigint>): number {
    const elementBytes = scalarBytes[kind]
    const bytes = 4 + values.length * elementBytes
    const position = elementBytes === 8 ? this.#reserve(bytes, 8, 4) : this.#reserve(bytes, 4)
    this.#view.setUint32(position, values.length, true)
    if (ArrayBuffer.isView(values)) {
      invariant(values.byteLength === bytes - 4, `a vector of ${kind} is given as another array`)
      this.#buffer.set(bytesOf(values), position + 4)
    } else for (let i = 0; i < values.length; i++) this.#put(kind, position + 4 + i * elementBytes, values[i]!)
    return position
  }

  #each<T>(values: readonly T[], place: (value: T) => number): number {
    const position = this.#reserve(4 + 4 * values.length, 4)
    this.#view.setUint32(position, values.length, true)
    const places = new Map<T, number>()
    values.forEach((value, i) => {
      const known = typeof value === 'object' ? places.get(value) : undefined
      const target = known ?? place(value)
      places.set(value, target)
      this.#pointTo(position + 4 + 4 * i, target)
    })
    return position
  }

  #pointTo(position: number, target: number): void {
    invariant(target > position && target <= maxPosition, `an offset leads from ${position} to ${target}`)
    this.#view.setUint32(position, target - position, true)
  }

  #append(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#reserve(bytes.length, 1))
  }

  /** Position of `bytes` zero bytes at the end, `remainder` modulo `alignment`. */
  #reserve(bytes: number, alignment: number, remainder = 0): number {
    const position = this.#end + ((((remainder - this.#end) % alignment) + alignment) % alignment)
    const end = position + bytes
    invariant(end <= maxPosition, 'the tables exceed 2 GiB')
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#buffer.length))
      grown.set(this.#buffer.subarray(0, this.#end))
      this.#buffer = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#end = end
    return position
  }
}

function integer(value: number, min: number, max: number): number {
  invariant(Number.isInteger(value) && value >= min && value <= max, `${value} is no integer from ${min} to ${max}`)
  return value
}
