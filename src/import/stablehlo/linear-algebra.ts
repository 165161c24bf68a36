import { flag, int, type Tensor, type as typeAttr } from './body.ts'
import type { Bound, HloOp, Translate, Translated } from './hlo-op.ts'

function swapped(o: HloOp, x: Tensor, rank: number): Tensor {
  return o.body.transpose(
    x,
    Array.from({ length: rank }, (_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)),
  )
}

/** The triangle that is asked for; the other one is zero. */
function factor(o: HloOp, isLower: boolean): Tensor {
  const rank = o.rank(0)
  if (isLower) return o.body.op('Cholesky', [o.in(0)])
  return swapped(o, o.body.op('Cholesky', [swapped(o, o.in(0), rank)]), rank)
}

interface Triangular {
  readonly isLeft: boolean
  readonly isLower: boolean
  readonly isTransposed: boolean
  readonly hasUnitDiagonal: boolean
}

/** op(A) X = B, or X op(A) = B as op(A)^T X^T = B^T. */
function solved(o: HloOp, { isLeft, isLower, isTransposed, hasUnitDiagonal }: Triangular): Tensor {
  const { body } = o
  const rank = o.rank(0)
  let a = o.in(0)
  if (hasUnitDiagonal) {
    const sizes = o.sizes(0).slice(0, -1)
    a = body.op('MatrixSetDiag', [a, body.op('Fill', [body.sizes(sizes), body.numbers(o.dtype(0), [1])])])
  }
  const b = isLeft ? o.in(1) : swapped(o, o.in(1), rank)
  const x = body.op('MatrixTriangularSolve', [a, b], { lower: flag(isLower), adjoint: flag(isTransposed === isLeft) })
  return isLeft ? x : swapped(o, x, rank)
}

function triangularSolve(o: HloOp): Tensor {
  const transposed = o.word('transpose_a')
  if (transposed === 'ADJOINT' && o.dtype(0).startsWith('c')) return o.refuse()
  return solved(o, {
    isLeft: o.flag('left_side'),
    isLower: o.flag('lower'),
    isTransposed: /^(TRANSPOSE|ADJOINT)$/.test(transposed),
    hasUnitDiagonal: o.flag('unit_diagonal'),
  })
}

/** Over the last dims, as many as there are lengths. */
function fft(o: HloOp): Tensor {
  const lengths = o.ints('fft_length')
  const kind = o.word('fft_type')
  const op = `${kind}${lengths.length === 1 ? '' : `${lengths.length}D`}`
  if (!/^I?R?FFT([23]D)?$/.test(op)) return o.refuse()
  return o.body.op(op, kind.includes('R') ? [o.in(0), o.body.ints(lengths)] : [o.in(0)])
}

const maxPivots = 64

/** What LAPACK does for JAX on a CPU; the last result says that it went well. @see jaxlib, cpu/lapack_kernels.h */
const lapack: Readonly<Record<string, (o: HloOp) => readonly (Tensor | Bound)[]>> = {
  gesdd: (o) => {
    const isAlone = letter(o, 'mode') === 'N'
    const [s, u, v] = o.body.ops('Svd', [o.in(0)], { compute_uv: flag(!isAlone), full_matrices: flag(isSquare(o, 2) && isSquare(o, 3)) }, 3)
    return [o.bound(0), s!, u!, isAlone ? v! : swapped(o, v!, o.rank(0)), wentWell(o)]
  },
  getrf: (o) => {
    const [factors, order] = o.body.ops('Lu', [o.in(0)], { output_idx_type: typeAttr('i32') }, 2)
    return [factors!, pivots(o, order!), wentWell(o)]
  },
  potrf: (o) => [factor(o, letter(o, 'uplo') === 'L'), wentWell(o)],
  syevd: (o) => {
    const [values, vectors] = o.body.ops('SelfAdjointEigV2', [o.in(0)], { compute_v: flag(letter(o, 'mode') !== 'N') }, 2)
    return [vectors!, values!, wentWell(o)]
  },
  trsm: (o) => [
    solved(o, {
      isLeft: letter(o, 'side') === 'L',
      isLower: letter(o, 'uplo') === 'L',
      isTransposed: letter(o, 'trans_x') !== 'N',
      hasUnitDiagonal: letter(o, 'diag') === 'U',
    }),
  ],
}

const wentWell = (o: HloOp): Bound => o.scalar('i32', 0)

function isSquare(o: HloOp, result: number): boolean {
  const [rows, columns] = o.result(result).slice(-2)
  return rows === columns
}

/** What LAPACK calls job, uplo, side and so on: a letter. */
function letter(o: HloOp, name: string): string {
  const config = o.op.attrs.get('mhlo.backend_config')
  const code = config?.kind === 'dictionary' ? config.entries.get(name) : undefined
  return code?.kind === 'int' ? String.fromCharCode(Number(code.value)) : o.refuse()
}

/** The row, from 1, that each row in turn was swapped with: where what is in its place in the end lay among the rows from there on. */
function pivots(o: HloOp, order: Tensor): Tensor {
  const { body } = o
  const rank = o.rank(0) - 1
  const count = o.result(1).at(-1) ?? o.refuse()
  if (count > maxPivots) return o.refuse()
  const part = (x: Tensor, begin: number, end?: number) => body.slice(x, rank, rank - 1, begin, end)
  let rows = body.op('AddV2', [body.op('ZerosLike', [order]), body.range(count)])
  const steps = Array.from({ length: count }, (_, i) => {
    const isHere = body.op('Equal', [rows, part(order, i, i + 1)])
    rows = part(body.op('SelectV2', [isHere, part(rows, 0, 1), rows]), 1)
    return body.op('ArgMax', [body.cast(isHere, 'bool', 'i32'), body.ints([rank - 1], [])], { output_type: typeAttr('i32') })
  })
  const numbers = body.numbers(
    'i32',
    steps.map((_, i) => i + 1),
    [count],
  )
  return body.op('AddV2', [body.op('Pack', steps, { N: int(count), axis: int(rank - 1) }), numbers])
}

/** Undefined for what is no call of LAPACK that is known. */
export function lapackCall(o: HloOp, target: string): Translated | undefined {
  const name = /^lapack_[sd](\w+?)_ffi$/.exec(target)?.[1] ?? ''
  return Object.hasOwn(lapack, name) ? lapack[name]!(o) : undefined
}

export const linearAlgebra: Readonly<Record<string, Translate>> = {
  cholesky: (o) => factor(o, o.flag('lower')),
  fft,
  triangular_solve: triangularSolve,
}
