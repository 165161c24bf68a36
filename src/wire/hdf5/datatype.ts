import type { DType } from '../../core/dtype.ts'
import type { Region } from './region.ts'

/** The types of elements that are read. */
export type Datatype =
  | { readonly kind: 'number'; readonly dtype: DType; readonly size: number; readonly isBigEndian: boolean }
  | { readonly kind: 'text'; readonly size: number }
  /** Text in the global heap; an element is its length, the address of a heap collection and an index. */
  | { readonly kind: 'heap-text'; readonly size: number }
  /** `name` is for messages. */
  | { readonly kind: 'other'; readonly name: string; readonly size: number }

const classNames = [
  'integer',
  'float',
  'time',
  'string',
  'bitfield',
  'opaque',
  'compound',
  'reference',
  'enumeration',
  'variable-length',
  'array',
] as const

/** @see HDF5 File Format Specification 3.0, IV.A.2.d */
export function readDatatype(region: Region): Datatype {
  const head = region.u8()
  const bits = region.u8() | (region.u8() << 8) | (region.u8() << 16)
  const size = region.u32()
  const other = (detail = ''): Datatype => ({ kind: 'other', name: `${classNames[head & 0x0f] ?? `class ${head & 0x0f}`}${detail}`, size })
  switch (classNames[head & 0x0f]) {
    case 'integer': {
      const dtype = `${bits & 8 ? 'i' : 'u'}${8 * size}`
      region.skip(2)
      const isWhole = region.u16() === 8 * size && [1, 2, 4, 8].includes(size)
      return isWhole ? { kind: 'number', dtype: dtype as DType, size, isBigEndian: (bits & 1) !== 0 } : other(` of ${size} bytes`)
    }
    case 'float': {
      region.skip(5)
      const exponentBits = region.u8()
      const dtype = floats.get(`${size} ${exponentBits}`)
      return dtype && (bits & 0x40) === 0 ? { kind: 'number', dtype, size, isBigEndian: (bits & 1) !== 0 } : other(` of ${size} bytes`)
    }
    case 'string':
      return { kind: 'text', size }
    case 'enumeration': {
      // h5py writes booleans as an enumeration of FALSE and TRUE.
      const base = readDatatype(region)
      const names = region.left >= 16 ? [region.text(8), region.text(8)] : []
      const isBool = base.kind === 'number' && base.size === 1 && (bits & 0xffff) === 2 && names[0] === 'FALSE' && names[1] === 'TRUE'
      return isBool ? { kind: 'number', dtype: 'bool', size: 1, isBigEndian: false } : other()
    }
    case 'variable-length':
      return (bits & 0x0f) === 1 ? { kind: 'heap-text', size } : other()
    default:
      return other()
  }
}

/** By bytes and bits of exponent. */
const floats: ReadonlyMap<string, DType> = new Map([
  ['2 5', 'f16'],
  ['2 8', 'bf16'],
  ['4 8', 'f32'],
  ['8 11', 'f64'],
])

const maxRank = 32

/** Sizes of a dataspace; `[]` for a scalar, undefined for the null space. @see HDF5 File Format Specification 3.0, IV.A.2.b */
export function readDataspace(region: Region): number[] | undefined {
  const version = region.u8()
  if (version !== 1 && version !== 2) throw region.bad('version 1 or 2 of a dataspace', `${version}`)
  const rank = region.u8()
  if (rank > maxRank) throw region.limit(`at most ${maxRank} dims`, `${rank}`)
  region.skip(1)
  const isNull = version === 2 ? region.u8() === 2 : region.skip(5) < 0
  if (isNull) return undefined
  return Array.from({ length: rank }, () => region.length())
}
