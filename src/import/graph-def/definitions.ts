import type { DType } from '../../core/dtype.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import { type AttrValue, type FunctionDef, FunctionName, type OpDef, OpName } from '../../schema/tensorflow/graph.ts'
import { opOutputs } from '../../schema/tensorflow/op-outputs.ts'
import type { Lazy } from '../../wire/protobuf.ts'
import type { SourceAttrs, SourceConst } from '../source-graph.ts'
import { translateModule } from '../stablehlo/call-module.ts'
import { NodeAttrs, noDefaults } from './attrs.ts'
import { constantOf } from './constant.ts'
import type { ControlFlow } from './control-flow.ts'
import { opUndefined } from './diagnostics.ts'
import { type GraphNode, nodesByName } from './graph-node.ts'
import { changesTable } from './tables.ts'
import { Writes } from './writes.ts'

export interface FunctionArg {
  readonly name: string
  /** What the body calls it, when that is not its name. */
  readonly tensors?: readonly string[]
  readonly type: number
  readonly dims: readonly number[] | undefined
}

/** A function of the library, or a region of a graph, as far as inlining needs it. */
export interface FunctionBody {
  readonly name: string
  readonly args: readonly FunctionArg[]
  /** `from` is the inner tensor: `node:output:0`, or an argument's name. */
  readonly results: readonly { readonly name: string; readonly type: number; readonly from: string }[]
  readonly nodes: ReadonlyMap<string, GraphNode>
  /** Those of the nodes that only check or print. */
  readonly checks: readonly GraphNode[]
  /** Those that change what is in tables. */
  readonly tableChanges: readonly GraphNode[]
  /** Whether tensors are called `node:1` as in a main graph, not `node:output:0`. */
  readonly isNumbered?: boolean
  /** Set for a loop's or condition's part of a graph, which it knows. */
  readonly region?: ControlFlow
}

interface OpDefinition {
  readonly outputs: OpDef['outputArg']
  readonly defaults: ReadonlyMap<string, Lazy<AttrValue>>
}

const calls = new Set(['PartitionedCall', 'StatefulPartitionedCall', 'StatelessPartitionedCall', 'TPUPartitionedCall'])
/** Ops that hand on what they take, if anything. */
export const onlyChecks = /^(Assert|Print(V2)?|CheckNumerics(V2)?)$/

/** What a GraphDef refers to by name: functions, and the definitions of ops where the file has them. Decoded when asked for. */
export class Definitions {
  readonly file: string
  readonly writes: Writes = new Writes(this)
  readonly #functions: ReadonlyMap<string, Lazy<FunctionDef>>
  readonly #bodies = new Map<string, FunctionBody>()
  readonly #modules = new Map<GraphNode, string>()
  readonly #ops: ReadonlyMap<string, Lazy<OpDef>>
  readonly #opDefinitions = new Map<string, OpDefinition | undefined>()
  readonly #constants: ReadonlyMap<string, SourceConst>

  /** `constants` are values that are kept beside the graph, by the name of their `Const` node. */
  constructor(
    file: string,
    functions: readonly Lazy<FunctionDef>[],
    ops: readonly Lazy<OpDef>[],
    constants: ReadonlyMap<string, SourceConst> = new Map(),
  ) {
    this.file = file
    this.#constants = constants
    this.#functions = new Map(functions.map((f) => [f.as(FunctionName).signature?.name ?? '', f]))
    this.#ops = new Map(ops.map((o) => [o.as(OpName).name, o]))
  }

  functionNames(): readonly string[] {
    return [...this.#functions.keys()]
  }

  hasFunction(name: string): boolean {
    return this.#functions.has(name) || this.#bodies.has(name)
  }

  function(name: string): FunctionBody | undefined {
    const known = this.#bodies.get(name)
    if (known) return known
    const def = this.#functions.get(name)?.decode()
    if (!def) return undefined
    const inputShapes = def.attr.get('_input_shapes')?.decode().list?.shape
    const nodes = nodesByName(this.file, def.nodeDef)
    const body: FunctionBody = {
      name,
      args: (def.signature?.inputArg ?? []).map(({ name, type }, i) => {
        const shape = inputShapes?.[i]
        return { name, type, dims: shape === undefined || shape.unknownRank ? undefined : shape.dim.map((d) => d.size) }
      }),
      results: (def.signature?.outputArg ?? []).map((r) => ({ name: r.name, type: r.type, from: def.ret.get(r.name) ?? '' })),
      nodes,
      checks: [...nodes.values()].filter((n) => onlyChecks.test(n.op)),
      tableChanges: [...nodes.values()].filter((n) => changesTable(n.op)),
    }
    this.#bodies.set(name, body)
    return body
  }

  /** Takes a body that is not in the file, under its name or one like it; gives the name. */
  define(body: FunctionBody): string {
    let { name } = body
    for (let n = 1; this.#functions.has(name) || this.#bodies.has(name); n++) name = `${body.name}_${n}`
    this.#bodies.set(name, { ...body, name })
    return name
  }

  /** Whether modules of StableHLO are among what was called. */
  get hasModules(): boolean {
    return this.#modules.size > 0
  }

  /** The function that an `XlaCallModule` node runs. */
  module(node: GraphNode): string {
    const known = this.#modules.get(node)
    if (known !== undefined) return known
    const bytes = node.attr.get('module')?.decode().s ?? new Uint8Array(0)
    const name = translateModule(bytes, this.attrs(node), node.name, this.file, (body) => this.define(body))
    this.#modules.set(node, name)
    return name
  }

  /** The function that a node calls, where it is nothing but a call. */
  calledFunction(node: GraphNode): string | undefined {
    if (node.op === 'XlaCallModule') return this.module(node)
    if (!calls.has(node.op)) return this.hasFunction(node.op) ? node.op : undefined
    return node.attr.get('f')?.decode().func?.name ?? ''
  }

  /** Which of a node's results a tensor is: `node:1`, or in a function `node:output:1`. */
  positionOf(node: GraphNode, tensor: string, isNumbered: boolean): number {
    const [, output, index] = tensor.split(':')
    if (output === undefined) return 0
    return isNumbered ? Number(output) : this.outputPosition(node, output, Number(index ?? 0))
  }

  attrs(node: GraphNode): SourceAttrs {
    if (node.made) return node.made.attrs
    return new NodeAttrs(node, this.#op(node.op)?.defaults ?? noDefaults, this.file)
  }

  /** The value of a `Const` node; undefined when the node states none. Throws what `constantOf` throws. */
  constant(node: GraphNode): SourceConst | undefined {
    const known = node.made ? node.made.value : this.#constants.get(node.name)
    if (known || node.made) return known
    const tensor = node.attr.get('value')?.decode().tensor?.decode()
    return tensor && constantOf(tensor, this.file, `constant ${JSON.stringify(node.name)}`)
  }

  /** Whether the op makes a handle to a resource other than a variable. */
  makesResource(op: string): boolean {
    return this.#op(op)?.outputs.some((o) => o.type === resourceType) ?? /HashTable(V2)?$|Iterator(V2)?$|^Stack(V2)?$|Queue(V2)?$/.test(op)
  }

  /**
   * Position among all outputs of `node` of the `index`-th tensor of the output that is called `output`.
   * Throws `import/op-undefined`.
   */
  outputPosition(node: GraphNode, output: string, index: number): number {
    const calledFunction = this.#functions.has(node.op) ? this.function(node.op) : undefined
    if (calledFunction) {
      const i = calledFunction.results.findIndex((r) => r.name === output)
      if (i < 0) throw opUndefined(this.file, node.op, node.name, output)
      return i + index
    }
    const outputs = this.#op(node.op)?.outputs
    if (!outputs) {
      const names = opOutputs.get(node.op)
      if (!names) return index
      const i = names.indexOf(output)
      if (i < 0) throw opUndefined(this.file, node.op, node.name, output)
      return i + index
    }
    let position = index
    const attrs = outputs.length > 1 ? this.attrs(node) : undefined
    for (const { name, numberAttr, typeListAttr } of outputs) {
      if (name === output) return position
      if (numberAttr !== '') {
        const n = attrs?.get(numberAttr)
        position += n?.kind === 'int' ? n.value : 0
      } else if (typeListAttr !== '') {
        const types = attrs?.get(typeListAttr)
        position += types?.kind === 'types' ? types.value.length : 0
      } else position++
    }
    throw opUndefined(this.file, node.op, node.name, output)
  }

  /** Element types of the outputs of `node`, by the definition of its op; undefined where the file has none or leaves one open. */
  resultTypes(node: GraphNode): readonly (DType | undefined)[] | undefined {
    const outputs = this.#op(node.op)?.outputs
    if (!outputs) return undefined
    const attrs = this.attrs(node)
    const types: (DType | undefined)[] = []
    for (const { type, typeAttr, numberAttr, typeListAttr } of outputs) {
      const list = typeListAttr === '' ? undefined : attrs.get(typeListAttr)
      if (list) {
        if (list.kind === 'types') types.push(...list.value)
        continue
      }
      const own = typeAttr === '' ? undefined : attrs.get(typeAttr)
      const count = numberAttr === '' ? undefined : attrs.get(numberAttr)
      const n = count?.kind === 'int' ? Math.min(count.value, maxResults) : 1
      const dtype = own?.kind === 'type' ? own.value : dtypeOfCode(type)
      for (let i = 0; i < n; i++) types.push(dtype)
    }
    return types
  }

  #op(name: string): OpDefinition | undefined {
    if (this.#opDefinitions.has(name)) return this.#opDefinitions.get(name)
    const def = this.#ops.get(name)?.decode()
    const defaults = new Map<string, Lazy<AttrValue>>()
    for (const a of def?.attr ?? []) if (a.defaultValue) defaults.set(a.name, a.defaultValue)
    const definition = def && { outputs: def.outputArg, defaults }
    this.#opDefinitions.set(name, definition)
    return definition
  }
}

const resourceType = 20
/** More than any op has; a bound for what damaged files state. */
const maxResults = 10_000
