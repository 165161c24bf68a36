import type { SourceAttr, SourceAttrs, SourceNode } from '../source-graph.ts'
import { FixedAttrs } from './attrs.ts'
import type { GraphNode } from './graph-node.ts'

/** An op on a list of tensors in place of one on an array; an operand is the position of one of the array op, or a constant. */
interface ListOp {
  readonly op: string
  readonly operands: readonly (number | readonly number[] | { readonly scalar: number })[]
  readonly attrs: SourceAttrs
}

/**
 * The arrays of TensorFlow 1 loops as the lists of TensorFlow 2: the flow, which orders reads and writes, is the list. Operands are those
 * of the array op without the handle; `grows` says whether writes behind its end make the array longer. Undefined for other ops.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayV3
 */
export function listOp(
  node: GraphNode,
  attrs: SourceAttrs,
  operands: readonly (SourceNode | undefined)[],
  nodes: readonly SourceNode[],
  grows: boolean,
): ListOp | undefined {
  const count = operands.length
  if (!/^TensorArray\w*V3$/.test(node.op) || count === 0) return undefined
  const type = attrs.get('dtype') ?? attrs.get('T')
  const shape = attrs.get('element_shape') ?? attrs.get('element_shape_except0')
  const known = shape?.kind === 'shape' ? shape.value : undefined
  const elementShape = known ?? { scalar: -1 }
  const fixed = (more: Readonly<Record<string, SourceAttr>> = {}) =>
    new FixedAttrs({ element_dtype: type, shape_type: { kind: 'type', value: 'i32', code: 3 }, ...more })
  switch (node.op) {
    case 'TensorArrayV3':
      return { op: 'TensorListReserve', operands: [elementShape, 0], attrs: fixed() }
    case 'TensorArrayWriteV3':
      return {
        op: 'TensorListSetItem',
        operands: [2, 0, 1],
        attrs: fixed({ resize_if_index_out_of_bounds: { kind: 'bool', value: grows } }),
      }
    case 'TensorArrayReadV3':
      return { op: 'TensorListGetItem', operands: [1, 0, elementShape], attrs: fixed() }
    case 'TensorArrayGatherV3':
      if (isRange(operands[0], nodes) && nodes[operands[0]!.inputs[1]!.node]?.op === 'TensorListLength')
        return { op: 'TensorListStack', operands: [1, elementShape], attrs: fixed() }
      return { op: 'TensorListGather', operands: [1, 0, elementShape], attrs: fixed() }
    case 'TensorArrayScatterV3':
      // What unstack makes: all elements of a new array.
      if (isRange(operands[0], nodes) && operands[2]?.op === 'TensorListReserve')
        return { op: 'TensorListFromTensor', operands: [1, elementShape], attrs: fixed() }
      return { op: 'TensorListScatterIntoExistingList', operands: [2, 1, 0], attrs: fixed() }
    case 'TensorArraySizeV3':
      return { op: 'TensorListLength', operands: [0], attrs: fixed() }
    case 'TensorArrayConcatV3':
      return { op: 'TensorListConcatV2', operands: [0, elementShape, []], attrs: fixed() }
    case 'TensorArraySplitV3':
      return { op: 'TensorListSplit', operands: [0, elementShape, 1], attrs: fixed() }
    default:
      return undefined
  }
}

/** 0, 1, 2 and so on. */
function isRange(node: SourceNode | undefined, nodes: readonly SourceNode[]): boolean {
  if (node?.op !== 'Range') return false
  const [start, , step] = node.inputs.map((i) => nodes[i.node]?.value)
  const is = (value: typeof start, n: number): boolean =>
    value !== undefined && 'data' in value && value.data.byteLength <= 8 && value.data.bytes().every((b, i) => b === (i === 0 ? n : 0))
  return is(start, 0) && is(step, 1)
}
