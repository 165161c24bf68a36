import type { Cursor } from './cursor.ts'
import { EntryTable } from './entry-table.ts'
import type { MlirType } from './types.ts'

/** By VHLO's codes, VhloBytecode.cpp. */
const vhloElements: Readonly<Record<number, string>> = {
  0: 'i1',
  2: 'bf16',
  3: 'f16',
  4: 'f32',
  5: 'f64',
  6: 'f8E4M3FN',
  7: 'f8E5M2',
  9: 'index',
  10: 'i4',
  11: 'i8',
  12: 'i16',
  13: 'i32',
  14: 'i64',
  15: 'ui4',
  16: 'ui8',
  17: 'ui16',
  18: 'ui32',
  19: 'ui64',
  26: 'witness',
  27: 'f8E4M3FNUZ',
  28: 'f8E5M2FNUZ',
  29: 'f8E4M3B11FNUZ',
  31: 'i2',
  32: 'ui2',
  33: 'none',
  34: 'tf32',
  35: 'f8E4M3',
  36: 'f8E3M4',
  37: 'f4E2M1FN',
  38: 'f6E2M3FN',
  39: 'f6E3M2FN',
  40: 'f8E8M0FNU',
}

/** By the codes of the builtin dialect, BuiltinDialectBytecode.td. */
const builtinElements: Readonly<Record<number, string>> = {
  1: 'index',
  3: 'bf16',
  4: 'f16',
  5: 'f32',
  6: 'f64',
  7: 'f80',
  8: 'f128',
  12: 'none',
}

/** Types of elements are of kind `other`, with their name as the text. */
export class TypeTable extends EntryTable<MlirType> {
  protected other(text: string): MlirType {
    return { kind: 'other', text }
  }

  protected decode(dialect: string, cursor: Cursor): MlirType | undefined {
    if (dialect === 'vhlo') return this.#vhlo(cursor.varint(), cursor)
    return dialect === 'builtin' ? this.#builtin(cursor.varint(), cursor) : undefined
  }

  #vhlo(code: number, cursor: Cursor): MlirType | undefined {
    const element = vhloElements[code]
    if (element !== undefined) return this.other(element)
    switch (code) {
      case 1:
        return this.#complex(cursor)
      case 8:
        return this.#function(cursor)
      case 20:
        return this.#tensor(cursor)
      case 21:
        return this.#encodedTensor(cursor)
      case 22:
        return { kind: 'token' }
      case 23:
        return { kind: 'tuple', types: this.#types(cursor) }
      case 24:
        return this.#quantized(cursor)
      case 25:
        return { kind: 'unranked', element: this.#element(cursor) }
      case 30:
        return this.#quantizedPerAxis(cursor)
    }
    return undefined
  }

  #builtin(code: number, cursor: Cursor): MlirType | undefined {
    const element = builtinElements[code]
    if (element !== undefined) return this.other(element)
    switch (code) {
      case 0:
        return this.other(integerName(cursor.varint()))
      case 2:
        return this.#function(cursor)
      case 9:
        return this.#complex(cursor)
      case 13:
        return this.#tensor(cursor)
      case 14:
        return this.#encodedTensor(cursor)
      case 15:
        return { kind: 'tuple', types: this.#types(cursor) }
      case 18:
        return { kind: 'unranked', element: this.#element(cursor) }
    }
    return undefined
  }

  #types(cursor: Cursor): MlirType[] {
    return this.readList(cursor, () => this.read(cursor))
  }

  #function(cursor: Cursor): MlirType {
    return { kind: 'function', inputs: this.#types(cursor), results: this.#types(cursor) }
  }

  #complex(cursor: Cursor): MlirType {
    return this.other(`complex<${this.#number(cursor)}>`)
  }

  #tensor(cursor: Cursor): MlirType {
    const shape = this.readList(cursor, () => readSize(cursor))
    return { kind: 'tensor', element: this.#element(cursor), shape }
  }

  /** The encoding holds bounds of sizes, or what else a producer adds. */
  #encodedTensor(cursor: Cursor): MlirType {
    cursor.varint()
    return this.#tensor(cursor)
  }

  #quantized(cursor: Cursor): MlirType {
    cursor.varint()
    const storage = this.#number(cursor)
    const text = `quant<${storage}:${this.#number(cursor)}>`
    for (let n = 0; n < 4; n++) cursor.signed()
    return this.other(text)
  }

  #quantizedPerAxis(cursor: Cursor): MlirType {
    cursor.varint()
    const storage = this.#number(cursor)
    const expressed = this.#number(cursor)
    const axis = cursor.varint()
    for (let n = 0; n < 2; n++) cursor.signed()
    for (let list = 0; list < 2; list++) this.readList(cursor, () => cursor.signed())
    return this.other(`quant<${storage}:${expressed}:${axis}>`)
  }

  #element(cursor: Cursor): string {
    const at = cursor.position
    const type = this.read(cursor)
    if (type.kind !== 'other') throw cursor.fault('type of elements', 'a number', `a ${type.kind}`, at)
    return type.text
  }

  /** Names in names must not grow. */
  #number(cursor: Cursor): string {
    const at = cursor.position
    const name = this.#element(cursor)
    if (name.length > 16) throw cursor.fault('type of elements', 'a number', name.slice(0, 100), at)
    return name
  }
}

/** Signless ones are what StableHLO has as signed ones. */
function integerName(packed: number): string {
  return `${['i', 'si', 'ui'][packed % 4] ?? 'i'}${Math.floor(packed / 4)}`
}

function readSize(cursor: Cursor): number | undefined {
  const at = cursor.position
  const size = cursor.signed()
  if (size < 0n) return undefined
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw cursor.fault('size', 'at most 2^53', `${size}`, at)
  return Number(size)
}
