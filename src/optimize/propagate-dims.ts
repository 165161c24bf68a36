import { elementCount } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import { foldDims } from '../ops/fold.ts'
import { findSpec } from '../ops/index.ts'
import type { Pass } from './pass.ts'

/** Larger integer tensors are data, not shapes. */
const maxShapeElements = 64

/** Marks what is known of the elements of shape arithmetic, for graphs that were not built here (a file's). */
export const propagateDims: Pass = {
  name: 'propagate-dims',
  run({ graph }) {
    for (const node of graph.finish().nodes) {
      const spec = findSpec(node.op)
      const results = node.outputs.map((id) => graph.value(id))
      if (!spec || !results.every(isShapeLike) || results.every((v) => v.dims)) continue
      const operands = graph.operands(node)
      if (node.op !== 'shape' && !operands.some((v) => v?.dims)) continue
      const types = results.map((v) => v.type)
      foldDims(spec, node.attrs, operands, types)?.forEach((dims, i) => {
        if (dims.length === elementCount(types[i]!.shape)) graph.updateValue(results[i]!.id, { dims })
      })
    }
  },
}

function isShapeLike({ type }: Value): boolean {
  const count = elementCount(type.shape)
  return /^i(32|64)$/.test(type.dtype) && count !== undefined && count <= maxShapeElements
}
