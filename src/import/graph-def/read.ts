import type { ByteSource } from '../../core/bytes.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import { GraphDef } from '../../schema/tensorflow/graph.ts'
import { decodeSource } from '../../wire/protobuf.ts'
import { nodeMissing, noOutputs, notFrozen } from '../diagnostics.ts'
import type { SourceModel, SourcePort } from '../source-graph.ts'
import { Definitions } from './definitions.ts'
import { type GraphNode, nodesByName } from './graph-node.ts'
import { Inliner, type Operand } from './inline.ts'
import { inputShapes } from './ports.ts'
import { assemble, FunctionLibrary } from './source-library.ts'

export interface GraphDefOptions {
  /** Tensors that become the inputs, in this order: `x`, `x:0`, also in the middle of the graph. Default: every `Placeholder`. */
  readonly inputs?: readonly string[] | undefined
  /** Tensors to compute, in this order. Default: the first output of every node whose outputs no other node takes. */
  readonly outputs?: readonly string[] | undefined
}

/** Ops that are not results though nothing takes their outputs. */
const noResults = /^(NoOp|Const|Placeholder|Assert|Print(V2)?|Assign.*|SaveV2|MergeV2Checkpoints)$/

/**
 * Reads a frozen GraphDef (`.pb`) as one graph called `main`; tensors keep their names in the file. Throws `import/not-frozen`
 * for a graph with variables, `import/node-missing`, `import/no-outputs` and what inlining throws.
 */
export function importGraphDef(source: ByteSource, options: GraphDefOptions = {}): SourceModel {
  const file = source.name
  const graph = decodeSource(GraphDef, source)
  const nodes = nodesByName(graph.node)
  const definitions = new Definitions(file, graph.library?.function ?? [], [])
  const inliner = new Inliner(definitions, { read: (node) => throwNotFrozen(file, node) }, 'main')

  const inputNames = options.inputs ?? [...nodes.values()].filter((n) => n.op === 'Placeholder').map((n) => n.name)
  const fed = new Map<string, Operand>()
  const described = inputNames.map((name) => {
    const [nodeName = '', output = '0'] = name.split(':')
    const node = nodes.get(nodeName)
    if (!node) throw nodeMissing(file, name, 'The list of inputs')
    return { name: name.replace(/:0$/, ''), key: `${nodeName}:${output}`, ...tensorType(definitions, node, Number(output)) }
  })
  const shapes = inputShapes(described, false)
  const inputs = described.map(({ name, key, code, dims }, i): SourcePort => {
    const ref = fed.get(key)?.ref ?? inliner.placeholder(name, code, dims)
    fed.set(key, { ref })
    return { name, tensorName: name, ref, dtype: dtypeOfCode(code), shape: shapes[i] }
  })

  const outputNames = options.outputs ?? unusedNodes(nodes)
  if (outputNames.length === 0) throw noOutputs(file)
  const operands = inliner.inlineMain(nodes, fed, outputNames)
  const outputs = outputNames.map((tensor, i): SourcePort => {
    const name = tensor.replace(/:0$/, '')
    return { name, tensorName: name, ref: inliner.refOf(operands[i]!), dtype: undefined, shape: undefined }
  })
  return {
    format: 'graph-def',
    name: file,
    graphs: [assemble('main', inliner, inputs, outputs, new FunctionLibrary(definitions))],
    metadata: { tags: [], frameworkVersion: undefined, producer: graph.versions?.producer, framework: 'tensorflow', signatures: [] },
    diagnostics: [],
  }
}

function throwNotFrozen(file: string, node: GraphNode): never {
  throw notFrozen(file, node.name)
}

/** What the file says of an output of a node; dims are undefined for an unknown rank, the type 0 when it is not stated. */
function tensorType(definitions: Definitions, node: GraphNode, output: number): { code: number; dims: readonly number[] | undefined } {
  const attrs = definitions.attrs(node)
  const types = ['dtype', 'T', 'DstT', 'out_type', 'Tparams'].map((name) => attrs.get(name)).find((a) => a?.kind === 'type')
  const known = attrs.get('_output_shapes')
  const own = node.op === 'Placeholder' ? attrs.get('shape') : undefined
  const dims = own?.kind === 'shape' ? own.value : known?.kind === 'shapes' ? known.value[output] : undefined
  return { code: types?.kind === 'type' ? types.code : 0, dims }
}

function unusedNodes(nodes: ReadonlyMap<string, GraphNode>): string[] {
  const used = new Set<string>()
  for (const node of nodes.values()) for (const input of node.input) used.add(input.replace(/^\^|:.*$/g, ''))
  return [...nodes.values()].filter((n) => !used.has(n.name) && !noResults.test(n.op)).map((n) => n.name)
}
