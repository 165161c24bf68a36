import { index, movable } from '../dtypes.ts'
import { defineOp, operand } from '../spec.ts'

/** y[i0..] = x[permuted]; result dim k is operand dim perm[k]. */
export const transpose = defineOp({
  name: 'transpose',
  builtin: 'TRANSPOSE',
  summary: 'permutes dims',
  operands: [operand('input', movable), operand('perm', index, { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const perm = n.ints('perm')
    if (!perm) return [{ dtype, shape: shape.map((_, i) => n.unknown(i)) }]
    if (perm.length !== shape.length || [...perm].sort((a, b) => a - b).some((p, i) => p !== i))
      n.fail(`[${perm.join(',')}] is no permutation of ${shape.length} dims`)
    return [{ dtype, shape: perm.map((p) => shape[p]!) }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const [x] = n.types
    const rank = x!.shape.length
    if (x!.dtype === 'f16') return 9
    if (rank > 6) return 8
    if (x!.dtype === 'i4') return 7
    if (rank > 5) return 6
    if (x!.dtype === 'i16') return 5
    if (rank > 4) return 4
    return x!.dtype === 'bool' ? 3 : x!.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '1.15.0', 4: '2.3.0', 5: '2.4.0', 6: '2.12.0', 7: '2.14.4', 8: '2.22.0', 9: '2.23.0' },
  accuracy: 'exact',
  movesElements: true,
})
