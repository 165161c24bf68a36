import { broadcastShapes } from '../../core/shape.ts'
import type { Attrs } from '../../ir/types.ts'
import { attr, defineOp, elementsAtBatchOne, operand } from '../spec.ts'

const multiplied = ['f32', 'i8', 'i16', 'i32'] as const

/** Of either operand, as if it were the second. @see litert-quantizer 0.11 common_utils.py, get_bmm_weight_quantized_dim */
const channelAxis = ({ adjY }: Attrs, rank: number): number => (adjY ? rank - 2 : rank - 1)

/** Matrix product over the last two dims; the dims before them broadcast. `adjX`, `adjY`: that operand is transposed. */
export const batchMatmul = defineOp({
  name: 'batch_matmul',
  builtin: 'BATCH_MATMUL',
  summary: 'matrix products over the last two dims',
  operands: [operand('x', multiplied), operand('y', multiplied)],
  attrs: { adjX: attr.bool('adjX'), adjY: attr.bool('adjY'), asymmetricQuantizeInputs: attr.bool('asymmetricQuantizeInputs') },
  options: 'BatchMatMulOptions',
  infer(n) {
    const [x, y] = [n.type('x'), n.type('y')]
    if (x.shape.length < 2 || y.shape.length < 2) n.fail('both operands must have rank 2 or more')
    const { adjX, adjY } = n.attrs
    const [rows, inner] = [x.shape.at(adjX ? -1 : -2)!, x.shape.at(adjX ? -2 : -1)!]
    const [inner2, cols] = [y.shape.at(adjY ? -1 : -2)!, y.shape.at(adjY ? -2 : -1)!]
    if (typeof inner === 'number' && typeof inner2 === 'number' && inner !== inner2)
      n.fail(`rows of ${inner} elements do not fit columns of ${inner2}`)
    const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2)) ?? n.fail('the leading dims do not broadcast')
    return [{ dtype: x.dtype, shape: [...batch, rows, cols] }]
  },
  quant: {
    integer: ['i8', 'i16'],
    signedOnly: true,
    weights: [
      {
        operand: 'y',
        axis: null,
        narrowRange: true,
        integerAs: 'activation',
        small: { dynamic: [8], weightOnly: [8, 4], channelAxis },
      },
      { operand: 'x', axis: null, narrowRange: true, integerAs: 'activation', small: { dynamic: [], weightOnly: [8, 4], channelAxis } },
    ],
    dynamicRange: { setAttrs: { asymmetricQuantizeInputs: true } },
  },
  version(n) {
    const [x, y] = n.types
    if (x?.dtype === 'i16') return 3
    if (x?.dtype === 'i8') return 2
    return x?.dtype === 'f32' && y?.dtype === 'i8' && n.attrs.asymmetricQuantizeInputs ? 4 : 1
  },
  releases: { 1: '2.3.0', 2: '2.3.0', 3: '2.4.0', 4: '2.5.0' },
  accuracy: 'rounding',
  cost(n) {
    const inner = n.type('x').shape.at(n.attrs.adjX ? -2 : -1)!
    return { macs: elementsAtBatchOne([...n.results[0]!.shape, inner]), elementOps: 0 }
  },
})
