import type { GraphEditor } from '../ir/graph.ts'
import type { Value, ValueId } from '../ir/types.ts'

/** Readers of `from` read `to`, which takes its name where that is an output of the graph. */
export function handOver(graph: GraphEditor, from: ValueId, to: Value): void {
  const isNamed = to.data !== undefined || graph.inputs.includes(to.id) || graph.outputs.includes(to.id)
  if (graph.outputs.includes(from) && !isNamed) graph.updateValue(to.id, { name: graph.value(from).name })
  graph.replaceUses(from, to.id)
}
