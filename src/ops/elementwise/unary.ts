import type { DType } from '../../core/dtype.ts'
import { float, floatOrQ } from '../dtypes.ts'
import {
  type AttrSchema,
  attr,
  defineOp,
  elementsAtBatchOne,
  type FixedRanges,
  type OpSpec,
  operand,
  type QuantTraits,
  type TypedNodeView,
  versionByDType,
} from '../spec.ts'

interface UnaryRow<A extends AttrSchema> {
  summary: string
  dtypes?: readonly DType[]
  attrs?: A
  options?: string
  quant?: QuantTraits
  versions?: Partial<Record<DType, number>>
  /** In place of `versions` where more than the dtype decides. */
  version?: (node: TypedNodeView) => number
  releases: Readonly<Record<number, string>>
  accuracy?: 'exact' | 'rounding'
  passesFactors?: true
  /** Elementary operations per element. */
  work?: number
}

/** y[i] = f(x[i]); the result has the operand's type. */
function unary<const Name extends string, const A extends AttrSchema = Record<never, never>>(
  name: Name,
  row: UnaryRow<A>,
): OpSpec<Name, A> {
  return defineOp<Name, A>({
    name,
    builtin: name.toUpperCase(),
    summary: row.summary,
    operands: [operand('x', row.dtypes ?? float)],
    attrs: row.attrs ?? ({} as A),
    ...(row.options ? { options: row.options } : {}),
    infer: (n) => [{ dtype: n.type('x').dtype, shape: n.type('x').shape }],
    ...(row.quant ? { quant: row.quant } : {}),
    ...(row.passesFactors ? { passesFactors: true } : {}),
    version: row.version ?? versionByDType(row.versions ?? {}),
    releases: row.releases,
    accuracy: row.accuracy ?? 'exact',
    cost: (n) => ({ macs: 0, elementOps: (row.work ?? 1) * elementsAtBatchOne(n.type('x').shape) }),
  })
}

const sigmoidRange: FixedRanges = {
  i8: { scale: 1 / 256, zeroPoint: -128 },
  u8: { scale: 1 / 256, zeroPoint: 0 },
  i16: { scale: 1 / 32768, zeroPoint: 0 },
}
const tanhRange: FixedRanges = {
  i8: { scale: 1 / 128, zeroPoint: 0 },
  u8: { scale: 1 / 128, zeroPoint: 128 },
  i16: { scale: 1 / 32768, zeroPoint: 0 },
}
const q8: Partial<Record<DType, number>> = { i8: 2, i16: 3 }

export const relu = unary('relu', {
  summary: 'max(x, 0)',
  passesFactors: true,
  quant: { integer: ['i8', 'i16'] },
  dtypes: floatOrQ,
  versions: { i8: 2, u8: 2, i16: 3 },
  releases: { 1: '1.5.0', 2: '2.1.0', 3: '2.5.0' },
})
export const relu6 = unary('relu6', {
  summary: 'min(max(x, 0), 6)',
  quant: { integer: ['i8', 'i16'] },
  dtypes: floatOrQ,
  versions: q8,
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.5.0' },
})
export const reluN1To1 = unary('relu_n1_to_1', {
  quant: { integer: ['i8'] },
  summary: 'min(max(x, -1), 1)',
  dtypes: floatOrQ,
  releases: { 1: '1.5.0' },
})
export const relu0To1 = unary('relu_0_to_1', {
  quant: { integer: ['i8'] },
  summary: 'min(max(x, 0), 1)',
  dtypes: floatOrQ,
  releases: { 1: '2.10.0' },
})
export const leakyRelu = unary('leaky_relu', {
  summary: 'x >= 0 ? x : alpha * x',
  passesFactors: true,
  quant: { integer: ['i8', 'i16'] },
  dtypes: floatOrQ,
  attrs: { alpha: attr.f32('alpha') },
  options: 'LeakyReluOptions',
  versions: { i16: 2 },
  releases: { 1: '1.13.1', 2: '2.3.0' },
  accuracy: 'rounding',
})
export const elu = unary('elu', {
  summary: 'x >= 0 ? x : exp(x) - 1',
  dtypes: floatOrQ,
  quant: { floatOnly: 'TensorFlow has no integer ELU' },
  releases: { 1: '1.14.0' },
  accuracy: 'rounding',
  work: 5,
})
export const hardSwish = unary('hard_swish', {
  summary: 'x * relu6(x + 3) / 6',
  quant: { integer: ['i8'] },
  dtypes: floatOrQ,
  releases: { 1: '1.15.0' },
  accuracy: 'rounding',
  work: 4,
})
export const gelu = unary('gelu', {
  summary: 'x * P(X <= x) for a standard normal X; tanh form when approximate',
  quant: { integer: ['i8', 'i16'] },
  dtypes: floatOrQ,
  attrs: { approximate: attr.bool('approximate') },
  options: 'GeluOptions',
  versions: { i8: 2, u8: 2 },
  releases: { 1: '2.9.0', 2: '2.9.0' },
  accuracy: 'rounding',
  work: 10,
})
export const logistic = unary('logistic', {
  summary: '1 / (1 + exp(-x))',
  dtypes: floatOrQ,
  quant: { integer: ['i8', 'i16'], fixedRange: sigmoidRange },
  versions: q8,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0' },
  accuracy: 'rounding',
  work: 5,
})
export const tanh = unary('tanh', {
  summary: 'hyperbolic tangent',
  dtypes: floatOrQ,
  quant: { integer: ['i8', 'i16'], fixedRange: tanhRange },
  versions: q8,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0' },
  accuracy: 'rounding',
  work: 5,
})
export const exp = unary('exp', {
  summary: 'e to the x',
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  dtypes: floatOrQ,
  options: 'ExpOptions',
  versions: { i8: 2, i16: 2 },
  releases: { 1: '1.7.0', 2: '2.12.0' },
  accuracy: 'rounding',
  work: 4,
})
export const log = unary('log', {
  summary: 'natural logarithm',
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  dtypes: floatOrQ,
  versions: { i8: 2, i16: 2 },
  releases: { 1: '1.14.0', 2: '2.15.0' },
  accuracy: 'rounding',
  work: 4,
})
export const sqrt = unary('sqrt', {
  summary: 'square root',
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  dtypes: floatOrQ,
  versions: { i8: 2, i16: 2 },
  releases: { 1: '1.10.0', 2: '2.21.0' },
})
export const rsqrt = unary('rsqrt', {
  summary: '1 / sqrt(x)',
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  dtypes: floatOrQ,
  versions: q8,
  releases: { 1: '1.10.0', 2: '2.5.0', 3: '2.15.0' },
  accuracy: 'rounding',
})
export const sin = unary('sin', {
  summary: 'sine',
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.9.0' },
  accuracy: 'rounding',
  work: 4,
})
export const cos = unary('cos', {
  summary: 'cosine',
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.14.0' },
  accuracy: 'rounding',
  work: 4,
})
export const floor = unary('floor', {
  summary: 'largest integer not above x',
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.9.0' },
})
export const ceil = unary('ceil', {
  summary: 'smallest integer not below x',
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.14.0' },
})
export const round = unary('round', {
  summary: 'nearest integer, halves to even',
  quant: { floatOnly: 'no integer kernel' },
  releases: { 1: '1.14.0' },
})
export const abs = unary('abs', {
  summary: 'absolute value',
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  dtypes: ['f32', 'i8', 'i16', 'i32'],
  version: (n) => (n.types[0]?.dtype === 'i16' ? (n.types[0].quant ? 3 : 4) : versionByDType({ i32: 5, i8: 2, u8: 2 })(n)),
  releases: { 1: '1.13.0', 2: '2.4.0', 3: '2.5.0', 4: '2.6.0', 5: '2.12.0' },
})
export const neg = unary('neg', {
  summary: '-x',
  dtypes: ['f32', 'i32', 'i64'],
  options: 'NegOptions',
  quant: {
    floatOnly: 'no integer kernel',
    integerForm: { op: 'mul', second: -1 },
    passesMasks: { how: 'picked', operands: ['x'], negated: ['x'] },
  },
  releases: { 1: '1.9.0' },
})
export const square = unary('square', {
  summary: 'x * x',
  options: 'SquareOptions',
  quant: { floatOnly: 'no integer kernel', integerForm: { op: 'mul', second: 'same' } },
  releases: { 1: '1.12.0' },
})
export const sign = unary('sign', {
  summary: '-1, 0 or 1',
  dtypes: ['f32', 'f64', 'i32'],
  versions: { i32: 2 },
  releases: { 1: '2.11.0', 2: '2.12.0' },
})
export const logicalNot = unary('logical_not', {
  summary: 'not x',
  dtypes: ['bool'],
  releases: { 1: '1.11.0' },
})
export const zerosLike = unary('zeros_like', {
  summary: 'zeros of the operand shape',
  dtypes: ['f32', 'i32', 'i64'],
  options: 'ZerosLikeOptions',
  releases: { 1: '1.12.0' },
})
