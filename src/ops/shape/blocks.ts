import { addDims, divDims, mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import { attr, defineOp, type NodeView, type OpSpec, operand } from '../spec.ts'

const moved = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64'] as const
/** @see LiteRT kernels/space_to_depth.cc, kernels/depth_to_space.cc */
const rearranged = moved.filter((t) => t !== 'i16')
const blockAttrs = { blockSize: attr.i32('blockSize') }

function depthOp<const Name extends string>(
  name: Name,
  options: string,
  row: { summary: string; releases: OpSpec['releases']; shape: (n: NodeView, sizes: readonly Dim[], block: number) => readonly Dim[] },
): OpSpec<Name, typeof blockAttrs> {
  return defineOp<Name, typeof blockAttrs>({
    name,
    builtin: name.toUpperCase(),
    summary: row.summary,
    operands: [operand('input', rearranged)],
    attrs: blockAttrs,
    options,
    infer(n) {
      const { shape, dtype } = n.type('input')
      const block = n.attrs.blockSize
      if (shape.length !== 4 || block < 1) n.fail('the input must have rank 4 and the block a positive size')
      return [{ dtype, shape: row.shape(n, shape, block) }]
    },
    quant: { integer: ['i8'], sameScales: { operands: ['input'], results: [0] } },
    version: (n) => (n.types[0]!.dtype === 'i8' ? 2 : 1),
    releases: row.releases,
    accuracy: 'exact',
    movesElements: true,
  })
}

function divided(n: NodeView, d: Dim, by: number, label: number): Dim {
  return divDims(d, by) ?? (typeof d === 'number' ? n.fail(`${d} does not divide by ${by}`) : n.unknown(label))
}

/** Blocks of pixels become channels: [N,H,W,C] to [N,H/b,W/b,C*b*b]. */
export const spaceToDepth = depthOp('space_to_depth', 'SpaceToDepthOptions', {
  summary: 'blocks of pixels become channels',
  releases: { 1: '1.5.0', 2: '1.14.0' },
  shape: (n, [batch, h, w, c], b) => [batch!, divided(n, h!, b, 1), divided(n, w!, b, 2), mulDims(c!, b * b)],
})

/** Channels become blocks of pixels: [N,H,W,C*b*b] to [N,H*b,W*b,C]. */
export const depthToSpace = depthOp('depth_to_space', 'DepthToSpaceOptions', {
  summary: 'channels become blocks of pixels',
  releases: { 1: '2.1.0', 2: '2.5.0' },
  shape: (n, [batch, h, w, c], b) => [batch!, mulDims(h!, b), mulDims(w!, b), divided(n, c!, b * b, 3)],
})

function batchVersion(n: Pick<NodeView, 'types'>): number {
  const [x] = n.types
  return x!.dtype === 'i16' ? 4 : x!.shape.length !== 4 ? 3 : x!.dtype === 'i8' ? 2 : 1
}

/** Pads the spatial axes, cuts them into blocks and moves each position within a block to the batch. */
export const spaceToBatchNd = defineOp({
  name: 'space_to_batch_nd',
  builtin: 'SPACE_TO_BATCH_ND',
  summary: 'positions within spatial blocks become batches',
  operands: [
    operand('input', moved),
    operand('blockShape', ['i32'], { preparing: true }),
    operand('paddings', ['i32'], { preparing: true }),
  ],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const block = n.ints('blockShape')
    const paddings = n.ints('paddings')
    if (!block || !paddings) return [{ dtype, shape: shape.map((_, i) => n.unknown(i)) }]
    if (paddings.length !== 2 * block.length || shape.length <= block.length) n.fail('block shape and paddings do not fit the input')
    const batch = mulDims(shape[0]!, ...block)
    const spatial = block.map((b, i) => divided(n, addDims(shape[i + 1]!, paddings[2 * i]! + paddings[2 * i + 1]!), b, i + 1))
    return [{ dtype, shape: [batch, ...spatial, ...shape.slice(block.length + 1)] }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: batchVersion,
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '2.3.0', 4: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['input'],
})

/** The inverse of SPACE_TO_BATCH_ND: batches become positions within spatial blocks, then the borders are cropped. */
export const batchToSpaceNd = defineOp({
  name: 'batch_to_space_nd',
  builtin: 'BATCH_TO_SPACE_ND',
  summary: 'batches become positions within spatial blocks',
  operands: [operand('input', moved), operand('blockShape', ['i32'], { preparing: true }), operand('crops', ['i32'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const block = n.ints('blockShape')
    const crops = n.ints('crops')
    if (!block || !crops) return [{ dtype, shape: shape.map((_, i) => n.unknown(i)) }]
    if (crops.length !== 2 * block.length || shape.length <= block.length) n.fail('block shape and crops do not fit the input')
    const batch = divided(
      n,
      shape[0]!,
      block.reduce((a, b) => a * b, 1),
      0,
    )
    const spatial = block.map((b, i) => addDims(mulDims(shape[i + 1]!, b), -(crops[2 * i]! + crops[2 * i + 1]!)))
    return [{ dtype, shape: [batch, ...spatial, ...shape.slice(block.length + 1)] }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: batchVersion,
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '2.3.0', 4: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['input'],
})
