import type { SourceGraph, SourceNode } from '../import/source-graph.ts'
import { followInputs, walkOf } from './follow-inputs.ts'

/** Ops that take any integers in all of their operands. */
const onNumbers: ReadonlySet<string> = new Set(
  `Abs Add AddN AddV2 Cast ClipByValue ConcatV2 Equal Greater GreaterEqual Identity IdentityN Less LessEqual LogicalAnd LogicalNot LogicalOr
  Maximum Minimum Mul Neg NotEqual OnesLike Pack Rank Relu Select SelectV2 Shape Sign Size Square SquaredDifference StopGradient Sub
  ZerosLike`.split(/\s+/),
)

/** Ops that take any in the operand named, and places or sizes in others. */
const dataOperand: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(
    `All Any ArgMax ArgMin BroadcastTo Cumsum ExpandDims Gather GatherNd GatherV2 Max Mean Min MirrorPad Pad Prod Reshape Reverse ReverseV2
    Slice SplitV Squeeze StridedSlice Sum Tile TopKV2 Transpose Unpack`
      .split(/\s+/)
      .map((op) => [op, 0]),
  ),
  Fill: 1,
  Split: 1,
})

/** Results that are numbers of their own: real, true or false, or sizes. */
const ends = /^(Equal|Greater|GreaterEqual|Less|LessEqual|NotEqual|Rank|Shape|Size|ArgMax|ArgMin|OnesLike|ZerosLike|Logical\w+)$/

/** The inputs whose integers are numbers only: none of what is made of them is an index, an axis, a size or a count. */
export function plainNumbers(graph: SourceGraph): ReadonlySet<string> {
  const plain = new Set(graph.inputs.map((p) => p.name))
  const isData = (node: SourceNode, operand: number): boolean => onNumbers.has(node.op) || dataOperand[node.op] === operand
  followInputs({
    ...walkOf(graph),
    handsOn: (node, operand) => isData(node, operand) && !isReal(node) && !ends.test(node.op),
    read(node, operand, from) {
      if (!isData(node, operand)) for (const name of from) plain.delete(name)
    },
  })
  return plain
}

function isReal({ op, attrs }: SourceNode): boolean {
  const type = op === 'Cast' ? attrs.get('DstT') : undefined
  return type?.kind === 'type' && /^(f|bf|bool)/.test(type.value ?? '')
}
