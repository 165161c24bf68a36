import type { DType } from '../../core/dtype.ts'
import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import type { KerasOp } from './keras-op.ts'

/*
 * Arguments of functions in a model (operations of Keras 3, TFOpLambda layers): tensors, numbers, nested lists of both, and what
 * Keras serializes as an object.
 */

const dtypes: ReadonlyMap<string, DType> = new Map([
  ['float16', 'f32'],
  ['bfloat16', 'f32'],
  ['float32', 'f32'],
  ['float64', 'f32'],
  ['int8', 'i8'],
  ['int16', 'i16'],
  ['int32', 'i32'],
  ['int64', 'i64'],
  ['uint8', 'u8'],
  ['uint16', 'u16'],
  ['uint32', 'u32'],
  ['bool', 'bool'],
])

/** A dtype by its name; floats of every width are f32 here, as layers compute. */
export function dtypeNamed(k: KerasOp, v: Json | undefined): DType {
  const dtype = typeof v === 'string' ? dtypes.get(v) : undefined
  return dtype ?? k.reject(`the type ${JSON.stringify(v ?? null).slice(0, 60)} is not supported`)
}

/** Nested lists that hold tensors, stacked; undefined where there is none in them. Numbers take the type of the tensors. */
function stacked(k: KerasOp, b: OpBuilder, v: Json | undefined): Value | undefined {
  const first = firstTensor(k, v)
  if (!first) return undefined
  const parts = promoted(k, b, v as readonly Json[])
  return b.op(op.pack, parts, { valuesCount: parts.length, axis: 0 })
}

function firstTensor(k: KerasOp, v: Json | undefined): Value | undefined {
  if (!Array.isArray(v)) return undefined
  for (const part of v) {
    const found = k.operandOf(part) ?? firstTensor(k, part)
    if (found) return found
  }
  return undefined
}

/** A tensor, tensors in lists stacked, or a constant from numbers: of the type of `like` where that can hold them, else i32 or f32. */
export function tensorOf(k: KerasOp, b: OpBuilder, v: Json | undefined, like?: DType): Value {
  const operand = k.operandOf(v)
  if (operand) return operand
  if (v !== undefined && v !== null && isJsonObject(v)) {
    const config = member(v, 'config')
    if (isArray(v) && config !== undefined && isJsonObject(config!))
      return tensorOf(k, b, member(config, 'value'), dtypeNamed(k, member(config, 'dtype')))
  }
  const list = stacked(k, b, v)
  if (list) return list
  const { shape, numbers } = nested(k, v ?? null)
  const isWhole = numbers.every((n) => Number.isInteger(n))
  const isBool = Array.isArray(v) ? false : typeof v === 'boolean'
  const dtype = like === undefined || (!isWhole && like !== 'f32') ? (isWhole ? 'i32' : 'f32') : like
  if (dtype === 'f32') return b.f32(numbers.map(Math.fround), shape)
  const ints = b.i32(numbers, shape)
  return dtype === 'i32' && !isBool ? ints : b.op(op.cast, [ints], { to: isBool && like === undefined ? 'bool' : dtype })
}

/** Nested lists of equal length as a shape and numbers; true and false count as 1 and 0. */
function nested(k: KerasOp, v: Json): { shape: number[]; numbers: number[] } {
  if (typeof v === 'number') return { shape: [], numbers: [v] }
  if (typeof v === 'boolean') return { shape: [], numbers: [v ? 1 : 0] }
  if (!Array.isArray(v)) return k.reject(`the argument ${JSON.stringify(v).slice(0, 60)} is no tensor`)
  const parts = (v as readonly Json[]).map((item) => nested(k, item))
  const inner = parts[0]?.shape ?? []
  if (parts.some((p) => p.shape.join() !== inner.join())) return k.reject('a list among the arguments is no rectangle')
  return { shape: [parts.length, ...inner], numbers: parts.flatMap((p) => p.numbers) }
}

/** Several operands of one type: floats when one of them is, else an integer that holds all; numbers take the type of the tensors. */
export function promoted(k: KerasOp, b: OpBuilder, args: readonly (Json | undefined)[]): Value[] {
  const tensors = args.map((v) => k.operandOf(v) ?? tensorLiteral(k, b, v) ?? stacked(k, b, v))
  const isNumber = (v: Json | undefined, i: number) => !tensors[i] && hasNumber(v)
  const types = tensors.flatMap((t) => (t ? [t.type.dtype] : []))
  const hasFraction = args.some((v, i) => !tensors[i] && hasNumber(v, (n) => !Number.isInteger(n)))
  const common = commonType(hasFraction ? [...types, 'f32'] : types)
  const target = common === 'bool' && args.some(isNumber) ? 'i32' : common
  return args.map((v, i) => {
    const value = tensors[i] ?? tensorOf(k, b, v, target)
    return value.type.dtype === target ? value : b.op(op.cast, [value], { to: target })
  })
}

/** Whether an argument is a number, or a list that holds one. */
function hasNumber(v: Json | undefined, test: (n: number) => boolean = () => true): boolean {
  return typeof v === 'number' ? test(v) : Array.isArray(v) && (v as readonly Json[]).some((item) => hasNumber(item, test))
}

/** The type that holds every value of the others: `f32` where one is, else the smallest such integer. @see keras.src.backend.common.dtypes */
export function commonType(types: readonly DType[]): DType {
  return types.reduce<DType>(joined, 'bool')
}

function joined(x: DType, y: DType): DType {
  if (x === y || y === 'bool') return x
  if (x === 'bool') return y
  const [p, q] = [widthOf(x), widthOf(y)]
  if (!p || !q) return x === 'c64' || y === 'c64' ? 'c64' : 'f32'
  if (p.isSigned === q.isSigned) return p.bits > q.bits ? x : y
  const [signed, unsigned] = p.isSigned ? [p, q] : [q, p]
  return `i${Math.max(signed.bits, Math.min(2 * unsigned.bits, 64)) as 16 | 32 | 64}`
}

function widthOf(dtype: DType): { isSigned: boolean; bits: number } | undefined {
  const match = /^([iu])(\d+)$/.exec(dtype)
  return match ? { isSigned: match[1] === 'i', bits: Number(match[2]) } : undefined
}

/** An array among the arguments. */
function tensorLiteral(k: KerasOp, b: OpBuilder, v: Json | undefined): Value | undefined {
  return v !== undefined && v !== null && isJsonObject(v) && isArray(v) ? tensorOf(k, b, v) : undefined
}

/** `{class_name: "__tensor__" or "__numpy__", config: {value, dtype}}` */
export function isArray(v: JsonObject): boolean {
  const className = member(v, 'class_name')
  return className === '__tensor__' || className === '__numpy__'
}

/** Integers that may be tensors, as one i32 vector: `[-1, n]`. */
export function vectorOf(k: KerasOp, b: OpBuilder, v: Json | undefined): Value {
  const operand = k.operandOf(v)
  if (operand) return operand.type.dtype === 'i32' ? operand : b.op(op.cast, [operand], { to: 'i32' })
  const items = (Array.isArray(v) ? v : [v ?? null]) as readonly Json[]
  if (items.every((n) => typeof n === 'number')) return b.i32(items as number[])
  const parts = items.map((item) => {
    const value = tensorOf(k, b, item, 'i32')
    return b.op(op.reshape, [value.type.dtype === 'i32' ? value : b.op(op.cast, [value], { to: 'i32' }), b.i32([1])])
  })
  return b.op(op.concatenation, parts, { axis: 0 })
}

/** Axes of a reduction in `[0, rank)`: one, a list, or all where the file says null. */
export function axesOf(k: KerasOp, v: Json | undefined, rank: number): number[] {
  if (v === undefined || v === null) return Array.from({ length: rank }, (_, i) => i)
  const list = (Array.isArray(v) ? v : [v]) as readonly Json[]
  return list.map((a) => (typeof a === 'number' ? k.axis(a, rank) : k.reject('the axes must be constant')))
}
