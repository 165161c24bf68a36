import { Diagnostics } from '../../core/diagnostics.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import { RootObject } from '../../schema/tensorflow/object-graph.ts'
import { type MetaGraphDef, MetaGraphTags, SavedModel, type SignatureDef, type TensorInfo } from '../../schema/tensorflow/saved-model.ts'
import { decodeSource, type Lazy } from '../../wire/protobuf.ts'
import { compositePort, nodeMissing, noSavedModel, noSignature, unknownSignature, unknownTags } from '../diagnostics.ts'
import type { Folder } from '../folder.ts'
import { dimsOf } from '../graph-def/constant.ts'
import { Definitions } from '../graph-def/definitions.ts'
import { nodesByName } from '../graph-def/graph-node.ts'
import { Inliner, type Operand } from '../graph-def/inline.ts'
import { inputShapes, outputShape } from '../graph-def/ports.ts'
import { assemble, FunctionLibrary } from '../graph-def/source-library.ts'
import type { SourceGraph, SourceModel, SourcePort } from '../source-graph.ts'
import { Variables } from './variables.ts'

export interface SavedModelOptions {
  /** Signature key; default: every signature. */
  readonly signature?: string | undefined
  /** Tags of the MetaGraph, all of them; default `['serve']`. */
  readonly tags?: readonly string[] | undefined
}

const defaultKey = 'serving_default'

/**
 * Reads a SavedModel (TF1 or TF2) from its folder: the signatures as graphs (`serving_default` first), functions inlined, variables as constants on the
 * checkpoint's shards. Throws `import/*` and `wire/*`; the problems of all signatures are collected.
 * @see https://www.tensorflow.org/guide/saved_model
 */
export function importSavedModel(folder: Folder, options: SavedModelOptions = {}): SourceModel {
  const source = folder.open('saved_model.pb')
  if (!source) throw noSavedModel(folder.name, folder.list())
  const metaGraph = chooseMetaGraph(decodeSource(SavedModel, source).metaGraphs, options.tags ?? ['serve'], source.name)
  const callable = [...metaGraph.signatureDef].filter(([key, def]) => isCallable(key, def))
  // The first graph of a .tflite file is the one that runs when no signature is named.
  const signatures = [...callable.filter(([key]) => key === defaultKey), ...callable.filter(([key]) => key !== defaultKey)]
  const keys = signatures.map(([key]) => key)
  const { signature } = options
  if (signature !== undefined && !keys.includes(signature)) throw unknownSignature(source.name, signature, keys)
  if (signatures.length === 0) throw noSignature(source.name)

  const nodes = nodesByName(metaGraph.graphDef?.node ?? [])
  const definitions = new Definitions(
    source.name,
    metaGraph.graphDef?.library?.function ?? [],
    metaGraph.metaInfoDef?.strippedOpList?.op ?? [],
  )
  const variables = new Variables(folder, metaGraph, nodes, definitions)
  const functions = new FunctionLibrary(definitions)
  const notes = new Diagnostics()
  const framework = isKeras(metaGraph) ? 'keras' : 'tensorflow'

  const importGraph = (key: string, def: SignatureDef): SourceGraph => {
    const inliner = new Inliner(definitions, variables, key)
    const fed = new Map<string, Operand>()
    const shapes = inputShapes(
      [...def.inputs].map(([name, info]) => ({ name, dims: dimsOf(info.tensorShape) })),
      framework === 'keras',
    )
    const inputs = [...def.inputs].map(([name, info], i): SourcePort => {
      const tensor = tensorOf(info, key, name)
      const [node, output = '0'] = tensor.split(':')
      if (!nodes.has(node!)) throw nodeMissing(source.name, tensor, `Input ${JSON.stringify(name)} of signature ${JSON.stringify(key)}`)
      const known = fed.get(`${node}:${output}`)?.ref
      const ref = known ?? inliner.placeholder(tensor.replace(/:0$/, ''), info.dtype, dimsOf(info.tensorShape))
      fed.set(`${node}:${output}`, { ref })
      return { name, tensorName: tensor, ref, dtype: dtypeOfCode(info.dtype), shape: shapes[i] }
    })
    const results = [...def.outputs].map(([name, info]) => ({ name, info, tensor: tensorOf(info, key, name) }))
    const operands = inliner.inlineMain(
      nodes,
      fed,
      results.map((r) => r.tensor),
    )
    const outputs = results.map(({ name, info, tensor }, i): SourcePort => {
      const shape = outputShape(dimsOf(info.tensorShape))
      return { name, tensorName: tensor, ref: inliner.refOf(operands[i]!), dtype: dtypeOfCode(info.dtype), shape }
    })
    for (const dropped of inliner.droppedOps()) notes.add('info', dropped)
    return assemble(key, inliner, inputs, outputs, functions)
  }

  const chosen = signature === undefined ? signatures : signatures.filter(([key]) => key === signature)
  return {
    format: 'saved-model',
    name: folder.name,
    graphs: chosen.map(([key, def]) => importGraph(key, def)),
    metadata: {
      tags: metaGraph.metaInfoDef?.tags ?? [],
      frameworkVersion: metaGraph.metaInfoDef?.tensorflowVersion || undefined,
      producer: metaGraph.graphDef?.versions?.producer,
      framework,
      signatures: keys,
    },
    diagnostics: notes.list,
  }
}

function chooseMetaGraph(all: readonly Lazy<MetaGraphDef>[], wanted: readonly string[], file: string): MetaGraphDef {
  const tagSets = all.map((m) => m.as(MetaGraphTags).metaInfoDef?.tags ?? [])
  const i = tagSets.findIndex((tags) => tags.length === wanted.length && wanted.every((t) => tags.includes(t)))
  const chosen = all[i]
  if (!chosen) throw unknownTags(file, wanted, tagSets)
  return chosen.decode()
}

/** Signatures that only name an op to run (initializers, training) have outputs without a type. */
function isCallable(key: string, def: SignatureDef): boolean {
  return !key.startsWith('__saved_model_') && [...def.outputs.values()].some((o) => o.dtype !== 0)
}

function tensorOf(info: TensorInfo, signature: string, port: string): string {
  if (info.cooSparse) throw compositePort(signature, port, 'sparse')
  if (info.compositeTensor) throw compositePort(signature, port, 'composite')
  return info.name ?? ''
}

/** Keras 2 marks its objects; the archive that Keras 3 exports has children that nothing else has. */
function isKeras(metaGraph: MetaGraphDef): boolean {
  const root = metaGraph.objectGraphDef?.as(RootObject).node?.decode()
  if (!root) return false
  const children = new Set(root.children.map((c) => c?.localName))
  return root.userObject?.identifier.startsWith('_tf_keras_') === true || (children.has('_misc_assets') && children.has('_all_variables'))
}
