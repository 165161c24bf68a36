import { addDims, divDims, mulDims, subDims } from '../../core/dim.ts'
import type { DType } from '../../core/dtype.ts'
import { broadcastShapes, type Dim, larger } from '../../core/shape.ts'
import { floatOrQ } from '../dtypes.ts'
import { type AttrSchema, attr, defineOp, elementsAtBatchOne, type OpSpec, operand, type QuantTraits, type TypedNodeView } from '../spec.ts'
import { knownDims } from '../view.ts'

interface BinaryRow<A extends AttrSchema> {
  summary: string
  dtypes: readonly DType[]
  attrs?: A
  options?: string
  /** dtype of the result where it is not the operands'. */
  result?: DType
  quant?: QuantTraits
  version?: (node: TypedNodeView) => number
  releases: Readonly<Record<number, string>>
  accuracy?: 'exact' | 'rounding'
  broadcastRank?: number
  dims?: (a: Dim, b: Dim) => Dim | undefined
}

/** z = f(x, y) with NumPy broadcasting; both operands have one dtype. */
function binary<const Name extends string, const A extends AttrSchema = Record<never, never>>(
  name: Name,
  row: BinaryRow<A>,
): OpSpec<Name, A> {
  return defineOp<Name, A>({
    name,
    builtin: name.toUpperCase(),
    summary: row.summary,
    operands: [operand('x', row.dtypes), operand('y', row.dtypes)],
    attrs: row.attrs ?? ({} as A),
    ...(row.options ? { options: row.options } : {}),
    infer(n) {
      const x = n.type('x')
      const y = n.type('y')
      if (x.dtype !== y.dtype) n.fail('both operands must have one dtype')
      const shape = broadcastShapes(x.shape, y.shape) ?? n.fail('the shapes do not broadcast')
      return [{ dtype: row.result ?? x.dtype, shape }]
    },
    ...(row.quant ? { quant: row.quant } : {}),
    version: row.version ?? (() => 1),
    releases: row.releases,
    accuracy: row.accuracy ?? 'exact',
    ...(row.broadcastRank === undefined ? {} : { broadcastRank: row.broadcastRank }),
    ...(row.dims ? { dims: elementwiseDims(row.dims) } : {}),
    cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.results[0]!.shape) }),
  })
}

function elementwiseDims(f: (a: Dim, b: Dim) => Dim | undefined): NonNullable<OpSpec['dims']> {
  return ({ values }) => {
    const [x, y] = values
    if (!x?.dims && !y?.dims) return undefined
    const a = knownDims(x)
    const b = knownDims(y)
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined
    const out = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => f(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!))
    return out.every((d) => d !== undefined) ? (out as Dim[]) : undefined
  }
}

/** The one of two dims that `pick` takes of their sizes, when it can be told: they are equal, or numbers. */
function ofTwo(pick: (a: number, b: number) => number, a: Dim, b: Dim): Dim | undefined {
  if (a === b) return a
  return typeof a === 'number' && typeof b === 'number' ? pick(a, b) : undefined
}

const isQuantized = (n: TypedNodeView) => n.types[0]?.quant !== undefined
const broadcastsAbove4 = (n: TypedNodeView) => n.results[0]!.shape.length > 4 && n.types[0]!.shape.join() !== n.types[1]!.shape.join()
const is = (n: TypedNodeView, dtype: DType) => n.types[0]?.dtype === dtype
/** max over i8, broadcast above rank 4: the rule of MAXIMUM and MINIMUM. */
const extremeVersion = (n: TypedNodeView) => (is(n, 'i16') ? 4 : broadcastsAbove4(n) ? 3 : is(n, 'i8') ? 2 : 1)
const compareVersion = (n: TypedNodeView) => (is(n, 'i8') ? 2 : 1)

export const add = binary('add', {
  summary: 'x + y',
  quant: { integer: ['i8', 'i16'], int16Attrs: { potScaleInt16: false }, passesMasks: { how: 'added', operands: ['x', 'y'] } },
  dtypes: [...floatOrQ, 'i32', 'i64'],
  attrs: { fusedActivation: attr.activation(), potScaleInt16: attr.bool('potScaleInt16', true) },
  options: 'AddOptions',
  version(n) {
    if (is(n, 'i16')) return !isQuantized(n) ? 5 : n.attrs.potScaleInt16 ? 1 : 3
    return is(n, 'i64') ? 4 : is(n, 'i8') ? 2 : 1
  },
  broadcastRank: 6,
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.4.0', 4: '2.6.0', 5: '2.13.0' },
  dims: addDims,
})
export const sub = binary('sub', {
  summary: 'x - y',
  quant: {
    integer: ['i8', 'i16'],
    int16Attrs: { potScaleInt16: false },
    passesMasks: { how: 'added', operands: ['x', 'y'], negated: ['y'] },
  },
  dtypes: [...floatOrQ, 'i32', 'i64'],
  attrs: { fusedActivation: attr.activation(), potScaleInt16: attr.bool('potScaleInt16', true) },
  options: 'SubOptions',
  version: (n) => (is(n, 'i16') && !n.attrs.potScaleInt16 ? 5 : is(n, 'i64') ? 4 : broadcastsAbove4(n) ? 3 : is(n, 'i8') ? 2 : 1),
  broadcastRank: 6,
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '2.3.0', 4: '2.4.0', 5: '2.4.0' },
  dims: subDims,
})
export const mul = binary('mul', {
  summary: 'x * y',
  quant: { integer: ['i8', 'i16'], passesMasks: { how: 'multiplied', operands: ['x', 'y'] } },
  dtypes: [...floatOrQ, 'i32', 'u32', 'i64', 'c64'],
  attrs: { fusedActivation: attr.activation() },
  options: 'MulOptions',
  version(n) {
    if (is(n, 'i16')) return isQuantized(n) ? 4 : 7
    if (is(n, 'u32')) return 7
    if (is(n, 'c64')) return 6
    if (is(n, 'i64')) return 5
    const [x, y] = n.types.map((t) => (t?.quant?.kind === 'per-tensor' ? t.quant.scale : undefined))
    const out = n.results[0]!.quant
    if (x && y && out?.kind === 'per-tensor' && (x * y) / out.scale >= 1) return 3
    return is(n, 'i8') ? 2 : 1
  },
  broadcastRank: 6,
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '1.15.0', 4: '2.3.0', 5: '2.6.0', 6: '2.11.0', 7: '2.13.0' },
  dims: mulDims,
})
export const div = binary('div', {
  summary: 'x / y',
  quant: { integer: ['i8', 'i16'], nonZero: 'y' },
  dtypes: ['f32', 'i32', 'u8', 'i8', 'i16'],
  attrs: { fusedActivation: attr.activation() },
  options: 'DivOptions',
  version: (n) => (broadcastsAbove4(n) ? 2 : 1),
  broadcastRank: 6,
  releases: { 1: '1.6.0', 2: '2.3.0' },
  dims: (a, b) => (typeof a === 'number' && typeof b === 'number' && b !== 0 ? Math.trunc(a / b) : divDims(a, b)),
})
export const maximum = binary('maximum', {
  summary: 'larger of x and y',
  quant: {
    integer: ['i8', 'i16'],
    sameScales: { operands: ['x', 'y'], results: [0] },
    passesMasks: { how: 'picked', operands: ['x', 'y'] },
  },
  dtypes: [...floatOrQ, 'i32', 'i64'],
  version: extremeVersion,
  broadcastRank: 5,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0', 4: '2.3.0' },
  dims: (a, b) => (typeof a === 'string' && typeof b === 'string' && a !== b ? larger(a, b) : ofTwo(Math.max, a, b)),
})
export const minimum = binary('minimum', {
  summary: 'smaller of x and y',
  quant: {
    integer: ['i8', 'i16'],
    sameScales: { operands: ['x', 'y'], results: [0] },
    passesMasks: { how: 'picked', operands: ['x', 'y'] },
  },
  dtypes: [...floatOrQ, 'i32', 'i64'],
  version: extremeVersion,
  broadcastRank: 5,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0', 4: '2.3.0' },
  dims: (a, b) => ofTwo(Math.min, a, b),
})
export const squaredDifference = binary('squared_difference', {
  summary: '(x - y) squared',
  quant: { integer: ['i8'], signedOnly: true },
  dtypes: ['f32', 'i8', 'i32'],
  version: (n) => (is(n, 'i8') ? 2 : 1),
  broadcastRank: 4,
  releases: { 1: '1.13.1', 2: '2.5.0' },
})
export const pow = binary('pow', {
  summary: 'x to the y',
  dtypes: ['f32', 'i32'],
  quant: { floatOnly: 'no integer kernel' },
  broadcastRank: 4,
  releases: { 1: '1.10.0' },
  accuracy: 'rounding',
})
export const floorDiv = binary('floor_div', {
  summary: 'floor(x / y)',
  dtypes: ['f32', 'i8', 'i16', 'i32'],
  version: (n) => (is(n, 'i8') || is(n, 'i16') ? 3 : is(n, 'f32') ? 2 : 1),
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.13.0' },
  dims: (a, b) => (typeof a === 'number' && typeof b === 'number' && b !== 0 ? Math.floor(a / b) : divDims(a, b)),
})
export const floorMod = binary('floor_mod', {
  summary: 'x - floor(x / y) * y',
  dtypes: ['f32', 'i8', 'i16', 'i32', 'i64'],
  version: (n) => (is(n, 'i8') || is(n, 'i16') ? 2 : 1),
  broadcastRank: 4,
  releases: { 1: '1.13.0', 2: '2.13.0' },
})
/** Sizes of one name are equal; of different names nothing is known. */
const compared =
  (holds: (a: number, b: number) => boolean) =>
  (a: Dim, b: Dim): Dim | undefined => {
    if (typeof a === 'number' && typeof b === 'number') return Number(holds(a, b))
    return a === b ? Number(holds(0, 0)) : undefined
  }
const comparable: readonly DType[] = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64']
export const greater = binary('greater', {
  summary: 'x > y',
  quant: { integer: ['i8'] },
  dtypes: comparable,
  result: 'bool',
  version: compareVersion,
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0' },
  dims: compared((a, b) => a > b),
})
export const greaterEqual = binary('greater_equal', {
  summary: 'x >= y',
  quant: { integer: ['i8'] },
  dtypes: comparable,
  result: 'bool',
  version: (n) => (is(n, 'i16') ? 3 : compareVersion(n)),
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.13.0' },
  dims: compared((a, b) => a >= b),
})
export const less = binary('less', {
  summary: 'x < y',
  quant: { integer: ['i8'] },
  dtypes: comparable,
  result: 'bool',
  version: (n) => (is(n, 'i16') ? 3 : compareVersion(n)),
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.13.0' },
  dims: compared((a, b) => a < b),
})
export const lessEqual = binary('less_equal', {
  summary: 'x <= y',
  quant: { integer: ['i8'] },
  dtypes: comparable,
  result: 'bool',
  version: compareVersion,
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0' },
  dims: compared((a, b) => a <= b),
})
export const equal = binary('equal', {
  summary: 'x == y',
  quant: { integer: ['i8', 'i16'] },
  dtypes: [...comparable, 'bool', 'string'],
  result: 'bool',
  version: (n) => (is(n, 'i16') ? 5 : is(n, 'string') ? 3 : is(n, 'i8') ? 2 : 1),
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0', 4: '2.13.0', 5: '2.21.0' },
  dims: compared((a, b) => a === b),
})
export const notEqual = binary('not_equal', {
  summary: 'x != y',
  quant: { integer: ['i8', 'i16'] },
  dtypes: [...comparable, 'bool', 'string'],
  result: 'bool',
  version: (n) => (is(n, 'i16') ? 4 : is(n, 'string') ? 3 : is(n, 'i8') ? 2 : 1),
  broadcastRank: 4,
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '2.3.0', 4: '2.21.0' },
  dims: compared((a, b) => a !== b),
})
export const logicalAnd = binary('logical_and', {
  summary: 'x and y',
  dtypes: ['bool'],
  broadcastRank: 4,
  releases: { 1: '1.11.0' },
})
export const logicalOr = binary('logical_or', {
  summary: 'x or y',
  dtypes: ['bool'],
  broadcastRank: 4,
  releases: { 1: '1.11.0' },
})

export const atan2 = binary('atan2', {
  summary: 'angle of the point (y, x)',
  dtypes: ['f32', 'f64'],
  quant: { floatOnly: 'no integer kernel' },
  broadcastRank: 0,
  releases: { 1: '2.10.0' },
  accuracy: 'rounding',
})
const words: readonly DType[] = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32']
export const bitwiseXor = binary('bitwise_xor', {
  summary: 'bits that differ',
  dtypes: words,
  broadcastRank: 4,
  releases: { 1: '2.13.0' },
})
export const rightShift = binary('right_shift', {
  summary: 'x shifted right by y bits, with its sign',
  dtypes: words,
  broadcastRank: 4,
  releases: { 1: '2.13.0' },
})
