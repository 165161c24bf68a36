import { DowncastError } from '../core/diagnostics.ts'
import { dtypeOfCode, nameOfCode } from '../schema/tensorflow/data-type.ts'
import { type AttrValue, NodeAttributes } from '../schema/tensorflow/graph.ts'
import { readFlexBuffer } from '../wire/flexbuffers/read.ts'
import type { FlexRead } from '../wire/flexbuffers/types.ts'
import { decodeBytes } from '../wire/protobuf.ts'
import type { OptionValue } from './types.ts'

/** Larger options than any op has are not decoded. */
const maxBytes = 1 << 20

/**
 * The options of a custom op as plain data: a FlexBuffer map of its attributes, or for a Flex op the attributes of its NodeDef.
 * Empty for any other bytes: what the options of a custom op are is up to its kernel.
 */
export function customOptions(op: string, bytes: Uint8Array): { readonly [name: string]: OptionValue } {
  if (bytes.byteLength === 0 || bytes.byteLength > maxBytes) return {}
  try {
    if (op.startsWith('Flex')) return nodeAttributes(bytes)
    const read = readFlexBuffer(bytes, op)
    return read instanceof Map ? (plain(read) as { readonly [name: string]: OptionValue }) : {}
  } catch (e) {
    if (e instanceof DowncastError) return {}
    throw e
  }
}

/** A Flex op has a vector of its TensorFlow name and a NodeDef, which the format takes for a text: its place is looked up in the bytes. */
function nodeAttributes(bytes: Uint8Array): { readonly [name: string]: OptionValue } {
  const read = readFlexBuffer(bytes, 'NodeDef', { textAsBytes: true })
  const def = Array.isArray(read) ? (read[1] as FlexRead) : undefined
  if (!(def instanceof Uint8Array)) return {}
  const { attr } = decodeBytes(NodeAttributes, def, 'NodeDef')
  return Object.fromEntries([...attr].map(([name, value]) => [name, attrOption(value.decode())]))
}

const utf8 = new TextDecoder()

function attrOption(v: AttrValue): OptionValue {
  if (v.s) return utf8.decode(v.s)
  if (v.type !== undefined) return dtypeOfCode(v.type) ?? nameOfCode(v.type)
  const { list } = v
  if (list)
    return [...list.s.map((s) => utf8.decode(s)), ...list.i, ...list.f, ...list.b, ...list.type.map((t) => dtypeOfCode(t) ?? nameOfCode(t))]
  return v.i ?? v.f ?? v.b ?? (v.shape ? v.shape.dim.map((d) => d.size) : null)
}

function plain(v: FlexRead): OptionValue {
  if (v instanceof Map) return Object.fromEntries([...v].map(([key, item]) => [key, plain(item)]))
  if (v instanceof Uint8Array) return `${v.byteLength} bytes`
  if (Array.isArray(v)) return (v as readonly FlexRead[]).map(plain)
  if (typeof v === 'bigint') return String(v)
  if (typeof v === 'number') return Number.isFinite(v) ? v : String(v)
  return v as string | boolean | null
}
