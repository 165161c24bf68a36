import { constFromBytes } from '../../core/bytes.ts'
import { type DiagnosticFields, Diagnostics } from '../../core/diagnostics.ts'
import { bytesOf } from '../../core/dtype.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { SourceAttrs, SourceConst, SourceNode, SourceRef, SourceVariable } from '../source-graph.ts'
import { isJaxArgument } from '../stablehlo/layers.ts'
import { FixedAttrs } from './attrs.ts'
import { ControlFlow, dataInputs, plainOp } from './control-flow.ts'
import { type Definitions, type FunctionBody, onlyChecks } from './definitions.ts'
import {
  cyclicGraph,
  functionArguments,
  functionMissing,
  functionRecursion,
  graphTooLarge,
  nodeMissing,
  opDropped,
  tableChanged,
  unfedPlaceholder,
  unstructuredControlFlow,
  unsupportedResource,
  variableWritten,
} from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import { callPath, layerPath } from './layer-name.ts'
import { changesTable, isTable, type SourceTable } from './tables.ts'
import { listOp } from './tensor-array.ts'
import { handleSource, isAccess, isVariable, isWrite, nodeName, programOrder, refVariables, writeOnHandle } from './variable-access.ts'

/** Where the values of variables and the contents of tables come from; throws when there are none. */
export interface VariableReader {
  /** `node` is a `VarHandleOp`, `VariableV2` or the like of the main graph. */
  read(node: GraphNode): SourceVariable
  /** Whether a graph that is imported writes the variable. */
  isWritten(node: GraphNode): boolean
  /** What is in the table that `node` of the main graph makes; undefined where that cannot be told. */
  table(node: GraphNode): SourceTable | undefined
}

/**
 * What a tensor of the file is while functions are inlined: an output of a node of ours, the handle of a table, or that of a variable;
 * `isReference` says that ops which take a value read it.
 */
export type Operand =
  | { readonly ref: SourceRef; readonly variable?: undefined; readonly isReference?: undefined; readonly table?: undefined }
  | { readonly variable: SourceVariable; readonly isReference?: boolean; readonly ref?: undefined; readonly table?: undefined }
  | { readonly table: NamedTable; readonly ref?: undefined; readonly variable?: undefined; readonly isReference?: undefined }

interface NamedTable extends SourceTable {
  readonly name: string
  readonly op: string
}

/** The main graph, or one call of a function. */
interface Frame {
  readonly nodes: ReadonlyMap<string, GraphNode>
  /** Arguments by name; for the main graph the fed tensors as `name:0`. */
  readonly bound: ReadonlyMap<string, Operand>
  readonly body: FunctionBody | undefined
  /** Whether tensors are called `node:1`, as in the main graph. */
  readonly isNumbered: boolean
  readonly flow: ControlFlow
  readonly caller: Frame | undefined
  readonly depth: number
  readonly namePrefix: string
  readonly layerPrefix: string
  /** Outputs of nodes already inlined, or the index of a node of ours that has them all. */
  readonly results: Map<string, readonly Operand[] | number | 'active'>
}

/** One step of the walk: `node` waits for its `inputs`, then, if it is a call, for the accesses and results of the called frame. */
interface Step {
  readonly frame: Frame
  readonly node: GraphNode
  inputs: readonly string[]
  inputFrame: Frame
  readonly operands: Operand[]
  /** Of a call that is being inlined: how many of the inputs come before the results. */
  accesses: number | undefined
}

/** Nodes and calls after inlining; a very large model has 50 000. */
const maxSize = 200_000
/** Calls within calls; layers nested in models nest a dozen deep. */
const maxDepth = 200
/** What running a node gives, apart from its results. */
const hasRun: Operand = { ref: { node: -1, output: -1 } }
/** What errors call a node. */
function label(node: GraphNode | string): string {
  return typeof node === 'string' ? node : `${node.op} ${JSON.stringify(node.name)}`
}

/** What messages call a node of a call. */
function layerOf(frame: Frame, node: GraphNode): string {
  return layerPath(frame.layerPrefix, node.made?.layer ?? node.name)
}

/** Turns tensors of a graph with functions into a flat list of nodes, in topological order. Walks with a stack of its own: graphs may be deep. */
export class Inliner {
  readonly nodes: SourceNode[] = []
  readonly problems = new Diagnostics()
  /** What is wrong with nodes that make resources, where they are needed, by their names. */
  readonly #resources = new Map<string, DiagnosticFields>()
  readonly #told = new Set<GraphNode>()
  /** Layer paths of the nodes that only check or print, by op. */
  readonly #dropped = new Map<string, string[]>()
  readonly #definitions: Definitions
  readonly #variables: VariableReader
  readonly #names = new Set<string>()
  readonly #handles = new Map<SourceVariable, SourceRef>()
  /** What the graph is called in messages: the signature or function. */
  readonly #graphName: string
  #size = 0

  constructor(definitions: Definitions, variables: VariableReader, graphName: string) {
    this.#definitions = definitions
    this.#variables = variables
    this.#graphName = graphName
  }

  /** An input of the graph. */
  placeholder(name: string, type: number, dims: readonly number[] | undefined): SourceRef {
    const attrs = new FixedAttrs({
      dtype: { kind: 'type', value: dtypeOfCode(type), code: type },
      shape: { kind: 'shape', value: dims },
    })
    return { node: this.#add({ name: this.#unique(name), op: 'Placeholder', inputs: [], attrs, layer: [name] }), output: 0 }
  }

  /** The operands for tensors of the main graph; `fed` are its inputs by `name:0`. */
  inlineMain(nodes: ReadonlyMap<string, GraphNode>, fed: ReadonlyMap<string, Operand>, tensors: readonly string[]): Operand[] {
    const order = programOrder(nodes, tensors, (tensor) => fed.has(tensor.includes(':') ? tensor : `${tensor}:0`))
    const frame: Frame = {
      nodes,
      bound: fed,
      body: undefined,
      isNumbered: true,
      flow: new ControlFlow(this.#definitions, nodes, true, (tensor) => fed.has(tensor), [], new Set(order)),
      caller: undefined,
      depth: 0,
      namePrefix: '',
      layerPrefix: '',
      results: new Map(),
    }
    return this.#run(frame, this.#mainAccesses(nodes, order), tensors, 'A signature')
  }

  /** The operands for the results of a function called with `args`. */
  inlineBody(body: FunctionBody, args: readonly Operand[]): Operand[] {
    const frame: Frame = {
      ...this.#bodyFrame(body, args),
      caller: undefined,
      depth: 0,
      namePrefix: '',
      layerPrefix: '',
      results: new Map(),
    }
    this.#tellChecks(frame)
    return this.#run(
      frame,
      this.#accesses(frame),
      body.results.map((r) => r.from),
      `The function ${JSON.stringify(body.name)}`,
    )
  }

  #bodyFrame(body: FunctionBody, args: readonly Operand[]): Pick<Frame, 'nodes' | 'bound' | 'body' | 'isNumbered' | 'flow'> {
    const { nodes, isNumbered = false } = body
    const bound = new Map(body.args.flatMap((a, i) => (a.tensors ?? [a.name]).map((t): [string, Operand] => [t, args[i]!])))
    const flow = body.region ?? new ControlFlow(this.#definitions, nodes, isNumbered, (tensor) => bound.has(tensor), body.args)
    return { nodes, bound, body, isNumbered, flow }
  }

  /** The operand as an output of a node: for the handle of a variable a `VarHandleOp`. */
  refOf(operand: Operand): SourceRef {
    if (operand.ref) return operand.ref
    if (operand.table) {
      const { name, op } = operand.table
      this.#report(unsupportedResource(this.#definitions.file, name, op))
      return { node: this.#add({ name: this.#unique(name), op, inputs: [], attrs: new FixedAttrs(), layer: [name] }), output: 0 }
    }
    const { variable } = operand
    const known = this.#handles.get(variable)
    if (known) return known
    const attrs = new FixedAttrs({
      dtype: { kind: 'type', value: variable.value.dtype, code: 0 },
      shape: { kind: 'shape', value: variable.value.shape },
    })
    const name = this.#unique(variable.name)
    const ref = { node: this.#add({ name, op: 'VarHandleOp', inputs: [], attrs, layer: [variable.name], variable }), output: 0 }
    this.#handles.set(variable, ref)
    return ref
  }

  get hasModules(): boolean {
    return this.#definitions.hasModules
  }

  /** What of the file has no part in the graph, for the user to know. */
  droppedOps(): readonly DiagnosticFields[] {
    return [...this.#dropped].map(([op, paths]) => opDropped(this.#graphName, op, paths))
  }

  /** Throws what was found, and what is wrong with the nodes that are left. */
  throwProblems(nodes: readonly SourceNode[]): void {
    for (const { name } of this.#resources.size > 0 ? nodes : []) {
      const fault = this.#resources.get(name)
      if (fault) this.#report(fault)
    }
    this.problems.throwIfErrors()
  }

  /** The operands for `tensors`, after the `accesses` of variables. */
  #run(root: Frame, accesses: readonly string[], tensors: readonly string[], user: string): Operand[] {
    const stack: Step[] = []
    const out: Operand[] = []
    for (const tensor of [...accesses, ...tensors]) {
      for (;;) {
        const operand = this.#lookUp(root, tensor, user, stack)
        if (operand) {
          out.push(operand)
          break
        }
        while (stack.length > 0) this.#advance(stack)
      }
    }
    return out.slice(accesses.length)
  }

  /** Moves the topmost step on: to its next operand, into the function it calls, or off the stack. */
  #advance(stack: Step[]): void {
    const step = stack.at(-1)!
    const { frame, node, operands } = step
    while (operands.length < step.inputs.length) {
      const operand = this.#lookUp(step.inputFrame, step.inputs[operands.length]!, node, stack)
      if (!operand) return
      operands.push(operand)
    }
    const name = step.accesses === undefined ? this.#definitions.calledFunction(node) : undefined
    if (name !== undefined) {
      step.inputFrame = this.#call(frame, node, name, operands)
      const accesses = this.#accesses(step.inputFrame)
      step.inputs = [...accesses, ...step.inputFrame.body!.results.map((r) => r.from)]
      operands.length = 0
      step.accesses = accesses.length
      return
    }
    stack.pop()
    frame.results.set(node.name, step.accesses === undefined ? this.#emit(frame, node, operands) : operands.slice(step.accesses))
  }

  #lookUp(frame: Frame, tensor: string, user: GraphNode | string, stack: Step[]): Operand | undefined {
    const colon = tensor.indexOf(':')
    const name = nodeName(tensor)
    const fed = frame.bound.get(frame.isNumbered && colon < 0 ? `${name}:0` : tensor)
    if (fed) return fed
    const node = frame.nodes.get(name)
    if (!node) throw nodeMissing(this.#definitions.file, tensor, label(user))
    const result = frame.results.get(name)
    if (result === 'active') throw cyclicGraph(this.#definitions.file, name, node.op)
    if (result === undefined) {
      this.#count()
      frame.results.set(name, 'active')
      const inputs = this.#inputsOf(frame, node)
      stack.push({ frame, node, inputs, inputFrame: frame, operands: [], accesses: undefined })
      return undefined
    }
    if (tensor.startsWith('^')) return hasRun
    const position = this.#definitions.positionOf(node, tensor, frame.isNumbered)
    if (!Number.isInteger(position) || position < 0) throw nodeMissing(this.#definitions.file, tensor, label(user))
    if (typeof result === 'number') return { ref: { node: result, output: position } }
    const operand = result[position]
    if (!operand) throw nodeMissing(this.#definitions.file, tensor, label(user))
    return operand
  }

  /** What is computed before the node; of a loop or condition, what goes into it as a whole. */
  #inputsOf(frame: Frame, node: GraphNode): readonly string[] {
    switch (plainOp(node.op)) {
      case 'Exit':
        return frame.flow.loop(node).operands
      case 'Merge': {
        const condition = frame.flow.condition(node)
        return condition.taken === undefined ? condition.operands : [condition.taken]
      }
      case 'Switch':
        return dataInputs(node).slice(0, 1)
      default:
        return dataInputs(node)
    }
  }

  #call(frame: Frame, node: GraphNode, name: string, args: readonly Operand[]): Frame {
    const { file } = this.#definitions
    const body = this.#definitions.function(name)
    if (!body) throw functionMissing(file, name, label(node))
    const chain = [name]
    for (let f: Frame | undefined = frame; f?.body; f = f.caller) {
      chain.push(f.body.name)
      if (f.body.name === name) throw functionRecursion(file, chain.reverse())
    }
    if (frame.depth >= maxDepth) throw graphTooLarge(file, `${maxDepth} calls within one another`)
    if (args.length !== body.args.length) throw functionArguments(file, name, body.args.length, args.length)
    const called: Frame = {
      ...this.#bodyFrame(body, args),
      caller: frame,
      depth: frame.depth + 1,
      namePrefix: `${frame.namePrefix}${node.name}/`,
      layerPrefix: callPath(frame.layerPrefix, node.made?.layer ?? node.name),
      results: new Map(),
    }
    this.#tellChecks(called)
    for (const change of body.tableChanges) this.#report(tableChanged(file, layerPath(called.layerPrefix, change.name), change.op))
    return called
  }

  #tellChecks(frame: Frame): void {
    for (const node of frame.body?.checks ?? []) this.#tellCheck(node, frame.layerPrefix)
  }

  #tellCheck({ op, name }: GraphNode, layerPrefix: string): void {
    const paths = this.#dropped.get(op) ?? []
    if (paths.length === 0) this.#dropped.set(op, paths)
    paths.push(layerPath(layerPrefix, name))
  }

  /**
   * What runs in a function whether or not a result depends on it: nodes that take handles of variables that are written, in the order
   * of the program.
   */
  #accesses(frame: Frame): readonly string[] {
    if (!frame.body || frame.body.region) return []
    const handles = new Set<string>()
    for (const [name, { variable }] of frame.bound) if (variable?.isWritten) handles.add(name)
    if (handles.size === 0) return []
    const order = programOrder(frame.nodes, frame.nodes.keys())
    return this.#accessesIn(frame.nodes, order, frame.layerPrefix, (name) => handles.has(name))
  }

  /** The same of the main graph, which runs what its outputs depend on, control inputs included. Reports writes of what is no variable. */
  #mainAccesses(nodes: ReadonlyMap<string, GraphNode>, order: readonly GraphNode[]): readonly string[] {
    const isWritten = (name: string): boolean => {
      const node = nodes.get(name)
      return node !== undefined && isVariable(node.op) && this.#variables.isWritten(node)
    }
    let hasWrites = false
    for (const node of order) {
      if (onlyChecks.test(node.op)) this.#tellCheck(node, '')
      const { operands, others } = this.#definitions.writes.of(node, { nodes, isNumbered: true })
      for (const operand of operands) {
        hasWrites = true
        const { name } = handleSource(nodes, operand)
        if (!isWritten(name)) this.#tellWrite(node, name, 'it is none that has a value in the file', layerPath('', node.name))
      }
      if (changesTable(node.op)) this.#report(tableChanged(this.#definitions.file, layerPath('', node.name), node.op))
      for (const other of others) this.#tellWrite(other, other.input[0] ?? '', 'no call hands its handle on', layerPath('', node.name))
    }
    return hasWrites || order.some((n) => isWritten(n.name)) ? this.#accessesIn(nodes, order, '', isWritten) : []
  }

  #accessesIn(
    nodes: ReadonlyMap<string, GraphNode>,
    order: readonly GraphNode[],
    layerPrefix: string,
    isHandle: (name: string) => boolean,
  ): readonly string[] {
    const accesses: string[] = []
    for (const node of order) {
      const sources = dataInputs(node).map((i) => handleSource(nodes, i))
      const handle = sources.find((s) => isHandle(s.name))
      if (!handle && !isAccess(node.op)) continue
      if (handle?.isInFlow) {
        this.#tellWrite(node, handle.name, 'a loop or condition of TensorFlow 1 uses it', layerPath(layerPrefix, node.name))
        continue
      }
      accesses.push(`^${node.name}`)
    }
    return accesses
  }

  /** Reports what cannot be done to a variable, once for each of the file's nodes. */
  #tellWrite(node: GraphNode, variable: string, reason: string, layer: string): void {
    if (this.#told.has(node)) return
    this.#told.add(node)
    this.#report(variableWritten(this.#definitions.file, variable, reason, { op: node.op, layer }))
  }

  #emit(frame: Frame, node: GraphNode, operands: readonly Operand[]): readonly Operand[] | number {
    const { op } = node
    const [first] = operands
    if (op === 'Const') {
      const value = this.#definitions.constant(node)
      if (value) return this.#const(frame, node, value)
    }
    if (isWrite(op) && first) return this.#write(frame, node, first, operands.slice(1))
    if (first?.table) {
      const known = this.#lookUpIn(frame, node, first, operands.slice(1))
      if (known !== undefined) return known
    }
    if (first?.variable) {
      const { variable } = first
      const [, second] = operands
      if (op === 'Identity' && first.isReference) return this.#read(frame, node, variable)
      if (op === 'Identity' || op === 'VariableIdentity' || op === 'RefIdentity') return operands
      if (op === 'ReadVariableOp') return this.#read(frame, node, variable)
      if (op === 'ResourceGather' && second?.ref) return this.#gather(frame, node, variable, second.ref)
      if (op === 'ResourceGatherNd' && second?.ref) {
        const params = { node: this.#read(frame, node, variable), output: 0 }
        return this.#node(frame, node, 'GatherNd', [params, second.ref])
      }
      if (op === 'VariableShape') {
        const shape = Int32Array.from(variable.value.shape)
        const wide = BigInt64Array.from(variable.value.shape, BigInt)
        const out = this.#definitions.attrs(node).get('out_type')
        const isWide = out?.kind === 'type' && out.value === 'i64'
        const data = constFromBytes(bytesOf(isWide ? wide : shape))
        return this.#const(frame, node, { dtype: isWide ? 'i64' : 'i32', shape: [shape.length], data })
      }
      if (op === 'VarIsInitializedOp') return this.#const(frame, node, { dtype: 'bool', shape: [], data: constFromBytes(Uint8Array.of(1)) })
    }
    if (op === 'PlaceholderWithDefault' && first) return [first]
    const control = this.#control(frame, node, operands)
    if (control) return control
    if (frame.isNumbered) {
      if (op === 'Placeholder') this.#report(unfedPlaceholder(this.#definitions.file, node.name, this.#graphName))
      else if (isVariable(op)) {
        const variable = this.problems.collect(() => this.#variables.read(node))
        if (variable && op === 'VarHandleOp') return [{ variable }]
        if (variable) return variable.isWritten ? [{ variable, isReference: true }] : this.#read(frame, node, variable)
      }
    }
    if (isTable(op) && frame.isNumbered && !frame.body) {
      const table = this.problems.collect(() => this.#variables.table(node))
      if (table && table.keys.dtype !== 'string' && table.values.dtype !== 'string') return [{ table: { ...table, name: node.name, op } }]
    }
    if (op !== 'VarHandleOp' && op !== 'Placeholder' && op !== 'TensorArrayV3' && this.#definitions.makesResource(op)) {
      const index = this.#node(frame, node, op, [])
      this.#resources.set(this.nodes[index]!.name, unsupportedResource(this.#definitions.file, layerOf(frame, node), op))
      return index
    }
    const refs = operands.map((o) => (o.isReference ? { node: this.#read(frame, node, o.variable), output: 0 } : this.refOf(o)))
    const list = listOp(
      node,
      this.#definitions.attrs(node),
      refs.map((r) => this.nodes[r.node]),
      this.nodes,
      this.#grows(frame, node),
    )
    const writes = operands.some((o) => o.variable?.isWritten) && this.#definitions.writes.of(node, frame).operands.size > 0
    if (!list) return this.#node(frame, node, op, refs, undefined, writes)
    const inputs = list.operands.map((o) => (typeof o === 'number' ? refs[o]! : this.#literal(frame, node, o)))
    const index = this.#node(frame, node, list.op, inputs, list.attrs)
    // An array is its flow; nothing takes the handle.
    return op === 'TensorArrayV3' ? [{ ref: { node: index, output: 0 } }, { ref: { node: index, output: 0 } }] : index
  }

  /** Loops and conditions of TensorFlow 1 in the form of TensorFlow 2. */
  #control(frame: Frame, node: GraphNode, operands: readonly Operand[]): readonly Operand[] | undefined {
    const op = plainOp(node.op)
    const [first] = operands
    if (op === 'Enter') return operands
    if (op === 'Switch' && first) {
      if (frame.body?.region || frame.flow.isDecided(node)) return [first, first]
      this.#report(unstructuredControlFlow(this.#definitions.file, node.name, node.op, 'a result of a branch is used outside of it'))
      return [first, first]
    }
    if (op === 'Exit') {
      const loop = frame.flow.loop(node)
      return this.#callsOf(frame, node, 'While', operands, { cond: loop.cond, body: loop.body }, loop.exits)
    }
    if (op !== 'Merge') return undefined
    const condition = frame.flow.condition(node)
    if (condition.taken !== undefined) return operands
    const branches = { then_branch: condition.thenBranch, else_branch: condition.elseBranch }
    return this.#callsOf(frame, node, 'If', operands, branches, condition.merges)
  }

  /** Adds a node that calls functions, whose results are those of several nodes of the file. */
  #callsOf(
    frame: Frame,
    node: GraphNode,
    op: string,
    operands: readonly Operand[],
    functions: Readonly<Record<string, string>>,
    results: ReadonlyMap<string, number>,
  ): readonly Operand[] {
    const attrs = Object.entries(functions).map(([name, value]) => [name, { kind: 'func', value, attrs: new FixedAttrs() }] as const)
    const refs = operands.map((o) => this.refOf(o))
    const index = this.#node(frame, node, op, refs, new FixedAttrs(Object.fromEntries(attrs)))
    for (const [name, output] of results) frame.results.set(name, [{ ref: { node: index, output } }])
    return frame.results.get(node.name) as readonly Operand[]
  }

  /** Whether the array of TensorFlow 1 that a node works on was made to grow. */
  #grows({ nodes }: Frame, { op, input: [handle] }: GraphNode): boolean {
    const array = op.startsWith('TensorArray') && handle !== undefined ? nodes.get(handleSource(nodes, handle).name) : undefined
    const isDynamic = array?.op === 'TensorArrayV3' ? this.#definitions.attrs(array).get('dynamic_size') : undefined
    return isDynamic?.kind === 'bool' && isDynamic.value
  }

  /** A constant operand that the file has as an attribute. */
  #literal(frame: Frame, node: GraphNode, ints: readonly number[] | { readonly scalar: number }): SourceRef {
    const isScalar = 'scalar' in ints
    const name = this.#unique(`${frame.namePrefix}${node.name}/element_shape`)
    const data = constFromBytes(bytesOf(Int32Array.from(isScalar ? [ints.scalar] : ints)))
    const value: SourceConst = { dtype: 'i32', shape: isScalar ? [] : [ints.length], data }
    const layer = [layerOf(frame, node)]
    return { node: this.#add({ name, op: 'Const', inputs: [], attrs: new FixedAttrs(), layer, value }), output: 0 }
  }

  /** What an op on a table gives: from keys and values in place of the handle. */
  #lookUpIn(frame: Frame, node: GraphNode, handle: Operand & { readonly table: NamedTable }, others: readonly Operand[]) {
    const { keys, values } = handle.table
    switch (node.op.replace(/V2$/, '')) {
      case 'Identity':
        return [handle]
      case 'LookupTableFind': {
        const contents = [keys, values].map((c) => ({ node: this.#const(frame, node, c), output: 0 }))
        return this.#node(frame, node, 'LookupTableFindV2', [...contents, ...others.map((o) => this.refOf(o))])
      }
      case 'LookupTableSize': {
        const data = constFromBytes(bytesOf(BigInt64Array.of(BigInt(keys.shape[0]!))))
        return this.#const(frame, node, { dtype: 'i64', shape: [], data })
      }
      case 'LookupTableExport':
        return [keys, values].map((c): Operand => ({ ref: { node: this.#const(frame, node, c), output: 0 } }))
      default:
        return undefined
    }
  }

  #gather(frame: Frame, node: GraphNode, variable: SourceVariable, indices: SourceRef): number {
    const params = { node: this.#read(frame, node, variable), output: 0 }
    const name = this.#unique(`${frame.namePrefix}${node.name}/axis`)
    const value: SourceConst = { dtype: 'i32', shape: [], data: constFromBytes(new Uint8Array(4)) }
    const layer = [layerOf(frame, node)]
    const axis = { node: this.#add({ name, op: 'Const', inputs: [], attrs: new FixedAttrs(), layer, value }), output: 0 }
    return this.#node(frame, node, 'GatherV2', [params, indices, axis])
  }

  /** What a variable holds when `node` runs. */
  #read(frame: Frame, node: GraphNode, variable: SourceVariable): number {
    if (!variable.isWritten) return this.#const(frame, node, variable.value, variable)
    const attrs = new FixedAttrs({ dtype: { kind: 'type', value: variable.value.dtype, code: 0 } })
    const layer = [layerOf(frame, node)]
    return this.#add({ name: this.#readName(frame, node), op: 'ReadVariableOp', inputs: [this.refOf({ variable })], attrs, layer })
  }

  #write(frame: Frame, node: GraphNode, target: Operand, values: readonly Operand[]): readonly Operand[] | number {
    const op = writeOnHandle(node.op)
    const layer = layerOf(frame, node)
    if (!op || !target.variable) this.#tellWrite(node, target.variable?.name ?? node.input[0]!, 'LiteRT has no form of this op', layer)
    const inputs = [target, ...values].map((o, i) =>
      i > 0 && o.isReference ? { node: this.#read(frame, node, o.variable), output: 0 } : this.refOf(o),
    )
    const index = this.#node(frame, node, op ?? node.op, inputs, undefined, true)
    return target.isReference ? [target] : index
  }

  #readName(frame: Frame, node: GraphNode): string {
    const isOwn = node.op === 'Const' || node.op === 'ReadVariableOp' || refVariables.has(node.op)
    return this.#unique(frame.namePrefix + node.name + (isOwn ? '' : '/ReadVariableOp'))
  }

  #const(frame: Frame, node: GraphNode, value: SourceConst, variable?: SourceVariable): number {
    const title = variable && isJaxArgument(node.name) ? (variable.path ?? variable.name) : undefined
    const name = title === undefined ? this.#readName(frame, node) : this.#unique(title)
    const layer = [title ?? layerOf(frame, node)]
    const attrs = new FixedAttrs({ dtype: { kind: 'type', value: value.dtype, code: 0 } })
    return this.#add({ name, op: 'Const', inputs: [], attrs, layer, value, ...(variable ? { variable } : {}) })
  }

  #node(frame: Frame, node: GraphNode, op: string, inputs: readonly SourceRef[], attrs?: SourceAttrs, hasEffect = false): number {
    const name = this.#unique(frame.namePrefix + node.name)
    return this.#add({
      name,
      op,
      inputs,
      attrs: attrs ?? (this.#definitions.attrs(node) as SourceAttrs),
      layer: [layerOf(frame, node)],
      resultTypes: () => this.#definitions.resultTypes(node),
      ...(hasEffect && { hasEffect }),
    })
  }

  #add(node: SourceNode): number {
    this.#count()
    return this.nodes.push(node) - 1
  }

  #count(): void {
    if (++this.#size > maxSize) throw graphTooLarge(this.#definitions.file, `${maxSize} nodes and calls`)
  }

  #unique(name: string): string {
    let unique = name
    for (let n = 1; this.#names.has(unique); n++) unique = `${name}_${n}`
    this.#names.add(unique)
    return unique
  }

  #report(fault: DiagnosticFields): void {
    this.problems.add('error', fault)
  }
}
