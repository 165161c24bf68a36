import type { DType } from '../core/dtype.ts'
import { malformed } from './diagnostics.ts'

export interface NpyHeader {
  readonly dtype: DType
  readonly isBigEndian: boolean
  readonly isFortran: boolean
  readonly shape: readonly number[]
}

/** NumPy's type letters with their bytes; ml_dtypes saves bfloat16 as opaque bytes, so it is not here. */
const dtypes: ReadonlyMap<string, DType> = new Map([
  ['f2', 'f16'],
  ['f4', 'f32'],
  ['f8', 'f64'],
  ['i1', 'i8'],
  ['i2', 'i16'],
  ['i4', 'i32'],
  ['i8', 'i64'],
  ['u1', 'u8'],
  ['u2', 'u16'],
  ['u4', 'u32'],
  ['u8', 'u64'],
  ['b1', 'bool'],
  ['c8', 'c64'],
  ['c16', 'c128'],
])

/** The letters NumPy uses for a dtype, with its byte order; undefined for types NumPy has none for. */
export function npyDescr(dtype: DType): string | undefined {
  for (const [letters, d] of dtypes) if (d === dtype) return (letters.endsWith('1') ? '|' : '<') + letters
  return undefined
}

type Literal = string | boolean | readonly number[]

const token = /\s*(?:([{}(),:])|'([^'\\]*)'|"([^"\\]*)"|(True|False)|(\d{1,16})L?)/y

/**
 * Parses the Python literal of a `.npy` header: a dict of exactly `descr`, `fortran_order` and `shape`.
 * `offset` is where the text starts in `file`. Throws `wire/malformed`.
 */
export function parseNpyHeader(file: string, text: string, offset: number): NpyHeader {
  let at = 0
  const bad = (expected: string): never => {
    const found = text.slice(at, at + 24).trimEnd()
    throw malformed({ file, offset: offset + at, what: 'npy header', expected, actual: found === '' ? 'its end' : JSON.stringify(found) })
  }
  const next = (): RegExpExecArray | null => {
    token.lastIndex = at
    const m = token.exec(text)
    if (m) at = token.lastIndex
    return m
  }
  const punctuation = (expected: string): string => {
    const start = at
    const found = next()?.[1]
    if (found !== undefined && expected.includes(found)) return found
    at = start
    return bad(`one of ${expected}`)
  }
  const tuple = (): number[] => {
    const dims: number[] = []
    for (;;) {
      const start = at
      const m = next()
      if (m?.[1] === ')') return dims
      if (m?.[5] === undefined) {
        at = start
        return bad('a size')
      }
      const size = Number(m[5])
      if (!Number.isSafeInteger(size)) return bad('a size below 2^53')
      dims.push(size)
      if (punctuation(',)') === ')') return dims
    }
  }
  const value = (): Literal => {
    const start = at
    const m = next()
    const string = m?.[2] ?? m?.[3]
    if (string !== undefined) return string
    if (m?.[4] !== undefined) return m[4] === 'True'
    if (m?.[1] === '(') return tuple()
    at = start
    return bad('a string, True, False or a tuple of sizes')
  }

  const fields = new Map<string, Literal>()
  punctuation('{')
  for (;;) {
    const start = at
    const m = next()
    if (m?.[1] === '}') break
    const key = m?.[2] ?? m?.[3]
    if (key === undefined || fields.has(key)) {
      at = start
      return bad('a key that has not come yet')
    }
    punctuation(':')
    fields.set(key, value())
    if (punctuation(',}') === '}') break
  }
  if (text.slice(at).trim() !== '') return bad('the end of the header')
  const descr = fields.get('descr')
  const isFortran = fields.get('fortran_order')
  const shape = fields.get('shape')
  if (fields.size !== 3 || typeof descr !== 'string' || typeof isFortran !== 'boolean' || typeof shape !== 'object') {
    throw malformed({ file, offset, what: 'npy header', expected: 'descr, fortran_order and shape', actual: [...fields.keys()].join(', ') })
  }
  const dtype = dtypes.get(descr.slice(1))
  if (dtype === undefined || !/^[<>|=]/.test(descr)) {
    const hint = 'Convert the array first, for example with array.astype("float32").'
    throw malformed({ file, offset, what: 'npy dtype', expected: 'numbers or booleans', actual: JSON.stringify(descr), hint })
  }
  return { dtype, isBigEndian: descr[0] === '>', isFortran, shape }
}
