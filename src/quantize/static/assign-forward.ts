import { GraphEditor } from '../../ir/graph.ts'
import type { Graph, NodeId, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { type AssignOptions, floatResults, type Grids, mustRead, stateGrids } from './assign-grids.ts'
import { type Grid, grid, sameGrid } from './grid.ts'
import { sharedOperands } from './roles.ts'

/**
 * Grids as TensorFlow's quantizer for i16 activations, and litert-quantizer for all, gives them, op after op: a result has the grid of its own range, or that of the
 * operand where the op only moves it; several operands that must share one are brought to that of the result.
 * @see TensorFlow Lite tools/optimize/quantize_model.cc and operator_property.cc, litert-quantizer 0.11 common_utils.py, OpQuantConstraint
 */
export function assignForward(graph: Graph, options: AssignOptions): Grids {
  const { type, numbers, range, declared, mayQuantize } = options
  const editor = new GraphEditor(graph)
  const seen = new Map<ValueId, Grid>()
  const read = new Map<NodeId, Map<number, Grid>>()
  const shared = new Map<NodeId, Grid>()
  const made = new Map<ValueId, Grid>()
  const ofRange = (id: ValueId): Grid | undefined => {
    const value = editor.value(id)
    const stated = declared.get(id)
    if (stated) return stated
    const found = value.type.dtype === 'f32' ? range(value) : undefined
    return found && numbers.activation(found[0], found[1], type)
  }
  const set = (id: ValueId, to: Grid | undefined) => {
    if (to && !seen.has(id)) seen.set(id, to)
  }
  for (const id of graph.inputs) set(id, ofRange(id))
  for (const node of graph.nodes) {
    const spec = findSpec(node.op)
    const results = floatResults(editor, node)
    const fixed = spec?.quant?.fixedRange?.[type]
    if (!spec || !mayQuantize(node)) for (const id of results) set(id, ofRange(id))
    else if (fixed) {
      const of = grid(fixed.scale, fixed.zeroPoint)
      const to = numbers.afterFixed(of, type)
      for (const id of results) {
        set(id, to)
        if (!sameGrid(of, to)) made.set(id, of)
      }
    } else if (!spec.quant?.sameScales) for (const id of results) set(id, ofRange(id))
    else {
      const operands = sharedOperands(spec, node, (id) => editor.value(id))
      const [first] = operands
      const moved =
        operands.length === 1 && first ? (first.value.data ? numbers.content(first.value, type) : seen.get(first.value.id)) : undefined
      const to = moved ?? results.map(ofRange).find((g) => g !== undefined)
      if (!to) continue
      shared.set(node.id, to)
      for (const id of results) set(id, to)
      for (const { index, value } of operands) {
        const now = seen.get(value.id)
        if (!value.data && now && !sameGrid(now, to)) mustRead(read, node, index, to)
      }
    }
  }
  return { seen, made, read, shared, states: stateGrids(graph, options) }
}
