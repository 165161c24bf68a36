import type { ByteSource } from '../../core/bytes.ts'
import { Diagnostics } from '../../core/diagnostics.ts'
import { dataTypeCodes, dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import { MetaGraphDef } from '../../schema/tensorflow/saved-model.ts'
import { decodeSource } from '../../wire/protobuf.ts'
import { decodeText } from '../../wire/protobuf-text.ts'
import { type Folder, memoryFolder } from '../folder.ts'
import { cutPorts, likelyResults, unusedNodes } from '../graph-def/cut.ts'
import { Definitions } from '../graph-def/definitions.ts'
import { withFixedInputs } from '../graph-def/fixed-inputs.ts'
import { type GraphNode, nodesByName } from '../graph-def/graph-node.ts'
import type { GraphDefOptions } from '../graph-def/read.ts'
import { importSignature, variablesWrittenBy } from '../graph-def/signature.ts'
import { FunctionLibrary } from '../graph-def/source-library.ts'
import { tensorType } from '../graph-def/tensor-type.ts'
import type { SourceModel } from '../source-graph.ts'
import { metaGraphOutputs } from './diagnostics.ts'
import { Variables } from './variables.ts'

/**
 * Reads the graph of a training checkpoint (`model.meta`, as `tf.compat.v1.train.Saver` writes it) as one graph called `main`, with the
 * values of its variables from the files beside it (`model.index`, `model.data-00000-of-00001`, or `model` of the first version).
 * Throws `import/meta-graph-outputs` when several tensors could be what it is to compute and none is named, `import/unknown-tensor`,
 * what `withFixedInputs`, `Variables` and inlining throw.
 * @see https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Saver
 */
export function importMetaGraph(
  source: ByteSource,
  beside: Folder | undefined,
  options: GraphDefOptions = {},
  isText = false,
): SourceModel {
  const file = source.name
  const metaGraph = isText ? decodeText(MetaGraphDef, source, dataTypeCodes) : decodeSource(MetaGraphDef, source)
  const { graphDef, metaInfoDef } = metaGraph
  const { nodes, constants } = withFixedInputs(file, nodesByName(file, graphDef?.node ?? []), options.constants)
  const definitions = new Definitions(file, graphDef?.library?.function ?? [], metaInfoDef?.strippedOpList?.op ?? [], constants)
  const notes = new Diagnostics()
  const outputs = options.outputs ?? unusedNodes(nodes)
  if (!options.outputs && outputs.length !== 1) throw metaGraphOutputs(file, likelyResults(nodes, outputs), flagOf(nodes, definitions))
  const ports = cutPorts(nodes, definitions, outputs, options, notes)
  const written = variablesWrittenBy({ nodes, definitions }, [ports])
  const folder = beside ?? memoryFolder(file, new Map())
  const prefix = file.replace(/^.*[\\/]/, '').replace(/\.meta(\.txt)?$/, '')
  const variables = new Variables(folder, metaGraph, nodes, definitions, written, prefix)
  const functions = new FunctionLibrary(definitions, variables)
  const graph = { nodes, definitions, variables, functions, isBatch: false, notes }
  return {
    format: 'graph-def',
    name: file,
    graphs: [importSignature(graph, 'main', ports)],
    metadata: {
      tags: metaInfoDef?.tags ?? [],
      frameworkVersion: metaInfoDef?.tensorflowVersion || undefined,
      producer: graphDef?.versions?.producer,
      framework: 'tensorflow',
      signatures: [],
    },
    diagnostics: notes.list,
  }
}

/** The first placeholder of one truth value, which is most often a switch of training. */
function flagOf(nodes: ReadonlyMap<string, GraphNode>, definitions: Definitions): string | undefined {
  const isFlag = (node: GraphNode) => /^Placeholder(V2|WithDefault)?$/.test(node.op) && isBool(definitions, node)
  return [...nodes.values()].find(isFlag)?.name
}

function isBool(definitions: Definitions, node: GraphNode): boolean {
  return dtypeOfCode(tensorType(definitions, node, 0).code) === 'bool'
}
