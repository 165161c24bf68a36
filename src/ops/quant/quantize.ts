import type { DType } from '../../core/dtype.ts'
import { attr, defineOp, operand } from '../spec.ts'

/** real = scale * (q - zeroPoint), or a widening of f16. */
export const dequantize = defineOp({
  name: 'dequantize',
  builtin: 'DEQUANTIZE',
  summary: 'stored numbers back to f32',
  operands: [operand('input', ['i4', 'i8', 'u8', 'i16', 'f16'])],
  attrs: {},
  infer: (n) => [{ dtype: 'f32', shape: n.type('input').shape }],
  version(n) {
    const [x] = n.types
    if (x!.dtype === 'i4') return 6
    if (x!.dtype === 'f16' || x!.dtype === 'i16') return 3
    if (x!.dtype === 'i8') return x!.quant?.kind === 'per-axis' ? 5 : 2
    return 1
  },
  releases: { 1: '1.13.1', 2: '1.14.0', 3: '1.15.0', 4: '2.2.0', 5: '2.7.0', 6: '2.18.0' },
  accuracy: 'exact',
})

const stored: readonly DType[] = ['i4', 'i8', 'u8', 'i16', 'i32']

/** q = round(x / scale) + zeroPoint, clamped; also from one quantization to another. */
export const quantize = defineOp({
  name: 'quantize',
  builtin: 'QUANTIZE',
  summary: 'f32 to stored numbers',
  operands: [operand('input', ['f32', 'i8', 'u8', 'i16', 'i32'])],
  attrs: { to: attr.dtype('', 'i8') },
  infer(n) {
    if (!stored.includes(n.attrs.to)) n.fail(`numbers are stored as ${stored.join(', ')}`)
    return [{ dtype: n.attrs.to, shape: n.type('input').shape }]
  },
  version(n) {
    const [out] = n.results
    if (out!.dtype === 'i4') return 4
    return out!.quant?.kind === 'per-axis' ? 3 : out!.dtype === 'i16' ? 2 : 1
  },
  releases: { 1: '1.14.0', 2: '1.15.0', 3: '2.7.0', 4: '2.21.0' },
  accuracy: 'rounding',
})
