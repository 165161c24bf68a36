import type { Definitions, FunctionBody } from './definitions.ts'
import { graphTooLarge } from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import { handleSource, isVariable, isWrite, nodeName, programOrder } from './variable-access.ts'

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
/** Functions within functions; see `maxDepth` of the inliner. */
const maxDepth = 200
/** Writes of one function that are told apart. */
const maxOthers = 100

/** Ops whose result is their operand. */
const handsOn = new Set(['Identity', 'PreventGradient', 'StopGradient'])
/** Calls within calls that are looked through. */
const maxCalls = 50

/** The graph that a node stands in. */
type Place = Pick<FunctionBody, 'nodes' | 'isNumbered'>

/** What a function writes, itself and in the functions that it runs. */
export interface FunctionWrites {
  /** Positions of the arguments whose variables it writes. */
  readonly args: ReadonlySet<number>
  /** Writes whose variable is that of no argument. */
  readonly others: readonly GraphNode[]
}
interface NodeWrites {
  readonly operands: ReadonlySet<string>
  readonly others: readonly GraphNode[]
}
const none: NodeWrites = { operands: new Set(), others: [] }
const nothing: FunctionWrites = { args: new Set(), others: [] }

/** The writes of the functions of a file; each function is searched once. */
export class Writes {
  readonly #definitions: Definitions
  readonly #known = new Map<string, FunctionWrites>()

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  /** Operands of a node whose variables it writes, and writes to variables that none of its operands holds. */
  of(node: GraphNode, place: Place, depth = 0): NodeWrites {
    const [variable] = node.input
    if (isWrite(node.op) && variable !== undefined) {
      return this.#keepsValue(node, place) ? none : { operands: new Set([variable]), others: [] }
    }
    const called = this.#functionsOf(node)
    if (!called) return none
    const operands = new Set<string>()
    const others: GraphNode[] = []
    for (const name of called.names) {
      const writes = this.#ofFunction(name, depth + 1)
      for (const at of writes.args) operands.add(node.input[called.first + at] ?? '')
      others.push(...writes.others)
    }
    return { operands, others }
  }

  /** Whether a variable is given the value that it has, as JAX does with state that a call leaves alone. */
  #keepsValue({ op, input: [handle, value] }: GraphNode, place: Place): boolean {
    if (op !== 'AssignVariableOp' || handle === undefined || value === undefined) return false
    const { nodes } = place
    const source = this.#passedFrom(value, place)
    const read = source === undefined ? undefined : nodes.get(nodeName(source))
    const variable = read?.op === 'ReadVariableOp' ? read.input[0] : undefined
    return variable !== undefined && handleSource(nodes, variable).name === handleSource(nodes, handle).name
  }

  /** The tensor whose value `tensor` has, seen through identities and calls that hand it on; undefined where that is too deep. */
  #passedFrom(tensor: string, { nodes, isNumbered = false }: Place, depth = 0): string | undefined {
    let at = tensor
    for (let i = 0; i < maxDepth; i++) {
      const node = nodes.get(nodeName(at))
      const [first] = node?.input ?? []
      if (!node || first === undefined) return at
      if (handsOn.has(node.op)) {
        at = first
        continue
      }
      if (node.op === 'IdentityN') {
        at = node.input[this.#definitions.positionOf(node, at, isNumbered)] ?? first
        continue
      }
      const called = this.#definitions.calledFunction(node)
      const body = called === undefined || depth > maxCalls ? undefined : this.#definitions.function(called)
      if (!body) return at
      const from = body.results[this.#definitions.positionOf(node, at, isNumbered)]?.from
      const inner = from === undefined ? undefined : this.#passedFrom(from, body, depth + 1)
      const arg = body.args.findIndex((a) => inner !== undefined && (a.tensors ?? [a.name]).includes(inner))
      const operand = node.input[arg]
      if (operand === undefined) return at
      at = operand
    }
    return undefined
  }

  #ofFunction(name: string, depth: number): FunctionWrites {
    const known = this.#known.get(name)
    if (known) return known
    if (depth > maxDepth) throw graphTooLarge(this.#definitions.file, `${maxDepth} calls within one another`)
    // A function that runs itself is refused where it is imported.
    this.#known.set(name, nothing)
    const body = this.#definitions.function(name)
    if (!body || body.region) return nothing
    const args = new Set<number>()
    const others = new Set<GraphNode>()
    const position = new Map(body.args.map((a, i) => [a.name, i]))
    for (const node of body.nodes.values()) {
      const writes = this.of(node, body, depth)
      for (const operand of writes.operands) {
        const at = position.get(handleSource(body.nodes, operand).name)
        if (at === undefined) others.add(node)
        else args.add(at)
      }
      for (const other of writes.others) others.add(other)
    }
    const found = { args, others: [...others].slice(0, maxOthers) }
    this.#known.set(name, found)
    return found
  }

  /** The functions that a node runs, with their arguments' place among its operands. */
  #functionsOf(node: GraphNode): { readonly names: readonly string[]; readonly first: number } | undefined {
    if (this.#definitions.hasFunction(node.op)) return { names: [node.op], first: 0 }
    const first = runners.get(node.op)
    if (first === undefined) return undefined
    const attrs = this.#definitions.attrs(node)
    const names = functionAttrs.flatMap((name) => {
      const attr = attrs.get(name)
      return attr?.kind === 'func' ? [attr.value] : attr?.kind === 'funcs' ? attr.value : []
    })
    return { names, first }
  }
}

/** Nodes of variables that the computation of tensors of the main graph writes. */
export function writtenVariables(
  nodes: ReadonlyMap<string, GraphNode>,
  writes: Writes,
  tensors: Iterable<string>,
  isFed: (tensor: string) => boolean,
): GraphNode[] {
  const found = new Set<GraphNode>()
  for (const node of programOrder(nodes, tensors, isFed)) {
    for (const operand of writes.of(node, { nodes, isNumbered: true }).operands) {
      const source = nodes.get(handleSource(nodes, operand).name)
      if (source && isVariable(source.op)) found.add(source)
    }
  }
  return [...found]
}
