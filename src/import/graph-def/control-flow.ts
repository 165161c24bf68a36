import type { Definitions, FunctionBody } from './definitions.ts'
import { graphTooLarge, unstructuredControlFlow } from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import { tensorType } from './tensor-type.ts'
import { nodeName } from './variable-access.ts'

/*
 * The control flow of TensorFlow 1 as functions, which the While and If of TensorFlow 2 take: a body is the same graph, cut at other tensors.
 * Loops: Enter -> Merge -> Switch -> Exit, or -> ... -> NextIteration -> Merge. Conditions: Switch -> ... -> Merge.
 * @see Yu et al., Dynamic Control Flow in Large-Scale Machine Learning, EuroSys 2018, section 4
 */

interface Variable {
  readonly enter: GraphNode
  readonly merge: GraphNode
  readonly switch: GraphNode
  readonly next: GraphNode
}

/** A loop as a While. */
export interface Loop {
  readonly cond: string
  readonly body: string
  /** Tensors that it takes: the initial values, then what stays the same. */
  readonly operands: readonly string[]
  /** Names of `Exit` nodes by the position of the result. */
  readonly exits: ReadonlyMap<string, number>
}

/** A condition as an If; `taken` instead when the predicate is a constant. */
export type Condition =
  | { readonly taken: string }
  | {
      readonly taken?: undefined
      readonly thenBranch: string
      readonly elseBranch: string
      /** The predicate, then what both branches take. */
      readonly operands: readonly string[]
      /** Names of `Merge` nodes by the position of the result. */
      readonly merges: ReadonlyMap<string, number>
    }

/** Which way each predicate went for a tensor to have a value. */
type Branches = ReadonlyMap<string, 0 | 1>

const outside: Branches = new Map()
const [boolCode, variantCode] = [10, 21]
/** Conditions within one another. */
const maxNesting = 100
/** Results of one condition that are looked at together. */
const maxResults = 64

/** The op without the prefix of those on reference variables. */
export function plainOp(op: string): string {
  return op.replace(/^Ref(?=Switch$|Merge$|Enter$|Exit$|NextIteration$|Identity$)/, '')
}

/** The data inputs; the handle of an array is no data, which is in its flow. */
export function dataInputs(node: GraphNode): readonly string[] {
  const inputs = node.input.filter((i) => !i.startsWith('^'))
  return /^TensorArray[A-Z]\w*V3$/.test(node.op) ? inputs.slice(1) : inputs
}

export class ControlFlow {
  readonly #nodes: ReadonlyMap<string, GraphNode>
  readonly #definitions: Definitions
  /** Whether outputs are numbered, as in a main graph, or named, as in a function. */
  readonly #isNumbered: boolean
  readonly #isFed: (tensor: string) => boolean
  readonly #argTypes: ReadonlyMap<string, number>
  /** Nodes that what is computed depends on; undefined for all. */
  readonly #needed: ReadonlySet<GraphNode> | undefined
  readonly #loops = new Map<string, Loop>()
  readonly #conditions = new Map<string, Condition>()
  readonly #branches = new Map<string, Branches>()

  constructor(
    definitions: Definitions,
    nodes: ReadonlyMap<string, GraphNode>,
    isNumbered: boolean,
    isFed: (tensor: string) => boolean,
    args: FunctionBody['args'] = [],
    needed?: ReadonlySet<GraphNode>,
  ) {
    this.#definitions = definitions
    this.#nodes = nodes
    this.#isNumbered = isNumbered
    this.#isFed = isFed
    this.#argTypes = new Map(args.map((a) => [a.name, a.type]))
    this.#needed = needed
  }

  /** The loop that an `Exit` leaves. Throws `import/unstructured-control-flow`. */
  loop(exit: GraphNode): Loop {
    const [switchNode] = this.#inputNodes(exit)
    const loopCond = switchNode && this.#inputNodes(switchNode)[1]
    if (loopCond?.op !== 'LoopCond' || loopCond.input[0] === undefined) return this.#fail(exit, 'an Exit takes a Switch on a LoopCond')
    const known = this.#loops.get(loopCond.name)
    if (known) return known
    const all = [...this.#nodes.values()]
    const variables = all.filter((n) => plainOp(n.op) === 'Switch' && this.#inputNodes(n)[1] === loopCond).map((n) => this.#variable(n))
    const frame = frameName(variables[0]!.enter)
    const ends = [...variables.map((v) => v.next.input[0]!), loopCond.input[0]!]
    const isInvariant = (n: GraphNode): boolean =>
      plainOp(n.op) === 'Enter' && n.input[0] !== undefined && frameName(n) === frame && !variables.some((v) => v.enter === n)
    const invariants = this.#reached(ends, (n) => isInvariant(n) || variables.some((v) => n === v.merge)).filter(
      (n) => isInvariant(n) && !this.#isConstant(n.input[0]!),
    )
    const arg = (node: GraphNode, name: string, tensors: readonly string[]) => ({
      name,
      tensors,
      type: this.#typeOf(node.input[0]!),
      dims: undefined,
    })
    const kept = invariants.map((n) => arg(n, n.name, [this.#output(n, 0)]))
    const define = (kind: string, args: FunctionBody['args'], results: FunctionBody['results']): string =>
      this.#define(`${frame}_${kind}`, args, results)
    const loop: Loop = {
      cond: define(
        'cond',
        [...variables.map((v) => arg(v.enter, v.merge.name, [this.#output(v.merge, 0)])), ...kept],
        [{ name: 'predicate', type: boolCode, from: loopCond.input[0]! }],
      ),
      body: define(
        'body',
        [...variables.map((v) => arg(v.enter, v.merge.name, [this.#output(v.switch, 1), this.#output(v.merge, 0)])), ...kept],
        [
          ...variables.map((v) => ({ name: v.next.name, type: this.#typeOf(v.enter.input[0]!), from: v.next.input[0]! })),
          ...kept.map((a) => ({ name: a.name, type: a.type, from: a.tensors[0]! })),
        ],
      ),
      operands: [...variables.map((v) => v.enter.input[0]!), ...invariants.map((n) => n.input[0]!)],
      exits: new Map(
        all
          .filter((n) => plainOp(n.op) === 'Exit')
          .map((n): [string, number] => [n.name, variables.findIndex((v) => v.switch === this.#inputNodes(n)[0])])
          .filter(([, i]) => i >= 0),
      ),
    }
    this.#loops.set(loopCond.name, loop)
    return loop
  }

  #variable(switchNode: GraphNode): Variable {
    const [merge] = this.#inputNodes(switchNode)
    const inputs = merge ? this.#inputNodes(merge) : []
    const enter = inputs.find((n) => n && plainOp(n.op) === 'Enter')
    const next = inputs.find((n) => n && plainOp(n.op) === 'NextIteration')
    if (!merge || !enter?.input[0] || !next?.input[0])
      return this.#fail(switchNode, 'a loop variable is a Merge of Enter and NextIteration')
    return { enter, merge, switch: switchNode, next }
  }

  /** The condition whose results come together in a `Merge`. Throws `import/unstructured-control-flow`. */
  condition(merge: GraphNode): Condition {
    const known = this.#conditions.get(merge.name)
    if (known) return known
    const { predicate, whenTrue, whenFalse } = this.#fork(merge)
    const value = this.#constantPredicate(predicate)
    if (value !== undefined) {
      const taken = { taken: value ? whenTrue : whenFalse }
      this.#conditions.set(merge.name, taken)
      return taken
    }
    const forks = this.#together(merge, predicate)
    const captured = [...new Set(forks.flatMap((f) => f.captured))]
    const args = captured.map((tensor) => ({ name: tensor, tensors: [tensor], type: this.#typeOf(tensor), dims: undefined }))
    const branch = (kind: string, from: (f: Fork) => string): string =>
      this.#define(
        `${merge.name}_${kind}`,
        args,
        forks.map((f) => ({ name: f.merge.name, type: this.#typeOf(from(f)), from: from(f) })),
      )
    const condition: Condition = {
      thenBranch: branch('true', (f) => f.whenTrue),
      elseBranch: branch('false', (f) => f.whenFalse),
      operands: [predicate, ...captured],
      merges: new Map(forks.map((f, i) => [f.merge.name, i])),
    }
    for (const f of forks) this.#conditions.set(f.merge.name, condition)
    return condition
  }

  /** Whether a `Switch` lets its data through as it is: its predicate is a constant. */
  isDecided(node: GraphNode): boolean {
    return this.#constantPredicate(node.input[1] ?? '') !== undefined
  }

  #fork(merge: GraphNode): Omit<Fork, 'captured'> {
    const [a = '', b = ''] = dataInputs(merge)
    const [branchesA, branchesB] = [this.#branchesOf(a), this.#branchesOf(b)]
    const differ = [...new Set([...branchesA.keys(), ...branchesB.keys()])].filter((p) => branchesA.get(p) !== branchesB.get(p))
    const opposite = differ.filter((p) => branchesA.has(p) && branchesB.has(p))
    const [predicate, second] = opposite.length > 0 ? opposite : differ
    if (predicate === undefined || second !== undefined || dataInputs(merge).length !== 2)
      return this.#fail(merge, 'a Merge takes the results of two branches of one condition')
    const isFirst = branchesA.get(predicate) === 1 || branchesB.get(predicate) === 0
    return { merge, predicate, whenTrue: isFirst ? a : b, whenFalse: isFirst ? b : a }
  }

  /** The results of one condition that can be computed in one If: none takes part in what another's branches take. */
  #together(merge: GraphNode, predicate: string): readonly Fork[] {
    const forkOf = (m: GraphNode): Fork => {
      const fork = this.#fork(m)
      return { ...fork, captured: this.#captured([fork.whenTrue, fork.whenFalse], predicate) }
    }
    const forks = [forkOf(merge)]
    const before = [new Set(this.#reached(forks[0]!.captured, () => false))]
    for (const node of this.#nodes.values()) {
      if (node === merge || plainOp(node.op) !== 'Merge' || this.#isLoopMerge(node) || forks.length >= maxResults) continue
      if (this.#needed && !this.#needed.has(node)) continue
      const branches = dataInputs(node).map((i) => this.#branchesOf(i))
      if (!branches.some((b) => b.has(predicate)) || this.#fork(node).predicate !== predicate) continue
      const fork = forkOf(node)
      const needs = new Set(this.#reached(fork.captured, () => false))
      if (forks.some((f) => needs.has(f.merge)) || before.some((s) => s.has(node))) continue
      forks.push(fork)
      before.push(needs)
    }
    return forks
  }

  /** Tensors from outside that branches of a predicate need, constants left out. */
  #captured(tensors: readonly string[], predicate: string): string[] {
    const found = new Set<string>()
    const seen = new Set<string>()
    const left = [...tensors]
    for (let tensor = left.pop(); tensor !== undefined; tensor = left.pop()) {
      const key = this.#key(tensor)
      if (seen.has(key)) continue
      seen.add(key)
      if (this.#isConstant(tensor)) continue
      const node = this.#nodeOf(tensor)
      if (!node || !this.#branchesOf(tensor).has(predicate)) found.add(key)
      else if (plainOp(node.op) === 'Switch' && this.#predicateOf(node) === predicate) left.push(node.input[0]!)
      else left.push(...dataInputs(node))
    }
    return [...found].reverse()
  }

  /** What must have been decided for a tensor to have a value. */
  #branchesOf(tensor: string): Branches {
    const stack = [nodeName(tensor)]
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      const node = this.#nodes.get(name)
      if (!node || this.#branches.has(name)) {
        stack.pop()
        continue
      }
      // The way back of a loop says nothing new, and would not end.
      const isLoop = this.#isLoopMerge(node)
      const inputs = node.input.filter((i) => !(isLoop && this.#nodeOf(i)?.op.endsWith('NextIteration')))
      const missing = inputs.map(nodeName).filter((n) => this.#nodes.has(n) && !this.#branches.has(n))
      if (missing.length > 0 && stack.length <= 2 * this.#nodes.size + 2) {
        stack.push(...missing)
        continue
      }
      stack.pop()
      const of = inputs.map((i) => this.#withPort(i))
      const branches = plainOp(node.op) === 'Merge' && !isLoop ? common(of) : union(of)
      if (branches.size > maxNesting) throw graphTooLarge(this.#definitions.file, `${maxNesting} conditions within one another`)
      this.#branches.set(name, branches)
    }
    return this.#withPort(tensor)
  }

  #withPort(tensor: string): Branches {
    const node = this.#nodeOf(tensor)
    const branches = this.#branches.get(nodeName(tensor)) ?? outside
    if (!node || plainOp(node.op) !== 'Switch' || tensor.startsWith('^') || this.#nodeOf(node.input[1] ?? '')?.op === 'LoopCond')
      return branches
    return union([branches, new Map([[this.#predicateOf(node), this.#port(tensor)]])])
  }

  #isLoopMerge(node: GraphNode): boolean {
    return plainOp(node.op) === 'Merge' && node.input.some((i) => this.#nodeOf(i)?.op.endsWith('NextIteration'))
  }

  #constantPredicate(tensor: string, depth = 0): boolean | undefined {
    const node = this.#nodeOf(tensor)
    if (!node || depth > 50 || this.#isFed(this.#key(tensor))) return undefined
    const of = (i: number): boolean | undefined => this.#constantPredicate(node.input[i] ?? '', depth + 1)
    switch (plainOp(node.op)) {
      case 'Const': {
        const value = this.#definitions.constant(node)
        return value?.dtype === 'bool' && value.data.byteLength === 1 ? value.data.bytes()[0] !== 0 : undefined
      }
      case 'Identity':
      case 'PlaceholderWithDefault':
      case 'Switch':
      case 'Enter':
        return of(0)
      case 'LogicalNot': {
        const value = of(0)
        return value === undefined ? undefined : !value
      }
      case 'LogicalAnd':
        return of(0) === false || of(1) === false ? false : of(0) === true ? of(1) : undefined
      case 'LogicalOr':
        return of(0) === true || of(1) === true ? true : of(0) === false ? of(1) : undefined
      default:
        return undefined
    }
  }

  /** Whether a tensor is a constant or variable as it stands, which a body can have itself. */
  #isConstant(tensor: string): boolean {
    let node = this.#nodeOf(tensor)
    for (let i = 0; node && i < 64; i++) {
      const op = plainOp(node.op)
      if (/^(Const|Variable(V2)?|VarHandleOp)$/.test(op)) return true
      if (!/^(Identity|Enter|Switch|ReadVariableOp)$/.test(op) || this.#isFed(this.#key(tensor))) return false
      tensor = node.input[0] ?? ''
      node = this.#nodeOf(tensor)
    }
    return false
  }

  /** TensorFlow's number; an array's flow is a list. */
  #typeOf(tensor: string): number {
    for (let i = 0; i < 64; i++) {
      const node = this.#nodeOf(tensor)
      if (!node) return this.#argTypes.get(tensor) ?? 0
      if (/^TensorArray(V3|WriteV3|ScatterV3|SplitV3)$/.test(node.op)) return variantCode
      if (!/^(Identity|Enter|Switch|Merge|NextIteration|Exit)$/.test(plainOp(node.op))) {
        return tensorType(this.#definitions, node, this.#isNumbered ? this.#port(tensor) : this.#namedPort(node, tensor)).code
      }
      tensor = node.input[0] ?? ''
    }
    return 0
  }

  #namedPort(node: GraphNode, tensor: string): number {
    const [, output = '', index = '0'] = tensor.split(':')
    return output === '' ? 0 : this.#definitions.outputPosition(node, output, Number(index))
  }

  /** Nodes that the tensors depend on, not looking behind those where `stops`. */
  #reached(tensors: readonly string[], stops: (n: GraphNode) => boolean): GraphNode[] {
    const found = new Set<GraphNode>()
    const left = [...tensors]
    for (let tensor = left.pop(); tensor !== undefined; tensor = left.pop()) {
      const node = this.#nodeOf(tensor)
      if (!node || found.has(node)) continue
      found.add(node)
      if (!stops(node)) left.push(...dataInputs(node))
    }
    return [...found].reverse()
  }

  #define(name: string, args: FunctionBody['args'], results: FunctionBody['results']): string {
    return this.#definitions.define({
      name,
      args,
      results,
      nodes: this.#nodes,
      checks: [],
      tableChanges: [],
      isNumbered: this.#isNumbered,
      region: this,
    })
  }

  #inputNodes(node: GraphNode): (GraphNode | undefined)[] {
    return dataInputs(node).map((i) => this.#nodeOf(i))
  }

  #nodeOf(tensor: string): GraphNode | undefined {
    return this.#nodes.get(nodeName(tensor))
  }

  /** What decides a `Switch`; each condition has a copy of its own. */
  #predicateOf(node: GraphNode): string {
    let tensor = node.input[1] ?? ''
    for (let i = 0; i < 64; i++) {
      const source = this.#nodeOf(tensor)
      if (!source || plainOp(source.op) !== 'Identity' || !source.input[0]) break
      tensor = source.input[0]
    }
    return this.#key(tensor)
  }

  /** Equal for equal tensors. */
  #key(tensor: string): string {
    return this.#isNumbered && !tensor.includes(':') ? `${tensor}:0` : tensor
  }

  /** Of Switch and Merge. */
  #port(tensor: string): 0 | 1 {
    const output = tensor.slice(tensor.indexOf(':') + 1)
    return tensor.includes(':') && /^(1|output_true(:0)?)$/.test(output) ? 1 : 0
  }

  #output(node: GraphNode, port: 0 | 1): string {
    if (this.#isNumbered) return `${node.name}:${port}`
    const name = plainOp(node.op) === 'Switch' ? (port ? 'output_true' : 'output_false') : 'output'
    return `${node.name}:${name}:0`
  }

  #fail(node: GraphNode, expected: string): never {
    throw unstructuredControlFlow(this.#definitions.file, node.name, node.op, expected)
  }
}

interface Fork {
  readonly merge: GraphNode
  readonly predicate: string
  readonly whenTrue: string
  readonly whenFalse: string
  readonly captured: readonly string[]
}

function frameName(enter: GraphNode): string {
  return new TextDecoder().decode(enter.attr.get('frame_name')?.decode().s ?? new Uint8Array(0))
}

function union(all: readonly Branches[]): Branches {
  const some = all.filter((b) => b.size > 0)
  const [first = outside] = some
  if (some.every((b) => b === first)) return first
  return new Map(some.flatMap((b) => [...b]))
}

/** What holds whichever of the inputs has a value. */
function common([first = outside, ...others]: readonly Branches[]): Branches {
  return new Map([...first].filter(([p, side]) => others.every((b) => b.get(p) === side)))
}
