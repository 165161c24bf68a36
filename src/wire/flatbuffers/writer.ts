import { InvariantError, invariant } from '../../core/diagnostics.ts'
import { bytesOf } from '../../core/dtype.ts'
import { codeOfName, type FieldLayout, type InputOf, PlacedTable, type ScalarKind, scalarBytes, type Table } from './schema.ts'

/**
 * Encodes a record as a buffer: front to back and breadth first, every offset forward, scalars that equal their default and
 * empty strings and vectors left out. Equal vtables are stored once; so are equal strings, vectors of scalars and tables of scalars of
 * one level. Equal input gives equal bytes.
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
  /** Of a scalar. */
  readonly value?: number | bigint | boolean
}

const utf8 = new TextEncoder()
/** Offsets are read as signed by some implementations. @see https://flatbuffers.dev/internals/ */
const maxPosition = 2 ** 31 - 1
/** Longer vectors are hardly ever equal. */
const maxSharedBytes = 256

class Writer {
  #buffer = new Uint8Array(1024)
  #view = new DataView(this.#buffer.buffer)
  #end = 0
  readonly #vtables = new Map<string, number>()
  /** Offsets that lead nowhere yet, and what they shall lead to. */
  readonly #open: { readonly position: number; place(position: number): number }[] = []
  /** Positions of strings, vectors and tables by their contents. */
  readonly #placed = new Map<string, number>()

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  root(table: Table, record: AnyRecord, identifier: string | undefined): void {
    this.#reserve(4, 4)
    if (identifier !== undefined) this.#append(utf8.encode(identifier))
    this.#open.push({ position: 0, place: () => this.#table(table, record, 0) })
    for (const { position, place } of this.#open) this.#pointTo(position, place(position))
  }

  #table(table: Table, record: AnyRecord, from: number): number {
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
    const place = () => {
      const position = ordered[0]?.bytes === 8 ? this.#reserve(tableBytes, 8, 4) : this.#reserve(tableBytes, 4)
      this.#view.setInt32(position, position - vtable, true)
      for (const value of inlines) value.put(position + offsets[value.slot]!)
      return position
    }
    const isLeaf = inlines.every((inline) => inline.value !== undefined)
    const values = () => inlines.map(({ value }) => (Object.is(value, -0) ? '-0' : value)).join()
    return isLeaf ? this.#once(`table ${table.name} ${vtable}:${values()}`, from, place) : place()
  }

  /** The position of equal contents behind the offset at `from` when there are any, else of new ones. */
  #once(key: string, from: number, place: () => number): number {
    const known = this.#placed.get(key)
    if (known !== undefined && known > from) return known
    const position = place()
    this.#placed.set(key, position)
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

  #inlines(field: FieldLayout, given: unknown): Inline[] {
    const { slot } = field
    const always = 'always' in field
    const value = given ?? (always ? (field.kind === 'string' ? '' : []) : undefined)
    if (value === undefined) return []
    switch (field.kind) {
      case 'scalar':
        return Object.is(value, field.default) ? [] : [this.#scalar(slot, field.scalar, value as number | bigint | boolean)]
      case 'enum':
        return value === field.default ? [] : [this.#scalar(slot, field.scalar, codeOfName(field.enumeration, value as string))]
      case 'string':
        return value === '' && !always ? [] : [this.#offset(slot, (from) => this.#string(value as string, from))]
      case 'strings':
        return this.#unlessEmpty(value, always, slot, () =>
          this.#each(value as readonly string[], (text, from) => this.#string(text, from)),
        )
      case 'vector':
        return this.#unlessEmpty(value, always, slot, (from) => this.#vector(field.scalar, value as ArrayLike<number>, from))
      case 'enum-vector':
        return this.#unlessEmpty(value, always, slot, (from) =>
          this.#vector(
            field.scalar,
            (value as readonly string[]).map((name) => codeOfName(field.enumeration, name)),
            from,
          ),
        )
      case 'table':
        return [this.#offset(slot, (from) => this.#table(field.table, value as AnyRecord, from))]
      case 'tables':
        return this.#unlessEmpty(value, always, slot, () =>
          this.#each(value as readonly (AnyRecord | PlacedTable)[], (one, from) =>
            one instanceof PlacedTable ? one.position : this.#table(field.table, one, from),
          ),
        )
      case 'data':
        throw new InvariantError('The table of a data vector is written by whoever places it')
      case 'union': {
        const { type, value: member } = value as { readonly type: string; readonly value: AnyRecord }
        const code = field.union.memberList.findIndex(([name]) => name === type) + 1
        invariant(code > 0, `${type} is no member of ${field.union.name}`)
        return [
          this.#scalar(slot, 'u8', code),
          this.#offset(slot + 1, (from) => this.#table(field.union.memberList[code - 1]![1], member, from)),
        ]
      }
    }
  }

  #unlessEmpty(value: unknown, always: boolean, slot: number, place: (from: number) => number): Inline[] {
    return (value as ArrayLike<unknown>).length === 0 && !always ? [] : [this.#offset(slot, place)]
  }

  #offset(slot: number, place: (from: number) => number): Inline {
    return { slot, bytes: 4, put: (position) => this.#open.push({ position, place }) }
  }

  #scalar(slot: number, kind: ScalarKind, value: number | bigint | boolean): Inline {
    return { slot, value, bytes: scalarBytes[kind], put: (position) => putScalar(this.#view, kind, position, value) }
  }

  #string(text: string, from: number): number {
    return this.#once(`string ${text}`, from, () => {
      const bytes = utf8.encode(text)
      const position = this.#reserve(4 + bytes.length + 1, 4)
      this.#view.setUint32(position, bytes.length, true)
      this.#buffer.set(bytes, position + 4)
      return position
    })
  }

  #vector(kind: ScalarKind, values: ArrayLike<number | bigint>, from: number): number {
    const elementBytes = scalarBytes[kind]
    const bytes = values.length * elementBytes
    const encoded = new Uint8Array(bytes)
    if (ArrayBuffer.isView(values)) {
      invariant(values.byteLength === bytes, `a vector of ${kind} is given as another array`)
      encoded.set(bytesOf(values))
    } else {
      const view = new DataView(encoded.buffer)
      for (let i = 0; i < values.length; i++) putScalar(view, kind, i * elementBytes, values[i]!)
    }
    const place = () => {
      const position = elementBytes === 8 ? this.#reserve(4 + bytes, 8, 4) : this.#reserve(4 + bytes, 4)
      this.#view.setUint32(position, values.length, true)
      this.#buffer.set(encoded, position + 4)
      return position
    }
    return bytes <= maxSharedBytes ? this.#once(`vector ${elementBytes}:${encoded.join()}`, from, place) : place()
  }

  #each<T>(values: readonly T[], place: (value: T, from: number) => number): number {
    const vector = this.#reserve(4 + 4 * values.length, 4)
    this.#view.setUint32(vector, values.length, true)
    values.forEach((value, i) => {
      this.#open.push({ position: vector + 4 + 4 * i, place: (from) => place(value, from) })
    })
    return vector
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

function putScalar(view: DataView, kind: ScalarKind, position: number, value: number | bigint | boolean): void {
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

function integer(value: number, min: number, max: number): number {
  invariant(Number.isInteger(value) && value >= min && value <= max, `${value} is no integer from ${min} to ${max}`)
  return value
}
