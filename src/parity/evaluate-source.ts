import { breathe } from '../core/event-loop.ts'
import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import type { SourceGraph, SourceNode, SourceRef, SourceVariable } from '../import/source-graph.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { isList, type TensorList, tensorListOps } from './tensor-list.ts'
import { type Unknown, updateOf, VariableStore } from './variables.ts'

export type { Unknown }

type Held = NdArray | TensorList | Unknown

export interface SourceEvaluation {
  /** Asked in this order. */
  readonly evaluators: readonly NodeEvaluator[]
  /** Adds one to what an evaluator has computed of an op. */
  readonly onEvaluated?: (evaluator: string, op: string) => void
  /** Sees each array of the graph itself, not of the bodies of its control flow. */
  readonly observe?: (node: SourceNode, output: number, result: NdArray) => void
  /** When to give up, from the beginning on: what is not computed by then is unknown. */
  readonly stopSeconds?: number
  /** Seconds of work so far; default those of the day. */
  readonly clock?: (() => number) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A loop that runs longer is not followed. */
const maxIterations = 10_000

const random = /Random|Multinomial|TruncatedNormal/
const stateful = /^(ReadVariableOp|VarHandleOp|VariableV2)/

/** What is the same in all graphs of one call. */
interface Evaluation extends SourceEvaluation {
  readonly clock: () => number
  readonly variables: VariableStore
  readonly stop: { readonly begin: number; reached?: Unknown }
}

/**
 * The outputs of a source graph for inputs by position, node by node; for those that cannot be computed, the reason. Bodies of conditions
 * and loops are followed; variables that are written begin with their initial values. An array is let go after its last use.
 */
export async function evaluateSource(
  graph: SourceGraph,
  inputs: readonly (NdArray | Unknown)[],
  options: SourceEvaluation,
): Promise<(NdArray | Unknown)[]> {
  const { clock = secondsOfDay } = options
  const results = await evaluateGraph(
    graph,
    inputs,
    { ...options, variables: new VariableStore(), clock, stop: { begin: clock() } },
    options.observe,
  )
  return results.map((r) => (isUnknown(r) || !isList(r) ? r : { reason: 'it is a list of tensors' }))
}

export const secondsOfDay = (): number => performance.now() / 1000

export function isUnknown(value: Held): value is Unknown {
  return 'reason' in value
}

async function evaluateGraph(
  graph: SourceGraph,
  inputs: readonly Held[],
  options: Evaluation,
  observe?: SourceEvaluation['observe'],
): Promise<Held[]> {
  const held = new Map<number, ReadonlyMap<number, Held> | Unknown>()
  const read = ({ node, output }: SourceRef): Held => {
    const results = held.get(node)
    if (!results) return { reason: `${graph.nodes[node]?.op} was not computed` }
    return results instanceof Map ? (results.get(output) ?? { reason: 'it has no such output' }) : (results as Unknown)
  }
  graph.inputs.forEach((port, i) => {
    held.set(port.ref.node, new Map([[0, inputs[i] ?? { reason: 'an input was not given' }]]))
  })
  const { outputsOf, lastUses } = usesOf(graph)
  for (const [position, node] of graph.nodes.entries()) {
    if (!held.has(position)) {
      await breathe(options.signal)
      const operands = node.inputs.map(read)
      const outputs = outputsOf.get(position) ?? [0]
      const results = await evaluateNode(graph, node, operands, outputs, options)
      held.set(position, results)
      if (observe && results instanceof Map) for (const [i, r] of results) if (!isUnknown(r) && !isList(r)) observe(node, i, r)
    }
    for (const done of lastUses.get(position) ?? []) held.delete(done)
  }
  return graph.outputs.map((port) => read(port.ref))
}

async function evaluateNode(
  graph: SourceGraph,
  node: SourceNode,
  operands: readonly Held[],
  outputs: readonly number[],
  options: Evaluation,
): Promise<ReadonlyMap<number, Held> | Unknown> {
  const named = `${node.op}${node.layer[0] ? ` "${node.layer[0]}"` : ''}`
  if (node.value) {
    const { dtype, shape } = node.value
    if (node.value.dtype === 'string') return { reason: `${named} is text` }
    return new Map([[0, { dtype, shape, bytes: node.value.data.bytes() }]])
  }
  const { stopSeconds, stop, clock } = options
  if (stopSeconds !== undefined && clock() - stop.begin > stopSeconds) {
    stop.reached ??= { reason: `its evaluation was given up after ${stopSeconds} s, before ${named}`, isGivenUp: true }
    return stop.reached
  }
  if (random.test(node.op)) return { reason: `${named} is random` }
  const calls = callsOf(graph, node, operands)
  if (calls) {
    const results = await calls(options)
    if ('reason' in results && operandVariables(graph, node).some((v) => v?.isWritten)) options.variables.lose(results)
    return results
  }
  const [variable] = operandVariables(graph, node)
  if (variable?.isWritten) return onVariable(node, named, variable, operands.slice(1), options)
  if (stateful.test(node.op)) return { reason: `${named} keeps state` }
  const missing = operands.find(isUnknown)
  if (missing) return missing
  const present = operands as readonly (NdArray | TensorList)[]
  if (node.op === 'Identity' || node.op === 'StopGradient' || node.op === 'Print') return new Map([[0, present[0]!]])
  if (node.op === 'IdentityN') return new Map(present.entries())
  const onList = tensorListOps[node.op]
  if (onList) {
    const results = onList(node, present)
    return results ? new Map(results.entries()) : { reason: `${named} does not fit its operands` }
  }
  if (present.some(isList)) return { reason: `${named} works on a list of tensors` }
  return (await computed(node, present as readonly NdArray[], outputs, options)) ?? { reason: `${named} has no evaluator` }
}

/** By the first evaluator that can. */
async function computed(
  node: SourceNode,
  operands: readonly NdArray[],
  outputs: readonly number[],
  options: Evaluation,
): Promise<ReadonlyMap<number, NdArray> | undefined> {
  for (const evaluator of options.evaluators) {
    const results = await evaluator.evaluate(node, operands, outputs)
    if (!results) continue
    options.onEvaluated?.(evaluator.name, node.op)
    return results
  }
  return undefined
}

/** A read or write of a variable. */
async function onVariable(
  node: SourceNode,
  named: string,
  variable: SourceVariable,
  others: readonly Held[],
  options: Evaluation,
): Promise<ReadonlyMap<number, Held>> {
  const { variables } = options
  const held = variables.read(variable)
  if (node.op === 'ReadVariableOp') return new Map([[0, held]])
  const unknown = others.find((o) => isUnknown(o) || isList(o))
  const [first] = others as readonly NdArray[]
  if (unknown) variables.write(variable, isUnknown(unknown) ? unknown : { reason: `${named} stores a list of tensors` })
  else if (node.op === 'AssignVariableOp' && first) variables.write(variable, first)
  else if (isUnknown(held)) variables.write(variable, held)
  else {
    const update = updateOf(node, held, others as readonly NdArray[])
    const results = update && (await computed({ ...node, op: update.op }, update.operands, [0], options))
    variables.write(variable, results?.get(0) ?? { reason: `${named} has no evaluator` })
  }
  return new Map()
}

function operandVariables(graph: SourceGraph, node: SourceNode): readonly (SourceVariable | undefined)[] {
  return node.inputs.map((ref) => graph.nodes[ref.node]?.variable)
}

type Call = (options: Evaluation) => Promise<ReadonlyMap<number, Held> | Unknown>

/** How a node of control flow is computed; undefined for other nodes. */
function callsOf(graph: SourceGraph, node: SourceNode, operands: readonly Held[]): Call | undefined {
  const call = async (name: string, args: readonly Held[], from: number, options: Evaluation): Promise<Held[]> => {
    const variables = operandVariables(graph, node).slice(from)
    return evaluateGraph(loadBody(graph, name, variables), args, options)
  }
  const byOutput = (results: readonly Held[]): ReadonlyMap<number, Held> => new Map(results.entries())
  const func = (name: string): string => {
    const a = node.attrs.get(name)
    return a?.kind === 'func' ? a.value : ''
  }
  switch (node.op) {
    case 'If':
    case 'StatelessIf':
      return async (options) => {
        const condition = truthOf(operands[0])
        if (typeof condition !== 'boolean') return condition
        return byOutput(await call(func(condition ? 'then_branch' : 'else_branch'), operands.slice(1), 1, options))
      }
    case 'Case':
    case 'StatelessCase':
      return async (options) => {
        const branches = node.attrs.get('branches')
        const index = operands[0]
        if (branches?.kind !== 'funcs' || !index || isUnknown(index) || isList(index)) return { reason: `${node.op} has no branch` }
        const i = toFloat32(index)?.[0] ?? 0
        // An index out of range takes the last branch.
        const name = branches.value[i >= 0 && i < branches.value.length ? i : branches.value.length - 1]
        return byOutput(await call(name ?? '', operands.slice(1), 1, options))
      }
    case 'While':
    case 'StatelessWhile':
      return async (options) => {
        let state = operands
        for (let i = 0; i < maxIterations; i++) {
          const [condition] = await call(func('cond'), state, 0, options)
          const goesOn = truthOf(condition)
          if (typeof goesOn !== 'boolean') return goesOn
          if (!goesOn) return byOutput(state)
          state = await call(func('body'), state, 0, options)
        }
        return { reason: `the loop ${node.layer[0] ?? node.name} runs more than ${maxIterations} times` }
      }
    default:
      return undefined
  }
}

/** TensorFlow takes a number for a condition, too: true unless zero. */
function truthOf(value: Held | undefined): boolean | Unknown {
  if (!value) return { reason: 'a condition is missing' }
  if (isUnknown(value)) return value
  const first = isList(value) ? undefined : toFloat32(value)?.[0]
  return first === undefined ? { reason: 'a condition is no number' } : first !== 0
}

const bodies = new WeakMap<SourceGraph['functions'], Map<string, SourceGraph>>()

/** The body of a function; imported once for each set of variables. */
function loadBody(graph: SourceGraph, name: string, variables: readonly (SourceVariable | undefined)[]): SourceGraph {
  const known = bodies.get(graph.functions) ?? new Map<string, SourceGraph>()
  bodies.set(graph.functions, known)
  const key = JSON.stringify([name, variables.map((v) => v?.name)])
  const body = known.get(key) ?? graph.functions.load(name, variables)
  known.set(key, body)
  return body
}

/** Which outputs of each node are read, and which nodes are last read at a position. */
function usesOf(graph: SourceGraph): { outputsOf: Map<number, number[]>; lastUses: Map<number, number[]> } {
  const outputs = new Map<number, Set<number>>()
  const last = new Map<number, number>()
  const use = ({ node, output }: SourceRef): void => {
    outputs.set(node, (outputs.get(node) ?? new Set<number>()).add(output))
  }
  for (const [position, node] of graph.nodes.entries()) {
    for (const ref of node.inputs) {
      use(ref)
      last.set(ref.node, position)
    }
  }
  for (const { ref } of graph.outputs) {
    use(ref)
    last.delete(ref.node)
  }
  const lastUses = new Map<number, number[]>()
  for (const [node, position] of last) lastUses.set(position, [...(lastUses.get(position) ?? []), node])
  return { outputsOf: new Map(Array.from(outputs, ([n, set]) => [n, [...set].sort((a, b) => a - b)])), lastUses }
}
