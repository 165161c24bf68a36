import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { SourceGraph, SourceLibrary, SourcePort, SourceVariable } from '../source-graph.ts'
import type { Definitions } from './definitions.ts'
import { functionMissing, functionRecursion, graphTooLarge } from './diagnostics.ts'
import { Inliner, type Operand, type VariableReader } from './inline.ts'
import { inputShapes } from './ports.ts'
import { pruned } from './prune.ts'

/** Bodies within bodies are lowered one inside the other. */
const maxNesting = 100

/** The functions of a GraphDef as bodies of control flow. */
export class FunctionLibrary implements SourceLibrary {
  readonly #definitions: Definitions
  readonly #variables: VariableReader
  /** Functions whose bodies led here. */
  readonly #chain: readonly string[]

  constructor(definitions: Definitions, variables: VariableReader, chain: readonly string[] = []) {
    this.#definitions = definitions
    this.#variables = variables
    this.#chain = chain
  }

  has(name: string): boolean {
    return this.#definitions.hasFunction(name)
  }

  names(): readonly string[] {
    return this.#definitions.functionNames()
  }

  load(name: string, args: readonly (SourceVariable | undefined)[] = []): SourceGraph {
    const { file } = this.#definitions
    if (this.#chain.includes(name)) throw functionRecursion(file, [...this.#chain.slice(this.#chain.indexOf(name)), name])
    if (this.#chain.length >= maxNesting) throw graphTooLarge(file, `${maxNesting} loops and branches within one another`)
    const body = this.#definitions.function(name)
    if (!body) throw functionMissing(file, name, 'Control flow')
    const inliner = new Inliner(this.#definitions, this.#variables, name)
    const refs = body.args.map((a) => inliner.placeholder(a.name, a.type, a.dims))
    const operands = inliner.inlineBody(
      body,
      refs.map((ref, i): Operand => {
        const variable = args[i]
        return variable ? { variable } : { ref }
      }),
    )
    const shapes = inputShapes(body.args, false)
    const inputs = body.args.map(
      (a, i): SourcePort => ({ name: a.name, tensorName: a.name, ref: refs[i]!, dtype: dtypeOfCode(a.type), shape: shapes[i] }),
    )
    const outputs = body.results.map((r, i): SourcePort => {
      const ref = inliner.refOf(operands[i]!)
      return { name: r.name, tensorName: r.name, ref, dtype: dtypeOfCode(r.type), shape: undefined }
    })
    const functions = new FunctionLibrary(this.#definitions, this.#variables, [...this.#chain, name])
    return assemble(name, inliner, inputs, outputs, functions)
  }
}

/**
 * The graph of what was inlined, as `change` makes it, without nodes that neither an output nor a write needs. Throws the problems that
 * inlining found.
 */
export function assemble(
  name: string,
  inliner: Inliner,
  inputs: readonly SourcePort[],
  outputs: readonly SourcePort[],
  functions: SourceLibrary,
  change: (graph: SourceGraph) => SourceGraph = (g) => g,
): SourceGraph {
  const hasModules = inliner.hasModules
  const graph = pruned(change({ name, nodes: inliner.nodes, inputs, outputs, functions, ...(hasModules && { hasModules }) }))
  inliner.throwProblems(graph.nodes)
  return graph
}
