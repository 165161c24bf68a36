import { type Definitions, isWrite } from './definitions.ts'
import type { GraphNode } from './graph-node.ts'

/** A write to a variable inside the functions that a node runs. */
export interface InnerWrite {
  readonly node: GraphNode
  /** The variable, where the calls on the way hand its handle on. */
  readonly variable: string | undefined
}

/** Ops that run functions, and how many of their operands come before the functions' arguments. */
const runners: ReadonlyMap<string, number> = new Map([
  ['While', 0],
  ['StatelessWhile', 0],
  ['If', 1],
  ['StatelessIf', 1],
  ['Case', 1],
  ['StatelessCase', 1],
  ['PartitionedCall', 0],
  ['StatefulPartitionedCall', 0],
  ['TPUPartitionedCall', 1],
])
const functionAttrs = ['f', 'cond', 'body', 'then_branch', 'else_branch', 'branches']

/** The functions that a node runs, with their arguments' place among its operands. */
function functionsOf(definitions: Definitions, node: GraphNode): { readonly names: readonly string[]; readonly first: number } | undefined {
  if (definitions.hasFunction(node.op)) return { names: [node.op], first: 0 }
  const first = runners.get(node.op)
  if (first === undefined) return undefined
  const attrs = definitions.attrs(node)
  const names = functionAttrs.flatMap((name) => {
    const attr = attrs.get(name)
    return attr?.kind === 'func' ? [attr.value] : attr?.kind === 'funcs' ? attr.value : []
  })
  return { names, first }
}

/**
 * The writes in the functions that `node` runs, at any depth; a function runs its writes whether or not a result depends on
 * them. `variableOf` names the variable whose handle an operand of `node` is. Functions in `seen` are passed over, those that are read join them.
 */
export function writesWithin(
  definitions: Definitions,
  node: GraphNode,
  variableOf: (operand: string) => string | undefined,
  seen: Set<string>,
): readonly InnerWrite[] {
  const found: InnerWrite[] = []
  const left = [{ node, variableOf }]
  for (let at = left.pop(); at; at = left.pop()) {
    const { node: caller, variableOf: nameOf } = at
    const called = functionsOf(definitions, caller)
    for (const name of called?.names ?? []) {
      if (seen.has(name)) continue
      seen.add(name)
      const body = definitions.function(name)
      if (!body || body.region) continue
      const handles = new Map(body.args.map((a, i) => [a.name, nameOf(caller.input[called!.first + i] ?? '')]))
      const inner = (operand: string) => handles.get(operand)
      for (const n of body.effects) if (isWrite(n.op)) found.push({ node: n, variable: inner(n.input[0] ?? '') })
      for (const n of body.nodes.values()) left.push({ node: n, variableOf: inner })
    }
  }
  return found
}
