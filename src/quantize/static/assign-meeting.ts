import { GraphEditor } from '../../ir/graph.ts'
import type { Graph, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { assignForward } from './assign-forward.ts'
import { type AssignOptions, assignGrids, floatResults, type Grids } from './assign-grids.ts'
import { type Grid, sameGrid } from './grid.ts'

/**
 * Grids as litert-quantizer gives them: op after op, but a result that is free in its grid is made on the one that all its readers ask for,
 * so that no QUANTIZE goes between.
 * @see litert-quantizer 0.11 transformation_instruction_generator.py, _eliminate_requantization_for_nonconstrained_provider
 */
export const assignMeeting = (graph: Graph, options: AssignOptions): Grids => meetReaders(graph, options, assignForward(graph, options))

/**
 * The same of the grids that TensorFlow's quantizer spreads for u8, where the model was trained on a grid for the result and on another for what
 * is read. Where an op sets the grid of its result TensorFlow 2.21 fails, and a QUANTIZE stays.
 */
export const assignUnsigned = (graph: Graph, options: AssignOptions): Grids => meetReaders(graph, options, assignGrids(graph, options))

function meetReaders(graph: Graph, { type, mayQuantize }: AssignOptions, grids: Grids): Grids {
  const editor = new GraphEditor(graph)
  const seen = new Map(grids.seen)
  const read = new Map(Array.from(grids.read, ([node, at]) => [node, new Map(at)]))
  /** The grid that all readers of a value ask for in place of its own. */
  const wished = (id: ValueId): Grid | undefined => {
    if (graph.outputs.includes(id)) return undefined
    const wishes = editor.users(id).flatMap((node) => node.inputs.flatMap((x, i) => (x === id ? [read.get(node.id)?.get(i)] : [])))
    const [to] = wishes
    return to && wishes.every((w) => w && sameGrid(w, to)) ? to : undefined
  }
  for (const node of graph.nodes) {
    const quant = findSpec(node.op)?.quant
    if (!quant || !mayQuantize(node) || quant.sameScales || quant.fixedRange?.[type]) continue
    for (const id of floatResults(editor, node)) {
      const to = wished(id)
      if (!to) continue
      seen.set(id, to)
      for (const user of editor.users(id)) for (const [i, x] of user.inputs.entries()) if (x === id) read.get(user.id)?.delete(i)
    }
  }
  return { ...grids, seen, read }
}
