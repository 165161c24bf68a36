import { type ConstData, constFromBytes, lazyConst, repeatedConst } from '../../core/bytes.ts'
import { bytesOf, type DType } from '../../core/dtype.ts'
import { dtypeOfCode, nameOfCode } from '../../schema/tensorflow/data-type.ts'
import type { TensorProto, TensorShapeProto } from '../../schema/tensorflow/graph.ts'
import { limitExceeded, malformed } from '../../wire/diagnostics.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'
import { unsupportedDataType } from './diagnostics.ts'

/** Constants that the file states in short form (one value for all) may be far larger than the file. */
const maxExpandedBytes = 2 ** 31 - 1
/** Below this size a short form is expanded at once. */
const eagerBytes = 4096
const maxStrings = 2 ** 22

/** Dims, -1 for an unknown one; undefined when the rank is unknown. An absent shape is a scalar's. */
export function dimsOf(shape: TensorShapeProto | undefined): readonly number[] | undefined {
  if (shape?.unknownRank) return undefined
  return shape ? shape.dim.map((d) => d?.size ?? 0) : []
}

/** The dims of a stored tensor and their product. Throws `wire/malformed` for sizes that no tensor has. */
export function staticDims(shape: TensorShapeProto | undefined, file: string, what: string): { dims: readonly number[]; count: number } {
  const dims = dimsOf(shape)
  const count = dims?.reduce((n, d) => n * d, 1)
  if (!dims || count === undefined || dims.some((d) => !Number.isInteger(d) || d < 0) || count > Number.MAX_SAFE_INTEGER) {
    throw malformed({ file, what: `shape of ${what}`, expected: 'known sizes', actual: `[${dims?.slice(0, 8) ?? 'unknown rank'}]` })
  }
  return { dims, count }
}

/** Bytes of one element as TensorFlow stores it: sub-byte types take a byte each. */
export function storedBytes(dtype: NumericConst['dtype']): number {
  return {
    f32: 4,
    f16: 2,
    bf16: 2,
    f64: 8,
    i4: 1,
    u4: 1,
    i2: 1,
    i8: 1,
    i16: 2,
    i32: 4,
    i64: 8,
    u8: 1,
    u16: 2,
    u32: 4,
    u64: 8,
    bool: 1,
    c64: 8,
    c128: 16,
  }[dtype]
}

export function isNumeric(dtype: DType): dtype is NumericConst['dtype'] {
  return dtype !== 'string' && dtype !== 'resource' && dtype !== 'variant'
}

/**
 * A TensorProto as a constant; its bytes are a view where the file holds all of them. `what` names it in errors, e.g.
 * `constant "dense/shape"`. Throws `import/unsupported-data-type`, `wire/malformed`, `wire/limit-exceeded`.
 */
export function constantOf(proto: TensorProto, file: string, what: string): SourceConst {
  const dtype = dtypeOfCode(proto.dtype)
  if (dtype === undefined || dtype === 'resource' || dtype === 'variant') throw unsupportedDataType(file, what, nameOfCode(proto.dtype))
  const { dims, count } = staticDims(proto.tensorShape, file, what)
  if (dtype === 'string') {
    if (count > maxStrings) throw limitExceeded({ file, what, expected: `at most ${maxStrings} strings`, actual: `${count}` })
    const last = proto.stringVal.at(-1) ?? new Uint8Array(0)
    return { dtype, shape: dims, strings: Array.from({ length: count }, (_, i) => proto.stringVal[i] ?? last) }
  }
  const elementBytes = storedBytes(dtype)
  const byteLength = elementBytes * count
  const content = proto.tensorContent
  if (content.byteLength > 0) {
    if (content.byteLength !== byteLength) throw malformed({ file, what, expected: `${byteLength} bytes`, actual: `${content.byteLength}` })
    return { dtype, shape: dims, data: constFromBytes(content) }
  }
  if (byteLength > maxExpandedBytes) throw limitExceeded({ file, what, expected: 'less than 2 GiB', actual: `${byteLength} bytes` })
  return { dtype, shape: dims, data: expanded(statedElements(proto, dtype), elementBytes, byteLength) }
}

/** The elements that the file states, as bytes. */
function statedElements(proto: TensorProto, dtype: NumericConst['dtype']): Uint8Array {
  switch (dtype) {
    case 'f32':
      return bytesOf(Float32Array.from(proto.floatVal))
    case 'f64':
      return bytesOf(Float64Array.from(proto.doubleVal))
    case 'c64':
      return bytesOf(Float32Array.from(proto.scomplexVal))
    case 'c128':
      return bytesOf(Float64Array.from(proto.dcomplexVal))
    case 'i64':
      return bytesOf(BigInt64Array.from(proto.int64Val))
    case 'u64':
      return bytesOf(BigUint64Array.from(proto.uint64Val))
    case 'u32':
      return bytesOf(Uint32Array.from(proto.uint32Val))
    case 'bool':
      return Uint8Array.from(proto.boolVal, (b) => (b ? 1 : 0))
    case 'f16':
    case 'bf16':
      return bytesOf(Uint16Array.from(proto.halfVal))
    case 'i32':
      return bytesOf(Int32Array.from(proto.intVal))
    case 'i16':
    case 'u16':
      return bytesOf(Uint16Array.from(proto.intVal))
    case 'i8':
    case 'u8':
    case 'i4':
    case 'u4':
    case 'i2':
      return Uint8Array.from(proto.intVal)
  }
}

/** `byteLength` bytes that begin with the stated ones and repeat the last stated element; zeros when none is stated. */
function expanded(stated: Uint8Array, elementBytes: number, byteLength: number): ConstData {
  const whole = stated.byteLength - (stated.byteLength % elementBytes)
  if (whole >= byteLength) return constFromBytes(stated.subarray(0, byteLength))
  if (whole <= elementBytes && byteLength > eagerBytes)
    return repeatedConst(whole === 0 ? new Uint8Array(elementBytes) : stated.slice(0, whole), byteLength)
  const expand = (): Uint8Array => {
    const out = new Uint8Array(byteLength)
    if (whole === 0) return out
    out.set(stated.subarray(0, whole))
    const last = stated.subarray(whole - elementBytes, whole)
    const rest = out.subarray(whole)
    rest.set(last)
    // What is filled doubles until the end.
    for (let n = elementBytes; n < rest.byteLength; n *= 2) rest.copyWithin(n, 0, Math.min(n, rest.byteLength - n))
    return out
  }
  return byteLength <= eagerBytes ? constFromBytes(expand()) : lazyConst(byteLength, expand)
}
