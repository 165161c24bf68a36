import { defineOp, operand } from '../spec.ts'

/** Rows of `values` at `ids`. */
export const embeddingLookup = defineOp({
  name: 'embedding_lookup',
  builtin: 'EMBEDDING_LOOKUP',
  summary: 'rows of a table',
  operands: [operand('ids', ['i32']), operand('values', ['f32', 'i8', 'u8', 'i4', 'i2'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape } = n.type('values')
    const ids = n.type('ids').shape
    if (ids.length !== 1 || shape.length < 2) n.fail('ids must be a vector and values have rank 2 or more')
    return [{ dtype: 'f32', shape: [ids[0]!, ...shape.slice(1)] }]
  },
  quant: {
    weights: [
      { operand: 'values', axis: 0, narrowRange: true, small: { dynamic: [8, 4, 2], blocks: [4], weightOnly: [8, 4] }, rotates: 'result' },
    ],
    dynamicRange: { setAttrs: {} },
  },
  version(n) {
    const { dtype, quant } = n.type('values')
    return dtype === 'i4' || quant?.kind === 'per-axis' ? 4 : 1
  },
  releases: { 1: '1.13.0', 2: '1.14.0', 3: '1.14.0', 4: '2.18.0', 5: '2.21.0' },
  accuracy: 'exact',
})
