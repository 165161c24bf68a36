import { mulDims } from '../../../core/dim.ts'
import type { DType } from '../../../core/dtype.ts'
import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { Formula } from '../../formula.ts'
import { castTo, countUp, reshapeTo, shapeOperand, toBool, toF32 } from '../../operands.ts'
import type { Lowering } from '../../registry.ts'
import { type PlainAttrs, tensorflowOp } from '../../tf/call.ts'
import { axesOf, commonType, promoted, tensorOf } from '../arguments.ts'
import { fixTheShape, type KerasOp, layer } from '../keras-op.ts'

/*
 * Operations of Keras 3 (`keras.ops`) that stand in a functional model as layers do: how they read operands and options. What they
 * compute is TensorFlow's; most are said in terms of its ops.
 */

/** The tensor that an operation of one operand works on. */
export const first = (k: KerasOp, b: OpBuilder): Value =>
  tensorOf(
    k,
    b,
    ['x', 'inputs', 'x1', 'images', 'a', 'y', 'array', 'indices', 'data', 'tensor', 'variable']
      .map((name) => k.argument(0, name))
      .find((v) => v !== undefined),
  )

export const floats = (k: KerasOp, b: OpBuilder): Value => toF32(b, first(k, b))

/** Both operands as one type. */
export const pair = (k: KerasOp, b: OpBuilder): [Value, Value] => {
  const [x, y] = promoted(k, b, [k.argument(0, 'x1') ?? k.argument(0, 'x'), k.argument(1, 'x2') ?? k.argument(1, 'y')])
  return [x!, y!]
}

/** The same where numbers count as i32 or f32 tensors of their own. */
export const tensorPair = (k: KerasOp, b: OpBuilder): [Value, Value] => {
  const values = ['x1', 'x2'].map((name, i) => numeric(b, tensorOf(k, b, k.argument(i, name))))
  const type = commonType(values.map((v) => v.type.dtype))
  return values.map((v) => castTo(b, v, type)) as [Value, Value]
}

export const floatPair = (k: KerasOp, b: OpBuilder): [Value, Value] => {
  const [x, y] = pair(k, b)
  return [toF32(b, x), toF32(b, y)]
}

/** A formula of the operand as floats. */
export const ofFloats = (work: (f: Formula, x: Value, k: KerasOp) => Value): Lowering =>
  layer((k, b) => work(new Formula(b), floats(k, b), k))

/** An option of the operation: of its configuration, or of the call where it is written there; null and absent are undefined. */
export const option = (k: KerasOp, name: string, position = 99): Json | undefined => k.config(name) ?? k.argument(position, name)

/** An option that is a number. */
export function numberOption(k: KerasOp, name: string, def: number): number {
  const v = option(k, name) ?? def
  return typeof v === 'number' ? v : k.reject(`${name} must be a constant number`)
}

/** The one result of a TensorFlow op. */
export const run = (k: KerasOp, b: OpBuilder, name: string, operands: readonly Value[], attrs: PlainAttrs = {}): Value =>
  tensorflowOp(k, b, name, operands, attrs)[0]!

export const tf = (name: string): Lowering => layer((k, b) => run(k, b, name, [first(k, b)]))
export const tfFloat = (name: string): Lowering => layer((k, b) => run(k, b, name, [floats(k, b)]))
export const tfPair = (name: string): Lowering => layer((k, b) => run(k, b, name, pair(k, b)))
export const tfFloatPair = (name: string): Lowering => layer((k, b) => run(k, b, name, floatPair(k, b)))
export const tfBoolPair = (name: string): Lowering =>
  layer((k, b) =>
    run(
      k,
      b,
      name,
      pair(k, b).map((v) => toBool(b, v)),
    ),
  )

/** Bools as integers: TensorFlow's arithmetic knows no bools. */
export const numeric = (b: OpBuilder, x: Value): Value => (x.type.dtype === 'bool' ? castTo(b, x, 'i32') : x)

/** Both operands as one type of numbers. */
export const numericPair = (k: KerasOp, b: OpBuilder): [Value, Value] => {
  const [x, y] = pair(k, b)
  return [numeric(b, x), numeric(b, y)]
}

/** The type in which integers are added up: 32 bits at least. */
export function sumType(dtype: DType): DType {
  if (dtype === 'bool' || dtype === 'i8' || dtype === 'i16') return 'i32'
  return dtype === 'u8' || dtype === 'u16' ? 'u32' : dtype
}

/** Several tensors in a list, as one type. */
export const listOf = (k: KerasOp, b: OpBuilder, name: string): Value[] => {
  const v = k.argument(0, name) ?? k.argument(0, 'inputs')
  const list = Array.isArray(v) ? (v as readonly Json[]) : [v]
  return list.length > 0 ? promoted(k, b, list) : k.reject('it takes at least one tensor')
}

/** The axis an operation works along; without one, it works on all elements in a row. */
export function alongAxis(k: KerasOp, b: OpBuilder, x: Value, axis: Json | undefined): { x: Value; axis: number; isFlat: boolean } {
  const isFlat = axis === undefined || axis === null
  if (isFlat) return { x: reshapeTo(b, x, [mulDims(...x.type.shape)]), axis: 0, isFlat }
  return { x, axis: axesOf(k, axis, x.type.shape.length)[0]!, isFlat }
}

/** The size of a dim, a scalar. */
export function sizeOf(b: OpBuilder, x: Value, axis: number): Value {
  return reshapeTo(b, shapeOperand(b, [x.type.shape[axis]!], [x]), [])
}

/** 0, 1, .. up to the size of a dim, a vector. */
export function placesAlong(b: OpBuilder, x: Value, axis: number): Value {
  return countUp(b, sizeOf(b, x, axis))
}

/** A dim that must be a number. */
export function knownSize(k: KerasOp, x: Value, axis: number): number {
  const size = x.type.shape[axis]
  return typeof size === 'number' ? size : k.reject(`the size of dim ${axis} must be known, found ${size ?? 'none'}`, fixTheShape)
}
