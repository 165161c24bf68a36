import { defineOp, operand } from '../spec.ts'

const diagonal = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64'] as const

/** Square matrices with the rows of the operand on their diagonals. */
export const matrixDiag = defineOp({
  name: 'matrix_diag',
  builtin: 'MATRIX_DIAG',
  summary: 'matrices with given diagonals',
  operands: [operand('diagonal', diagonal)],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('diagonal')
    if (shape.length < 1) n.fail('the diagonal must have rank 1 or more')
    return [{ dtype, shape: [...shape, shape.at(-1)!] }]
  },
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'exact',
  passesOn: ['diagonal'],
})

/** `input` with the main diagonals of its matrices replaced. */
export const matrixSetDiag = defineOp({
  name: 'matrix_set_diag',
  builtin: 'MATRIX_SET_DIAG',
  summary: 'matrices with other diagonals',
  operands: [operand('input', diagonal), operand('diagonal', diagonal)],
  attrs: {},
  infer(n) {
    const [x, d] = [n.type('input'), n.type('diagonal')]
    if (x.dtype !== d.dtype || x.shape.length < 2 || d.shape.length !== x.shape.length - 1)
      n.fail('the diagonal must have the input dtype and one dim less')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'exact',
  passesOn: ['input', 'diagonal'],
})
