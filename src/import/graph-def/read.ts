import type { ByteSource } from '../../core/bytes.ts'
import { Diagnostics } from '../../core/diagnostics.ts'
import { dataTypeCodes } from '../../schema/tensorflow/data-type.ts'
import { GraphDef } from '../../schema/tensorflow/graph.ts'
import { decodeSource } from '../../wire/protobuf.ts'
import { decodeText } from '../../wire/protobuf-text.ts'
import type { SourceModel } from '../source-graph.ts'
import { cutPorts, unusedNodes } from './cut.ts'
import { Definitions } from './definitions.ts'
import { noOutputs } from './diagnostics.ts'
import { type FixedInputs, withFixedInputs } from './fixed-inputs.ts'
import { nodesByName } from './graph-node.ts'
import { frozenGraph, importSignature } from './signature.ts'

export interface GraphDefOptions {
  /** Tensors that become the inputs, in this order: `x`, `x:0`, also in the middle of the graph. Default: the placeholders that the outputs need. */
  readonly inputs?: readonly string[] | undefined
  /** Tensors to compute, in this order. Default: the first output of every node whose outputs no other node takes. */
  readonly outputs?: readonly string[] | undefined
  /** Values of placeholders that are no inputs then. */
  readonly constants?: FixedInputs | undefined
}

/**
 * Reads a frozen GraphDef (`.pb`, or `.pbtxt` when `isText`) as one graph called `main`; tensors keep their names in the file. What is chosen
 * where the options leave it open is told in the diagnostics. Throws `import/not-frozen` for a graph with variables,
 * `import/unknown-tensor`, `import/unsuitable-constant`, `import/no-outputs` and what inlining throws.
 */
export function importGraphDef(source: ByteSource, options: GraphDefOptions = {}, isText = false): SourceModel {
  const file = source.name
  const graph = isText ? decodeText(GraphDef, source, dataTypeCodes) : decodeSource(GraphDef, source)
  const { nodes, constants } = withFixedInputs(file, nodesByName(file, graph.node), options.constants)
  const definitions = new Definitions(file, graph.library?.function ?? [], [], constants)
  const notes = new Diagnostics()
  const outputs = options.outputs ?? unusedNodes(nodes)
  if (outputs.length === 0) throw noOutputs(file)
  const ports = cutPorts(nodes, definitions, outputs, options, notes)
  return {
    format: 'graph-def',
    name: file,
    graphs: [importSignature(frozenGraph(nodes, definitions, notes), 'main', ports)],
    metadata: { tags: [], frameworkVersion: undefined, producer: graph.versions?.producer, framework: 'tensorflow', signatures: [] },
    diagnostics: notes.list,
  }
}
