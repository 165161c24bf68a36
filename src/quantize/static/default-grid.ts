import type { Graph, NodeId, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import type { Grids } from './assign-grids.ts'
import type { Grid } from './grid.ts'

/**
 * The grids with `grid` for every activation that nodes of `able` read or make and that has none.
 * @see TensorFlow lite/transforms/default_quant_params.cc
 */
export function withDefault(graph: Graph, able: ReadonlySet<NodeId>, grids: Grids, grid: Grid): Grids {
  const seen = new Map(grids.seen)
  const shared = new Map(grids.shared)
  for (const node of graph.nodes) {
    if (!able.has(node.id)) continue
    const values: (ValueId | null)[] = [...node.inputs, ...node.outputs]
    for (const id of values) {
      const value = id === null ? undefined : graph.values.get(id)!
      if (value && !value.data && value.type.dtype === 'f32' && !seen.has(value.id)) seen.set(value.id, grid)
    }
    if (findSpec(node.op)?.quant?.sameScales && !shared.has(node.id)) shared.set(node.id, grid)
  }
  return { ...grids, seen, shared }
}
