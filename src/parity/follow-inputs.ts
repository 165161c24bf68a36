import type { SourceGraph, SourceNode } from '../import/source-graph.ts'

/** A graph as elements move through it: nodes in order, each with the values that it reads and the one it gives. */
export interface Walk<Node, Value, Input> {
  readonly inputs: Iterable<readonly [Value, Input]>
  readonly nodes: Iterable<readonly [Node, operands: readonly (Value | undefined)[], result: Value]>
  /** Whether elements of this operand, or what is made of them, are in the result. */
  handsOn(node: Node, operand: number): boolean
  /** Sees each operand whose elements come from inputs. */
  read(node: Node, operand: number, from: ReadonlySet<Input>): void
}

/** Tells the nodes of a graph which of its inputs they read, through others that hand elements on. */
export function followInputs<Node, Value, Input>({ inputs, nodes, handsOn, read }: Walk<Node, Value, Input>): void {
  const origins = new Map<Value, ReadonlySet<Input>>()
  for (const [value, input] of inputs) origins.set(value, new Set([input]))
  for (const [node, operands, result] of nodes) {
    if (origins.has(result)) continue
    const handed = new Set<Input>()
    for (const [i, operand] of operands.entries()) {
      const from = operand === undefined ? undefined : origins.get(operand)
      if (!from) continue
      read(node, i, from)
      if (handsOn(node, i)) for (const input of from) handed.add(input)
    }
    if (handed.size > 0) origins.set(result, handed)
  }
}

/** A source graph for `followInputs`: nodes by their position, inputs by their name. */
export function walkOf({ inputs, nodes }: SourceGraph): Pick<Walk<SourceNode, number, string>, 'inputs' | 'nodes'> {
  return {
    inputs: inputs.map(({ ref, name }) => [ref.node, name] as const),
    nodes: nodes.map((node, position) => [node, node.inputs.map((ref) => ref?.node), position] as const),
  }
}
