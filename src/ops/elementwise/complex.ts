import { defineOp, type OpSpec, operand } from '../spec.ts'

function part<const Name extends string>(name: Name, summary: string, accuracy: 'exact' | 'rounding'): OpSpec<Name, Record<never, never>> {
  return defineOp<Name, Record<never, never>>({
    name,
    builtin: name.toUpperCase(),
    summary,
    operands: [operand('x', ['c64'])],
    attrs: {},
    infer: (n) => [{ dtype: 'f32', shape: n.type('x').shape }],
    version: () => 1,
    releases: { 1: '2.5.0' },
    accuracy,
  })
}

export const real = part('real', 'real part', 'exact')
export const imag = part('imag', 'imaginary part', 'exact')
export const complexAbs = part('complex_abs', 'absolute value of a complex number', 'rounding')
