import { bitsOf, type DType } from '../../core/dtype.ts'
import { attr, defineOp, operand } from '../spec.ts'

const fixedSize: readonly DType[] = ['f32', 'f16', 'f64', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64']

/** The same bytes as another type; a difference in size adds or takes a last dim. Files hold `to` only as the type of the result. */
export const bitcast = defineOp({
  name: 'bitcast',
  builtin: 'BITCAST',
  summary: 'the same bytes as another type',
  operands: [operand('input', fixedSize)],
  attrs: { to: attr.dtype('', 'f32') },
  infer(n) {
    const { shape, dtype } = n.type('input')
    const { to } = n.attrs
    const [from, into] = [bitsOf(dtype), bitsOf(to)]
    if (!fixedSize.includes(to)) n.fail(`${to} has no fixed size`)
    if (from === into) return [{ dtype: to, shape }]
    if (from > into) return [{ dtype: to, shape: [...shape, from / into] }]
    if (shape.at(-1) !== into / from) n.fail(`the last dim must be ${into / from}`)
    return [{ dtype: to, shape: shape.slice(0, -1) }]
  },
  version: () => 1,
  releases: { 1: '2.13.0' },
  accuracy: 'exact',
})
