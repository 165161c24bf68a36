import { placesOf } from '../quantize/weighted.ts'
import type { ModelTables, SubGraphTables } from '../run/model-io.ts'
import { type MaskSide, maskSides } from './masks.ts'
import { specOf } from './operator-spec.ts'

/** A float tensor that a run computes or is given. */
export interface Activation {
  /** Number of the subgraph, and of the tensor in it. */
  readonly graph: number
  readonly tensor: number
  readonly name: string
  /** Elements; open sizes count as 1. */
  readonly elements: number
  /** Elements of a row as ops with weights read it: its channels, or of several such lengths the largest; 0 where none does. */
  readonly columns: number
  /** Where masks lie, when it is only read by what takes them for nothing. */
  readonly maskSide?: MaskSide | undefined
}

/** What an activation is called in a calibration: unique, because the writer's names are. */
export function activationKey({ graph, name }: Pick<Activation, 'graph' | 'name'>): string {
  return `${graph}/${name}`
}

/** The float32 inputs, states and results of every subgraph, bodies of control flow included, in the order in which they are computed. */
export function activationsOf(tables: ModelTables): Activation[] {
  return tables.subgraphs.flatMap((graph, g) => {
    const states = [...graph.tensors.keys()].filter((t) => graph.tensors[t]!.isVariable)
    const columns = columnsIn(graph, tables)
    const sides = maskSides(graph, tables)
    const made = new Set<number>([...graph.inputs, ...states, ...graph.operators.flatMap((o) => [...o.outputs])])
    return [...made].flatMap((t): Activation[] => {
      const tensor = graph.tensors[t]
      if (tensor?.type !== 'FLOAT32') return []
      const elements = tensor.shape.reduce((n, d) => n * Math.max(d, 1), 1)
      return [{ graph: g, tensor: t, name: tensor.name, elements, columns: columns.get(t) ?? 0, maskSide: sides.get(t) }]
    })
  })
}

/** By tensor, how many elements a row has that an op multiplies with weights. */
function columnsIn({ operators, tensors }: SubGraphTables, tables: ModelTables): Map<number, number> {
  const found = new Map<number, number>()
  for (const operator of operators) {
    const { inputs } = operator
    const spec = specOf(operator, tables)
    const places = spec && placesOf(spec)
    if (!places) continue
    const [input, weights] = [inputs[places.input], inputs[places.weights]]
    if (input === undefined || weights === undefined) continue
    const { channels, axis } = places.trait.reads
    const columns = (channels === 'all' ? tensors[weights]?.shape[axis] : tensors[input]?.shape.at(-1)) ?? 0
    found.set(input, Math.max(columns, found.get(input) ?? 0))
  }
  return found
}
