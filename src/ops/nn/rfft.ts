import { mapDim } from '../../core/dim.ts'
import { defineOp, operand } from '../spec.ts'

/** Fourier transform of real data over the last two dims, cut or padded with zeros to `fftLength` (powers of two). */
export const rfft2d = defineOp({
  name: 'rfft2d',
  builtin: 'RFFT2D',
  summary: '2-D Fourier transform of real data',
  operands: [operand('input', ['f32']), operand('fftLength', ['i32'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape } = n.type('input')
    if (shape.length < 2) n.fail('the input must have rank 2 or more')
    const length = n.dims('fftLength')
    if (length && length.length !== 2) n.fail('the lengths must be 2')
    const [rows, cols] = length ?? [n.unknown(0), n.unknown(1)]
    const half = mapDim(
      cols!,
      (c) => Math.floor(c / 2) + 1,
      (name) => `${name}/2+1`,
    )
    return [{ dtype: 'c64', shape: [...shape.slice(0, -2), rows!, half] }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.5.0' },
  accuracy: 'rounding',
})
