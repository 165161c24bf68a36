import type { Diagnostics } from '../../core/diagnostics.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { TensorInfo } from '../../schema/tensorflow/saved-model.ts'
import type { SourceGraph, SourceLibrary, SourcePort } from '../source-graph.ts'
import { dimsOf } from './constant.ts'
import type { Definitions } from './definitions.ts'
import { compositePort, nodeMissing, notFrozen, parsedFeatures } from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import { Inliner, type Operand, type VariableReader } from './inline.ts'
import { withParsedFeatures } from './parsed-examples.ts'
import { inputShapes, outputShape } from './ports.ts'
import { assemble, FunctionLibrary } from './source-library.ts'
import { tableContents } from './tables.ts'
import { variableName } from './variable-access.ts'
import { writtenVariables } from './writes.ts'

/** The graph that signatures are entry points of. */
export interface SignedGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly definitions: Definitions
  readonly variables: VariableReader
  readonly functions: SourceLibrary
  /** Whether the leading unknown size is the batch for every input. */
  readonly isBatch: boolean
  /** Takes what the user should know. */
  readonly notes: Diagnostics
}

/** A graph whose weights are constants: a variable in it is `import/not-frozen`. */
export function frozenGraph(nodes: ReadonlyMap<string, GraphNode>, definitions: Definitions, notes: Diagnostics): SignedGraph {
  const variables: VariableReader = {
    read(node) {
      throw notFrozen(definitions.file, node.name)
    },
    isWritten: () => false,
    table: (node) => tableContents(nodes, definitions, node.name),
  }
  return { nodes, definitions, variables, functions: new FunctionLibrary(definitions, variables), isBatch: false, notes }
}

/** Inputs and outputs by name, as a SignatureDef has them. */
export interface SignaturePorts {
  readonly inputs: ReadonlyMap<string, TensorInfo>
  readonly outputs: ReadonlyMap<string, TensorInfo>
}

/** Names of the variables that signatures write. */
export function variablesWrittenBy(graph: Pick<SignedGraph, 'nodes' | 'definitions'>, signatures: readonly SignaturePorts[]): Set<string> {
  const { nodes, definitions } = graph
  const names = signatures.flatMap(({ inputs, outputs }) => {
    const fed = new Set([...inputs.values()].map(({ name = '' }) => (name.includes(':') ? name : `${name}:0`)))
    const tensors = [...outputs.values()].map(({ name = '' }) => name)
    return writtenVariables(nodes, definitions.writes, tensors, (tensor) => fed.has(tensor.includes(':') ? tensor : `${tensor}:0`))
  })
  return new Set(names.map(variableName))
}

/**
 * One signature as a graph; `cut` changes it before what it does not need is dropped. Throws `import/composite-port`,
 * `import/node-missing` and what inlining throws.
 */
export function importSignature(
  graph: SignedGraph,
  key: string,
  ports: SignaturePorts,
  cut: (graph: SourceGraph) => SourceGraph = (g) => g,
): SourceGraph {
  const { nodes, definitions } = graph
  const inliner = new Inliner(definitions, graph.variables, key)
  const fed = new Map<string, Operand>()
  const shapes = inputShapes(
    [...ports.inputs].map(([name, info]) => ({ name, dims: shapeOf(info) })),
    graph.isBatch,
  )
  const inputs = [...ports.inputs].map(([name, info], i): SourcePort => {
    const tensor = tensorOf(info, key, name)
    const [node, output = '0'] = tensor.split(':')
    if (!nodes.has(node!)) throw nodeMissing(definitions.file, tensor, `Input ${JSON.stringify(name)} of signature ${JSON.stringify(key)}`)
    const known = fed.get(`${node}:${output}`)?.ref
    const ref = known ?? inliner.placeholder(tensor.replace(/:0$/, ''), info.dtype, shapeOf(info))
    fed.set(`${node}:${output}`, { ref })
    return { name, tensorName: tensor, ref, dtype: dtypeOfCode(info.dtype), shape: shapes[i] }
  })
  const results = [...ports.outputs].map(([name, info]) => ({ name, info, tensor: tensorOf(info, key, name) }))
  const operands = inliner.inlineMain(
    nodes,
    fed,
    results.map((r) => r.tensor),
  )
  const outputs = results.map(({ name, info, tensor }, i): SourcePort => {
    const shape = outputShape(shapeOf(info))
    return { name, tensorName: tensor, ref: inliner.refOf(operands[i]!), dtype: dtypeOfCode(info.dtype), shape }
  })
  for (const dropped of inliner.droppedOps()) graph.notes.add('info', dropped)
  return assemble(key, inliner, inputs, outputs, graph.functions, (whole) => {
    const parsed = withParsedFeatures(whole)
    const part = cut(parsed.graph)
    const features = part.inputs.filter((p) => parsed.features.includes(p.name)).map((p) => p.name)
    if (features.length > 0) graph.notes.add('info', parsedFeatures(definitions.file, key, parsed.strings, features))
    return part
  })
}

function tensorOf(info: TensorInfo, signature: string, port: string): string {
  if (info.cooSparse) throw compositePort(signature, port, 'sparse')
  if (info.compositeTensor) throw compositePort(signature, port, 'composite')
  return info.name ?? ''
}

/** Undefined for an unknown rank; a scalar's shape is stated, and empty. */
function shapeOf(info: TensorInfo): readonly number[] | undefined {
  return info.tensorShape && dimsOf(info.tensorShape)
}
