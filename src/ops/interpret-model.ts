import { invariant } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Model, Node } from '../ir/types.ts'
import { type Disturbance, type InterpretOptions, interpret, NotComputable } from './interpret.ts'

/** Sees every input and every result of a graph each time it runs; `value` is the number of the value in it. */
export type ObserveValue = (graph: number, value: number, array: NdArray) => void

export interface InterpretModelOptions {
  readonly observe?: ObserveValue | undefined
  readonly disturbance?: Disturbance | undefined
  readonly compute?: InterpretOptions['compute'] | undefined
}

type Graphs = Pick<Model, 'graphs'>

/** What one run leaves behind. */
interface State {
  readonly variables: Map<string, NdArray>
  readonly initialized: Set<number>
}

/** A loop that goes on longer is taken for one without end. */
const maxIterations = 100_000
/** LiteRT has no recursion, so that calls are at most as deep as there are graphs. */
const maxDepth = 64

/**
 * Runs graph number `graph` of a model on the reference kernels, with the loops, branches and initializers that its nodes call, and with
 * variables that live as long as the run. Throws NotComputable where a node has no kernel for its operands, where a variable is read before
 * it is set, and for loops of more than 100,000 rounds; and what `interpret` throws.
 */
export function interpretModel(model: Graphs, graph: number, inputs: readonly NdArray[], options: InterpretModelOptions = {}): NdArray[] {
  return run(model, graph, inputs, options, { variables: new Map(), initialized: new Set() }, 0)
}

function run(
  model: Graphs,
  index: number,
  inputs: readonly NdArray[],
  options: InterpretModelOptions,
  state: State,
  depth: number,
): NdArray[] {
  const { observe, disturbance, compute } = options
  const graph = model.graphs[index]
  invariant(graph, `there is no graph ${index}`)
  if (depth > maxDepth) throw new NotComputable(`graphs call each other more than ${maxDepth} deep`)
  graph.inputs.forEach((id, i) => {
    observe?.(index, id, inputs[i]!)
  })
  const enter = (body: unknown, operands: readonly NdArray[]): NdArray[] => run(model, body as number, operands, options, state, depth + 1)
  return interpret(graph, inputs, {
    isReshaped: true,
    disturbance,
    ...(compute && { compute }),
    observe: (array, node, i) => observe?.(index, node.outputs[i]!, array),
    observeState: (node, operand, array) => observe?.(index, node.inputs[operand]!, array),
    call: (node, operands) => callOf(node, operands as readonly NdArray[], enter, state),
  })
}

type Enter = (body: unknown, operands: readonly NdArray[]) => NdArray[]

/** Results of a node that calls graphs or handles variables; undefined for all others. */
function callOf(node: Node, operands: readonly NdArray[], enter: Enter, { variables, initialized }: State): readonly NdArray[] | undefined {
  const { attrs } = node
  switch (node.op) {
    case 'while':
      return loop(
        operands,
        (values) => isTrue(enter(attrs.cond, values)[0]),
        (values) => enter(attrs.body, values),
      )
    case 'if':
      return enter(isTrue(operands[0]) ? attrs.thenGraph : attrs.elseGraph, operands.slice(1))
    case 'call_once': {
      const init = attrs.init as number
      if (!initialized.has(init)) {
        initialized.add(init)
        enter(init, [])
      }
      return []
    }
    case 'var_handle':
      return [{ dtype: 'resource', shape: [], bytes: new TextEncoder().encode(JSON.stringify([attrs.container, attrs.sharedName])) }]
    case 'read_variable': {
      const held = variables.get(nameOf(operands[0]!))
      if (!held) throw new NotComputable('a variable is read before it is set')
      return [held]
    }
    case 'assign_variable':
      variables.set(nameOf(operands[0]!), operands[1]!)
      return []
    default:
      return undefined
  }
}

function loop(
  first: readonly NdArray[],
  holds: (values: readonly NdArray[]) => boolean,
  next: (values: readonly NdArray[]) => readonly NdArray[],
): readonly NdArray[] {
  let values = first
  for (let i = 0; holds(values); i++) {
    if (i >= maxIterations) throw new NotComputable(`a loop goes on for more than ${maxIterations} rounds`)
    values = next(values)
  }
  return values
}

function isTrue(array: NdArray | undefined): boolean {
  invariant(array?.dtype === 'bool', 'a condition is of type bool')
  return typedView('bool', array.bytes)[0] !== 0
}

function nameOf(handle: NdArray): string {
  return new TextDecoder().decode(handle.bytes)
}
