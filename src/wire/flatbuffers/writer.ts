import { InvariantError, invariant } from '../../core/diagnostics.ts'
import { bytesOf } from '../../core/dtype.ts'
import { codeOfName, type FieldLayout, type InputOf, PlacedTable, type ScalarKind, scalarBytes, type Table, type Union } from './schema.ts'

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
/** Where the fields of a table are, when a certain set of them is there. */
interface Layout {
  readonly vtable: number
  readonly tableBytes: number
  /** By slot. */
  readonly offsets: Uint16Array
  readonly hasWide: boolean
}
/** An offset that leads nowhere yet, and what it shall lead to. */
interface Open {
  readonly position: number
  readonly field: FieldLayout
  readonly value: unknown
}

const utf8 = new TextEncoder()
/** Offsets are read as signed by some implementations. @see https://flatbuffers.dev/internals/ */
const maxPosition = 2 ** 31 - 1
/** Longer vectors are hardly ever equal, but those of zeros: the zero points of many channels. */
const maxSharedBytes = 256

class Writer {
  #buffer = new Uint8Array(1024)
  #view = new DataView(this.#buffer.buffer)
  #end = 0
  readonly #vtables = new Map<string, number>()
  readonly #layouts = new Map<Table, Map<number, Layout>>()
  readonly #open: Open[] = []
  /** Positions of strings, vectors and tables by their contents. */
  readonly #placed = new Map<string, number>()

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  root(table: Table, record: AnyRecord, identifier: string | undefined): void {
    this.#reserve(4, 4)
    if (identifier !== undefined) this.#append(utf8.encode(identifier))
    this.#open.push({ position: 0, field: { kind: 'table', slot: 0, table }, value: record })
    for (const open of this.#open) this.#pointTo(open.position, this.#place(open))
  }

  #place({ position: from, field, value }: Open): number {
    switch (field.kind) {
      case 'string':
        return this.#string(value as string, from)
      case 'vector':
        return this.#vector(field.scalar, value as ArrayLike<number>, from)
      case 'enum-vector':
        return this.#vector(
          field.scalar,
          (value as readonly string[]).map((name) => codeOfName(field.enumeration, name)),
          from,
        )
      case 'table':
        return this.#table(field.table, value as AnyRecord, from)
      case 'strings':
        return this.#each(value as readonly string[], { kind: 'string', slot: 0 })
      case 'tables':
        return this.#each(value as readonly (AnyRecord | PlacedTable)[], { kind: 'table', slot: 0, table: field.table })
      case 'union': {
        const { type, value: member } = value as UnionRecord
        return this.#table(field.union.members[type]!, member, from)
      }
      default:
        throw new InvariantError('The table of a data vector is written by whoever places it')
    }
  }

  #table(table: Table, record: AnyRecord, from: number): number {
    let present = 0
    let isLeaf = true
    let contents = ''
    const values: unknown[] = []
    for (const [name, field] of table.fieldList) {
      const value = written(field, record[name])
      values.push(value)
      if (value === undefined) continue
      present += field.kind === 'union' ? 3 * 2 ** field.slot : 2 ** field.slot
      if (field.kind !== 'scalar' && field.kind !== 'enum') isLeaf = false
      else if (isLeaf) contents += `${Object.is(value, -0) ? '-0' : value},`
    }
    const layout = this.#layouts.get(table)?.get(present) ?? this.#layout(table, values, present)
    const key = isLeaf ? `table ${table.name} ${present}:${contents}` : ''
    const known = isLeaf ? this.#placed.get(key) : undefined
    if (known !== undefined && known > from) return known

    const { vtable, tableBytes, offsets, hasWide } = layout
    const position = hasWide ? this.#reserve(tableBytes, 8, 4) : this.#reserve(tableBytes, 4)
    this.#view.setInt32(position, position - vtable, true)
    table.fieldList.forEach(([, field], i) => {
      const value = values[i]
      if (value === undefined) return
      const at = position + offsets[field.slot]!
      if (field.kind === 'scalar') putScalar(this.#view, field.scalar, at, value as number | bigint | boolean)
      else if (field.kind === 'enum') putScalar(this.#view, field.scalar, at, codeOfName(field.enumeration, value as string))
      else if (field.kind === 'union') {
        this.#view.setUint8(at, unionCode(field.union, (value as UnionRecord).type))
        this.#open.push({ position: position + offsets[field.slot + 1]!, field, value })
      } else this.#open.push({ position: at, field, value })
    })
    if (isLeaf) this.#placed.set(key, position)
    return position
  }

  #layout(table: Table, values: readonly unknown[], present: number): Layout {
    const inlines = table.fieldList.flatMap(([, field], i) => (values[i] === undefined ? [] : inlineParts(field)))
    // Widest first leaves no gaps; 8-byte values follow the 4-byte vtable offset, so the table starts 4 bytes before a multiple of 8.
    inlines.sort((a, b) => b.bytes - a.bytes)
    const offsets = new Uint16Array(inlines.reduce((n, { slot }) => Math.max(n, slot + 1), 0))
    let tableBytes = 4
    for (const { slot, bytes } of inlines) {
      offsets[slot] = tableBytes
      tableBytes += bytes
    }
    const layout = { vtable: this.#vtable(offsets, tableBytes), tableBytes, offsets, hasWide: inlines[0]?.bytes === 8 }
    const ofTable = this.#layouts.get(table) ?? new Map<number, Layout>()
    this.#layouts.set(table, ofTable.set(present, layout))
    return layout
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
    const place = () => {
      const position = elementBytes === 8 ? this.#reserve(4 + bytes, 8, 4) : this.#reserve(4 + bytes, 4)
      this.#view.setUint32(position, values.length, true)
      if (ArrayBuffer.isView(values)) {
        invariant(values.byteLength === bytes, `a vector of ${kind} is given as another array`)
        this.#buffer.set(bytesOf(values), position + 4)
      } else for (let i = 0; i < values.length; i++) putScalar(this.#view, kind, position + 4 + i * elementBytes, values[i]!)
      return position
    }
    if (bytes > maxSharedBytes) return isZero(values) ? this.#once(`zeros ${elementBytes}:${values.length}`, from, place) : place()
    return this.#once(`vector ${elementBytes}:${Array.prototype.join.call(bitsOf(kind, values))}`, from, place)
  }

  #each(values: readonly unknown[], field: FieldLayout): number {
    const vector = this.#reserve(4 + 4 * values.length, 4)
    this.#view.setUint32(vector, values.length, true)
    values.forEach((value, i) => {
      const position = vector + 4 + 4 * i
      if (value instanceof PlacedTable) this.#pointTo(position, value.position)
      else this.#open.push({ position, field, value })
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

/** Floats as integers: those that differ by their bits alone, such as -0, are told apart by these. */
function bitsOf(kind: ScalarKind, values: ArrayLike<number | bigint>): ArrayLike<number | bigint> {
  if (kind === 'f32') return new Int32Array(Float32Array.from(values as ArrayLike<number>).buffer)
  return kind === 'f64' ? new BigInt64Array(Float64Array.from(values as ArrayLike<number>).buffer) : values
}

function isZero(values: ArrayLike<number | bigint>): boolean {
  for (let i = 0; i < values.length; i++) if (!Object.is(values[i], 0) && values[i] !== 0n) return false
  return true
}

interface UnionRecord {
  readonly type: string
  readonly value: AnyRecord
}

/** The value to be written: undefined for one that is left out, a default or empty. */
function written(field: FieldLayout, value: unknown): unknown {
  switch (field.kind) {
    case 'scalar':
    case 'enum':
      return Object.is(value, field.default) ? undefined : value
    case 'string':
      return value === undefined || value === '' ? (field.always ? '' : undefined) : value
    case 'vector':
    case 'tables':
      return value === undefined || (value as ArrayLike<unknown>).length === 0 ? (field.always ? none : undefined) : value
    case 'strings':
    case 'enum-vector':
      return (value as ArrayLike<unknown> | undefined)?.length === 0 ? undefined : value
    default:
      return value
  }
}

const none: readonly never[] = []

/** What a field takes in its table. */
function inlineParts(field: FieldLayout): { readonly slot: number; readonly bytes: number }[] {
  const { slot } = field
  if (field.kind === 'scalar' || field.kind === 'enum') return [{ slot, bytes: scalarBytes[field.scalar] }]
  const offset = { slot, bytes: 4 }
  return field.kind === 'union'
    ? [
        { slot, bytes: 1 },
        { slot: slot + 1, bytes: 4 },
      ]
    : [offset]
}

function unionCode(union: Union, type: string): number {
  const code = union.memberList.findIndex(([name]) => name === type) + 1
  invariant(code > 0, `${type} is no member of ${union.name}`)
  return code
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
