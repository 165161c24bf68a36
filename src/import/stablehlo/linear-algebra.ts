import { flag, type Tensor } from './body.ts'
import type { HloOp, Translate } from './hlo-op.ts'

function swapped(o: HloOp, x: Tensor, rank: number): Tensor {
  return o.body.transpose(
    x,
    Array.from({ length: rank }, (_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)),
  )
}

function cholesky(o: HloOp): Tensor {
  const rank = o.rank(0)
  if (o.flag('lower')) return o.body.op('Cholesky', [o.in(0)])
  return swapped(o, o.body.op('Cholesky', [swapped(o, o.in(0), rank)]), rank)
}

/** op(A) X = B, or X op(A) = B as op(A)^T X^T = B^T. */
function triangularSolve(o: HloOp): Tensor {
  const { body } = o
  const rank = o.rank(0)
  const transposed = o.word('transpose_a')
  if (transposed === 'ADJOINT' && o.dtype(0).startsWith('c')) return o.refuse()
  const isLeft = o.flag('left_side')
  const isTransposed = /^(TRANSPOSE|ADJOINT)$/.test(transposed) === isLeft
  let a = o.in(0)
  if (o.flag('unit_diagonal')) {
    const sizes = o.sizes(0).slice(0, -1)
    a = body.op('MatrixSetDiag', [a, body.op('Fill', [body.sizes(sizes), body.numbers(o.dtype(0), [1])])])
  }
  const b = isLeft ? o.in(1) : swapped(o, o.in(1), rank)
  const x = body.op('MatrixTriangularSolve', [a, b], { lower: flag(o.flag('lower')), adjoint: flag(isTransposed) })
  return isLeft ? x : swapped(o, x, rank)
}

/** Over the last dims, as many as there are lengths. */
function fft(o: HloOp): Tensor {
  const lengths = o.ints('fft_length')
  const kind = o.word('fft_type')
  const op = `${kind}${lengths.length === 1 ? '' : `${lengths.length}D`}`
  if (!/^I?R?FFT([23]D)?$/.test(op)) return o.refuse()
  return o.body.op(op, kind.includes('R') ? [o.in(0), o.body.ints(lengths)] : [o.in(0)])
}

export const linearAlgebra: Readonly<Record<string, Translate>> = { cholesky, fft, triangular_solve: triangularSolve }
