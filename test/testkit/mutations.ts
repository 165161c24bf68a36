import { concat, varint } from './sstable.ts'

/*
 * Damage that leaves a file well formed, so that it reaches what lies behind the reader: members, numbers and names of JSON and of
 * protobuf messages are changed, lost, doubled and exchanged.
 */

/** A generator of 32-bit integers, as `randomIntegers` of src/wire/fuzz.testkit.ts makes. */
export type Next = () => number

const hostileNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  '^',
  ':',
  ':0',
  'x:-1',
  'x:9',
  '../x',
  'a/'.repeat(300),
]
const numbers = [
  0,
  -1,
  1,
  2,
  3,
  7,
  127,
  128,
  255,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 40,
  2 ** 53,
  1e18,
  -1e18,
  0.5,
  1e300,
]
const integers = [
  0n,
  1n,
  2n,
  3n,
  4n,
  5n,
  9n,
  20n,
  21n,
  100n,
  1n << 16n,
  (1n << 31n) - 1n,
  1n << 31n,
  1n << 32n,
  1n << 40n,
  1n << 62n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  (1n << 64n) - 2n,
]

function pick<T>(list: readonly T[], next: Next): T {
  return list[next() % list.length]!
}

type Place = { holder: Record<string, unknown> | unknown[]; key: string | number }

/** The text of a JSON document with one to three values changed. */
export function mutateJson(text: string, next: Next): string {
  const root: unknown[] = [JSON.parse(text)]
  for (let n = 1 + (next() % 3); n > 0; n--) {
    const places: Place[] = []
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      const holder = value as Place['holder']
      for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
        places.push({ holder, key })
        visit((holder as Record<string | number, unknown>)[key])
      }
    }
    visit(root)
    if (places.length > 0) changeAt(pick(places, next), places, next)
  }
  return JSON.stringify(root[0] ?? null)
    .replaceAll('"@NaN"', 'NaN')
    .replaceAll('"@Infinity"', 'Infinity')
}

function changeAt({ holder, key }: Place, places: readonly Place[], next: Next): void {
  const at = holder as Record<string | number, unknown>
  const value = at[key]
  const other = pick(places, next)
  switch (next() % 8) {
    case 0:
      if (Array.isArray(holder)) holder.splice(key as number, 1)
      else delete at[key]
      return
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(value))
      else
        Object.defineProperty(at, pick(hostileNames, next), {
          value: structuredClone(value),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      return
    case 2:
      at[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key])
      return
    case 3:
      at[key] = pick([null, true, false, {}, [], [[]], '', 0, [null], ['__proto__'], '@NaN', '@Infinity'], next)
      return
    default:
  }
  if (typeof value === 'number') at[key] = pick(numbers, next)
  else if (typeof value === 'string') at[key] = next() % 2 ? pick(hostileNames, next) : `${value}x`
  else if (Array.isArray(value) && value.length > 0)
    value.splice(next() % value.length, next() % 3, ...(next() % 2 ? [structuredClone(pick(value, next))] : []))
  else at[key] = pick(numbers, next)
}

/** A field of a message: a number, eight or four bytes, or a payload that may itself be fields. */
interface Field {
  number: number
  wire: number
  value: bigint | Uint8Array | Field[]
}

function parse(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  const number = (): bigint | undefined => {
    let out = 0n
    for (let i = 0n; i < 10n && at < bytes.length; i++) {
      const b = bytes[at++]!
      out |= BigInt(b & 127) << (7n * i)
      if (b < 128) return out
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = number()
    if (tag === undefined || tag < 8n || tag > 1000n) return undefined
    const [field, wire] = [Number(tag >> 3n), Number(tag & 7n)]
    if (wire === 0) {
      const value = number()
      if (value === undefined) return undefined
      fields.push({ number: field, wire, value })
      continue
    }
    const length = wire === 1 ? 8n : wire === 5 ? 4n : wire === 2 ? number() : undefined
    if (length === undefined || length > bytes.length - at) return undefined
    const payload = bytes.subarray(at, at + Number(length))
    at += payload.length
    fields.push({ number: field, wire, value: (wire === 2 && payload.length > 1 && parse(payload)) || payload })
  }
  return fields
}

function encode(fields: readonly Field[]): Uint8Array {
  return concat(
    fields.flatMap(({ number, wire, value }) => {
      const tag = varint((number << 3) | wire)
      if (typeof value === 'bigint') {
        const out: number[] = []
        let left = BigInt.asUintN(64, value)
        for (; left >= 128n; left >>= 7n) out.push(Number(left & 127n) | 128)
        return [tag, [...out, Number(left)]]
      }
      const bytes = Array.isArray(value) ? encode(value) : value
      return wire === 2 ? [tag, varint(bytes.length), bytes] : [tag, bytes]
    }),
  )
}

/** A protobuf message with one to three fields changed, lengths kept right. Bytes that are no message come back as they are. */
export function mutateMessage(bytes: Uint8Array, next: Next): Uint8Array {
  const root = parse(bytes)
  if (!root || root.length === 0) return bytes
  for (let n = 1 + (next() % 3); n > 0; n--) {
    const lists: Field[][] = []
    const visit = (fields: Field[]): void => {
      lists.push(fields)
      for (const f of fields) if (Array.isArray(f.value)) visit(f.value)
    }
    visit(root)
    // Half from anywhere, half down a random path, which spares the long lists.
    let list = pick(lists, next)
    if (next() % 2) {
      list = root
      for (let depth = next() % 8; depth > 0; depth--) {
        const inner = list.filter((f) => Array.isArray(f.value) && f.value.length > 0)
        if (inner.length > 0) list = pick(inner, next).value as Field[]
      }
    }
    if (list.length > 0) changeField(list, lists, next)
  }
  return encode(root)
}

function changeField(list: Field[], lists: readonly Field[][], next: Next): void {
  const at = next() % list.length
  const field = list[at]!
  const alike = pick(lists, next).filter((f) => f.wire === field.wire)
  switch (next() % 7) {
    case 0:
      list.splice(at, 1)
      return
    case 1:
      list.splice(next() % (list.length + 1), 0, structuredClone(field))
      return
    case 2:
      if (alike.length > 0) field.value = structuredClone(pick(alike, next).value)
      return
    case 3:
      ;[list[at], list[next() % list.length]] = [list[next() % list.length]!, field]
      return
    default:
  }
  if (typeof field.value === 'bigint') field.value = pick(integers, next)
  else if (!Array.isArray(field.value)) {
    if (field.wire === 2 && next() % 3)
      field.value =
        next() % 2 ? new TextEncoder().encode(pick(hostileNames, next)) : field.value.subarray(0, next() % (field.value.length + 1))
    else field.value = field.value.map((b) => (next() % 4 ? b : next()))
  } else field.value = next() % 2 ? [] : field.value.slice(0, 1)
}
