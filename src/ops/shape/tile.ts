import { mulDims } from '../../core/dim.ts'
import { typedView } from '../../core/dtype.ts'
import { broadcastShapes, type Dim } from '../../core/shape.ts'
import { index } from '../dtypes.ts'
import { defineOp, type NodeView, operand } from '../spec.ts'
import { knownDims } from '../view.ts'

const spread = ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'u32', 'i64', 'bool'] as const

/** The operand repeated `multiples` times along each axis. */
export const tile = defineOp({
  name: 'tile',
  builtin: 'TILE',
  summary: 'the operand repeated along its axes',
  operands: [operand('input', [...spread, 'string']), operand('multiples', index, { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const multiples = n.dims('multiples')
    if (multiples && multiples.length !== shape.length) n.fail(`multiples must have ${shape.length} elements`)
    return [{ dtype, shape: shape.map((d, i) => (multiples ? mulDims(d, multiples[i]!) : n.unknown(i))) }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: (n) => (n.types[0]!.dtype === 'i8' ? 3 : n.types[0]!.dtype === 'string' ? 2 : 1),
  releases: { 1: '1.10.1', 2: '2.2.0', 3: '2.8.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** The operand at a larger shape, as NumPy broadcasts it. */
export const broadcastTo = defineOp({
  name: 'broadcast_to',
  builtin: 'BROADCAST_TO',
  summary: 'the operand at a larger shape',
  operands: [operand('input', [...spread, 'string']), operand('shape', index, { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const wanted = n.dims('shape')
    if (!wanted) return [{ dtype, shape: n.unknownShape('shape') }]
    if (wanted.length < shape.length || !broadcastShapes(shape, wanted)) n.fail(`it does not broadcast to [${wanted.join(',')}]`)
    return [{ dtype, shape: wanted }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  // Version 1 was withdrawn.
  version: (n) => (n.types[0]!.dtype === 'i8' || n.types[0]!.dtype === 'i16' ? 3 : 2),
  releases: { 2: '2.5.0', 3: '2.5.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** The shape to which two shapes, given as vectors, broadcast. */
export const broadcastArgs = defineOp({
  name: 'broadcast_args',
  builtin: 'BROADCAST_ARGS',
  summary: 'the shape to which two shapes broadcast',
  operands: [operand('x', index), operand('y', index)],
  attrs: {},
  infer(n) {
    const [x, y] = [n.type('x'), n.type('y')]
    const [a, b] = [x.shape[0], y.shape[0]]
    const areVectors = x.shape.length === 1 && y.shape.length === 1
    if (!areVectors || typeof a !== 'number' || typeof b !== 'number' || x.dtype !== y.dtype)
      return n.fail('both operands must be vectors of one dtype and known size')
    return [{ dtype: x.dtype, shape: [Math.max(a, b)] }]
  },
  dims({ values }) {
    const [x, y] = values.map(knownDims)
    return x && y && broadcastShapes(x, y)
  },
  version: () => 1,
  releases: { 1: '2.6.0' },
  accuracy: 'exact',
})

/** A tensor of the shape `dims` with one value everywhere. */
export const fill = defineOp({
  name: 'fill',
  builtin: 'FILL',
  summary: 'one value everywhere',
  operands: [operand('dims', index, { preparing: true }), operand('value', [...spread, 'string'])],
  attrs: {},
  infer(n) {
    const { dtype } = n.type('value')
    return [{ dtype, shape: n.dims('dims') ?? n.unknownShape('dims') }]
  },
  dims({ values: [dims, value] }) {
    const [size, ...others] = knownDims(dims) ?? [undefined]
    const element = knownDims(value)?.[0]
    if (!value?.dims || others.length > 0 || typeof size !== 'number' || element === undefined) return undefined
    return new Array<Dim>(size).fill(element)
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['value'], results: [0] }, passesMasks: { how: 'picked', operands: ['value'] } },
  version(n) {
    const { dtype } = n.type('value')
    if (dtype === 'f16') return 4
    return dtype === 'i8' || dtype === 'i16' ? 3 : dtype === 'bool' || dtype === 'string' ? 2 : 1
  },
  releases: { 1: '1.13.0', 2: '2.3.0', 3: '2.5.0', 4: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['value'],
})

const counted = ['f32', 'i32', 'i64'] as const

/** start, start + delta, ... up to but without limit. */
export const range = defineOp({
  name: 'range',
  builtin: 'RANGE',
  summary: 'numbers at equal steps',
  operands: [
    operand('start', counted, { preparing: true }),
    operand('limit', counted, { preparing: true }),
    operand('delta', counted, { preparing: true }),
  ],
  attrs: {},
  infer(n) {
    const { dtype } = n.type('start')
    const types = [n.type('start'), n.type('limit'), n.type('delta')]
    if (types.some((t) => t.dtype !== dtype || t.shape.length > 0)) n.fail('its operands must be scalars of one dtype')
    const [start, limit, delta] = (['start', 'limit', 'delta'] as const).map((o) => knownNumber(n, o))
    if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
      if (delta === 0) n.fail('the step is 0')
      return [{ dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }]
    }
    return [{ dtype, shape: [start === 0 && delta === 1 && limit !== undefined ? limit : n.unknown('')] }]
  },
  version: (n) => (n.types[0]!.dtype === 'i64' ? 2 : 1),
  releases: { 1: '1.13.0', 2: '2.14.0' },
  accuracy: 'exact',
})

/** A scalar operand's value when it is known. */
function knownNumber(n: NodeView, name: string): Dim | undefined {
  if (n.type(name).dtype !== 'f32') return n.dims(name)?.[0]
  const data = n.values[['start', 'limit', 'delta'].indexOf(name)]?.data
  return data && typedView('f32', data.bytes())[0]
}
