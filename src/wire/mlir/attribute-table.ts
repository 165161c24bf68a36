import { bf16ToNumber, f16ToNumber } from '../../core/nd-array.ts'
import type { Cursor } from './cursor.ts'
import { readElements } from './elements.ts'
import { EntryTable } from './entry-table.ts'
import type { Sections } from './sections.ts'
import type { TypeTable } from './type-table.ts'
import type { MlirAttr, MlirType } from './types.ts'

/** By VHLO's codes; of each the words by value, VhloEnums.td. */
const enums: Readonly<Record<number, readonly string[]>> = {
  3: ['EQ', 'NE', 'GE', 'GT', 'LE', 'LT'],
  4: ['NOTYPE', 'FLOAT', 'TOTALORDER', 'SIGNED', 'UNSIGNED'],
  5: [
    'API_VERSION_UNSPECIFIED',
    'API_VERSION_ORIGINAL',
    'API_VERSION_STATUS_RETURNING',
    'API_VERSION_STATUS_RETURNING_UNIFIED',
    'API_VERSION_TYPED_FFI',
  ],
  7: ['FFT', 'IFFT', 'RFFT', 'IRFFT'],
  11: ['DEFAULT', 'HIGH', 'HIGHEST'],
  12: ['DEFAULT', 'THREE_FRY', 'PHILOX'],
  13: ['', 'UNIFORM', 'NORMAL'],
  16: ['TRANSPOSE_INVALID', 'NO_TRANSPOSE', 'TRANSPOSE', 'ADJOINT'],
  19: ['DEFAULT', 'HIGHEST', 'TOLERANCE'],
}

/** Locations are of kind `other`: `locations.ts` reads the names in them. */
export class AttributeTable extends EntryTable<MlirAttr> {
  readonly #strings: Sections['strings']
  readonly #types: TypeTable

  constructor(cursor: Cursor, { attributes, strings }: Pick<Sections, 'attributes' | 'strings'>, types: TypeTable) {
    super(cursor, attributes, 'attribute')
    this.#strings = strings
    this.#types = types
  }

  /** An attribute that must be a text. */
  readText(cursor: Cursor): string {
    const at = cursor.position
    const attr = this.read(cursor)
    if (attr.kind !== 'string') throw cursor.fault('attribute', 'a string', attr.kind, at)
    return attr.value
  }

  protected other(text: string): MlirAttr {
    return { kind: 'other', text }
  }

  protected decode(dialect: string, cursor: Cursor): MlirAttr | undefined {
    if (dialect === 'vhlo') return this.#vhlo(cursor.varint(), cursor)
    return dialect === 'builtin' ? this.#builtin(cursor.varint(), cursor) : undefined
  }

  #vhlo(code: number, cursor: Cursor): MlirAttr | undefined {
    const words = enums[code]
    if (words) return readEnum(words, cursor)
    switch (code) {
      case 1:
        return this.#array(cursor)
      case 2:
        return { kind: 'bool', value: cursor.varint() !== 0 }
      case 6:
        return this.#dictionary(cursor)
      case 8:
        return this.#float(cursor)
      case 9:
        return this.#integer(cursor)
      case 14:
        return { kind: 'string', value: this.#strings.read(cursor) }
      case 15:
        return this.#tensor(cursor)
      case 17:
        return { kind: 'type', type: this.#types.read(cursor) }
      case 20:
        return this.#accuracy(cursor)
    }
    return undefined
  }

  #builtin(code: number, cursor: Cursor): MlirAttr | undefined {
    switch (code) {
      case 0:
        return this.#array(cursor)
      case 1:
        return this.#dictionary(cursor)
      case 2:
        return { kind: 'string', value: this.#strings.read(cursor) }
      case 4:
        return { kind: 'string', value: this.readText(cursor) }
      case 6:
        return { kind: 'type', type: this.#types.read(cursor) }
      case 7:
        return this.other('unit')
      case 8:
        return this.#integer(cursor)
      case 9:
        return this.#float(cursor)
      case 18:
        return this.#tensor(cursor)
    }
    return undefined
  }

  #array(cursor: Cursor): MlirAttr {
    return { kind: 'array', items: this.readList(cursor, () => this.read(cursor)) }
  }

  #dictionary(cursor: Cursor): MlirAttr {
    const entries = this.readList(cursor, () => [this.readText(cursor), this.read(cursor)] as const)
    return { kind: 'dictionary', entries: new Map(entries) }
  }

  #integer(cursor: Cursor): MlirAttr {
    const at = cursor.position
    const type = scalarName(this.#types.read(cursor))
    const [, sign, digits] = /^(i|si|ui)(\d{1,2})$/.exec(type) ?? (type === 'index' ? ['', 'i', '64'] : [])
    const width = Number(digits)
    if (!(width >= 1 && width <= 64)) throw cursor.fault('integer', 'a type of 1 to 64 bits', type.slice(0, 100), at)
    const bits = width <= 8 ? BigInt(cursor.byte()) : cursor.signed()
    if (type === 'i1') return { kind: 'bool', value: (bits & 1n) !== 0n }
    return { kind: 'int', value: sign === 'ui' ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits) }
  }

  #float(cursor: Cursor): MlirAttr | undefined {
    const type = scalarName(this.#types.read(cursor))
    const toNumber = floats[type]
    if (toNumber) return { kind: 'float', value: toNumber(cursor.signed()) }
    if (!/^(f[468]E|tf32$)/.test(type)) return undefined
    if (type === 'tf32') cursor.signed()
    else cursor.byte()
    return this.other(`a number of type ${type}`)
  }

  #tensor(cursor: Cursor): MlirAttr {
    const at = cursor.position
    const type = this.#types.read(cursor)
    if (type.kind !== 'tensor') throw cursor.fault('tensor', 'a type of a tensor', type.kind, at)
    return readElements(cursor, type)
  }

  /** Tolerances and the mode: the mode says all that JAX sets. */
  #accuracy(cursor: Cursor): MlirAttr {
    const atol = floats.f64!(cursor.signed())
    const rtol = floats.f64!(cursor.signed())
    const ulps = cursor.signed()
    const entries: [string, MlirAttr][] = [
      ['atol', { kind: 'float', value: atol }],
      ['rtol', { kind: 'float', value: rtol }],
      ['ulps', { kind: 'int', value: ulps }],
      ['mode', this.read(cursor)],
    ]
    return { kind: 'dictionary', entries: new Map(entries) }
  }
}

function readEnum(words: readonly string[], cursor: Cursor): MlirAttr {
  const code = cursor.varint()
  const word = words[code]
  return word ? { kind: 'enum', value: word } : { kind: 'other', text: `value ${code} of an enumeration` }
}

function scalarName(type: MlirType): string {
  return type.kind === 'other' ? type.text : type.kind
}

const scratch = new DataView(new ArrayBuffer(8))

/** From the bits of a number. */
const floats: Readonly<Record<string, (bits: bigint) => number>> = {
  f16: (bits) => f16ToNumber(Number(bits)),
  bf16: (bits) => bf16ToNumber(Number(bits)),
  f32: (bits) => {
    scratch.setUint32(0, Number(BigInt.asUintN(32, bits)))
    return scratch.getFloat32(0)
  },
  f64: (bits) => {
    scratch.setBigInt64(0, bits)
    return scratch.getFloat64(0)
  },
}
