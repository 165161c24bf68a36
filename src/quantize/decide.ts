import { bitsOf, byteLengthOf } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import type { Node, TensorType, Value } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import { operandAt } from './static/roles.ts'
import type { Decision } from './types.ts'

/** What becomes of one constant. */
export function decide(node: Node, index: number, value: Value, to: TensorType | undefined, reason?: string): Decision {
  const spec = findSpec(node.op)
  const { quant } = to ?? {}
  const scaleBytes = quant === undefined ? 0 : quant.kind === 'per-tensor' ? 4 : quant.scales.length * (quant.kind === 'blockwise' ? 2 : 4)
  const elements = elementCount(value.type.shape)!
  return {
    tensor: value.name,
    op: node.op,
    operand: (spec && operandAt(spec, index)?.name) ?? String(index),
    layer: node.origin.source[0],
    elements,
    from: value.type.dtype,
    to: to?.dtype ?? value.type.dtype,
    granularity: quant === undefined ? 'none' : quant.kind,
    ...(quant?.kind === 'blockwise' && { blockSize: quant.blockSize }),
    bits: bitsOf(to?.dtype ?? value.type.dtype),
    bytesBefore: value.data!.byteLength,
    bytesAfter: to ? byteLengthOf(to.dtype, elements) + scaleBytes : value.data!.byteLength,
    reason,
  }
}
