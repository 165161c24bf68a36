import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { Formula } from '../../formula.ts'
import { expandDims, identityMatrix, squeezeDim, toF32, transposed } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { type PlainAttrs, tensorflowOp } from '../../tf/call.ts'
import { tensorOf } from '../arguments.ts'
import { fixTheShape, type KerasOp, layer } from '../keras-op.ts'
import { floats, option, run } from './operation.ts'

/*
 * Factors, inverses and systems of equations of matrices.
 */

const of = (name: string): Lowering => layer((k, b) => run(k, b, name, [floats(k, b)]))

const isUpper = (k: KerasOp): boolean => option(k, 'upper', 1) === true

function cholesky(k: KerasOp, b: OpBuilder): Value {
  const y = run(k, b, 'Cholesky', [floats(k, b)])
  return isUpper(k) ? transposed(b, y) : y
}

/** The inverse of the matrix that has this factor. */
function choleskyInverse(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const size = x.type.shape.at(-1)
  if (typeof size !== 'number') return k.reject('the size of the matrices must be known', fixTheShape)
  const inverse = run(k, b, 'MatrixTriangularSolve', [x, identityMatrix(b, size)], { lower: !isUpper(k) })
  return run(k, b, 'BatchMatMulV2', [inverse, inverse], isUpper(k) ? { adj_y: true } : { adj_x: true })
}

/** Of positive definite matrices: from their factor. */
function logDeterminant(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const diagonal = run(k, b, 'MatrixDiagPart', [run(k, b, 'Cholesky', [floats(k, b)])])
  return f.mul(f.sum(f.log(diagonal), [diagonal.type.shape.length - 1]), 2)
}

/** A system of equations with matrices on its right side, or vectors. */
function solve(name: string, attrs: (k: KerasOp) => PlainAttrs): Lowering {
  return layer((k, b) => {
    const [x, y] = [k.argument(0, 'a'), k.argument(1, 'b')].map((v) => toF32(b, tensorOf(k, b, v))) as [Value, Value]
    const rank = y.type.shape.length
    if (rank !== x.type.shape.length - 1) return run(k, b, name, [x, y], attrs(k))
    return squeezeDim(b, run(k, b, name, [x, expandDims(b, y, rank)], attrs(k)), rank)
  })
}

export const linearAlgebra: LoweringRegistry = {
  Det: of('MatrixDeterminant'),
  Slogdet: layer((k, b) => tensorflowOp(k, b, 'LogMatrixDeterminant', [floats(k, b)])),
  Logdet: layer(logDeterminant),
  Inv: of('MatrixInverse'),
  Cholesky: layer(cholesky),
  CholeskyInverse: layer(choleskyInverse),
  Solve: solve('MatrixSolve', () => ({})),
  SolveTriangular: solve('MatrixTriangularSolve', (k) => ({ lower: option(k, 'lower', 2) === true })),
  Qr: layer((k, b) => tensorflowOp(k, b, 'Qr', [floats(k, b)], { full_matrices: option(k, 'mode', 1) === 'complete' })),
}
