import { invariant } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import type { Attrs, AttrValue } from '../ir/types.ts'
import { dtypeOfTensorType, tensorTypeOfDType } from '../schema/tflite/dtype.ts'
import type { OpSpec } from './spec.ts'

/** A `BuiltinOptions` table as plain fields. */
export type OptionFields = Readonly<Record<string, unknown>>

/** The flatbuffer fields that hold a node's attributes. */
export function encodeOptions(spec: OpSpec, attrs: Attrs): OptionFields {
  const fields: Record<string, unknown> = {}
  for (const [name, a] of Object.entries(spec.attrs)) {
    const value = attrs[name]
    invariant(value !== undefined, `${spec.name} lacks the attribute ${name}`)
    if (a.kind === 'i32-tuple') for (const [i, field] of a.fields.entries()) fields[field] = (value as number[])[i]
    else if (a.field === '') continue
    else if (a.kind === 'enum') fields[a.field] = enumInFile(value as string)
    else if (a.kind === 'i64') fields[a.field] = BigInt(value as number)
    else if (a.kind === 'dtype') fields[a.field] = tensorTypeOfDType(value as DType)
    else fields[a.field] = value
  }
  return fields
}

/** Attributes from the flatbuffer fields; what a file leaves out has the record's default. The read twin of `encodeOptions`. */
export function decodeOptions(spec: OpSpec, fields: OptionFields | undefined): Attrs {
  const attrs: Record<string, AttrValue> = {}
  for (const [name, a] of Object.entries(spec.attrs)) {
    const fallback = 'default' in a ? a.default : a.kind === 'bytes' ? new Uint8Array() : 0
    if (a.kind === 'i32-tuple') attrs[name] = a.fields.map((field, i) => (fields?.[field] as number | undefined) ?? a.default?.[i] ?? 0)
    else attrs[name] = decodeField(a.kind, fields?.[a.field]) ?? fallback!
  }
  return attrs
}

/** Enum names are upper case in files, with one exception. */
function enumInFile(name: string): string {
  return name === 'shuffled4x16int8' ? 'SHUFFLED4x16INT8' : name.toUpperCase()
}

function decodeField(kind: string, value: unknown): AttrValue | undefined {
  if (value === undefined) return undefined
  if (kind === 'enum') return (value as string).toLowerCase()
  if (kind === 'i64') return Number(value)
  if (kind === 'dtype') return dtypeOfTensorType(value as string)
  if (kind === 'i32s' || kind === 'f32s') return Array.from(value as ArrayLike<number>)
  return value as AttrValue
}
