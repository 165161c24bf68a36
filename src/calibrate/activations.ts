import type { ModelTables } from '../run/model-io.ts'

/** A float tensor that a run computes or is given. */
export interface Activation {
  /** Number of the subgraph, and of the tensor in it. */
  readonly graph: number
  readonly tensor: number
  readonly name: string
  /** Elements; open sizes count as 1. */
  readonly elements: number
}

/** What an activation is called in a calibration: unique, because the writer's names are. */
export function activationKey({ graph, name }: Pick<Activation, 'graph' | 'name'>): string {
  return `${graph}/${name}`
}

/** The float32 inputs, states and results of every subgraph, bodies of control flow included, in the order in which they are computed. */
export function activationsOf(tables: ModelTables): Activation[] {
  return tables.subgraphs.flatMap((graph, g) => {
    const states = [...graph.tensors.keys()].filter((t) => graph.tensors[t]!.isVariable)
    const made = new Set<number>([...graph.inputs, ...states, ...graph.operators.flatMap((o) => [...o.outputs])])
    return [...made].flatMap((t): Activation[] => {
      const tensor = graph.tensors[t]
      if (tensor?.type !== 'FLOAT32') return []
      return [{ graph: g, tensor: t, name: tensor.name, elements: tensor.shape.reduce((n, d) => n * Math.max(d, 1), 1) }]
    })
  })
}
