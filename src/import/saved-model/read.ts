import { Diagnostics } from '../../core/diagnostics.ts'
import { dataTypeCodes } from '../../schema/tensorflow/data-type.ts'
import { RootObject } from '../../schema/tensorflow/object-graph.ts'
import { type MetaGraphDef, MetaGraphTags, SavedModel, type SignatureDef } from '../../schema/tensorflow/saved-model.ts'
import { decodeSource, type Lazy } from '../../wire/protobuf.ts'
import { decodeText } from '../../wire/protobuf-text.ts'
import { unknownSignature } from '../diagnostics.ts'
import type { Folder } from '../folder.ts'
import { cutBetween, namedPorts } from '../graph-def/cut.ts'
import { Definitions } from '../graph-def/definitions.ts'
import { type FixedInputs, fixedPlaceholders, withFixedInputs, withoutConstants } from '../graph-def/fixed-inputs.ts'
import { type GraphNode, nodesByName } from '../graph-def/graph-node.ts'
import { parsesExamples, unparsedFeatures } from '../graph-def/parsed-examples.ts'
import { importSignature, type SignaturePorts, type SignedGraph, variablesWrittenBy } from '../graph-def/signature.ts'
import { FunctionLibrary } from '../graph-def/source-library.ts'
import type { SourceGraph, SourceModel } from '../source-graph.ts'
import { noSavedModel, noSignature, stringInputs, unknownTags, variableFixed } from './diagnostics.ts'
import { isString, stringsAmong, throwAll, withoutStrings } from './string-ports.ts'
import { Variables } from './variables.ts'

export interface SavedModelOptions {
  /** Signature key, or several; default: every signature. */
  readonly signature?: string | readonly string[] | undefined
  /** Tags of the MetaGraph, all of them; default `['serve']`. */
  readonly tags?: readonly string[] | undefined
  /** Tensors instead of the inputs of the signature: of the main graph, of functions, or inputs as the signature calls them. */
  readonly inputs?: readonly string[] | undefined
  /** The same for its outputs. */
  readonly outputs?: readonly string[] | undefined
  /** Values of inputs that become constants, by the name in a signature or in the main graph. */
  readonly constants?: FixedInputs | undefined
}

const defaultKey = 'serving_default'

/**
 * Reads a SavedModel (TF1 or TF2) from its folder: the signatures as graphs (`serving_default` first), functions inlined, variables as constants on the
 * checkpoint's shards. Throws `import/*` and `wire/*`; the problems of all signatures are collected.
 * @see https://www.tensorflow.org/guide/saved_model
 */
export function importSavedModel(folder: Folder, options: SavedModelOptions = {}): SourceModel {
  const binary = folder.open('saved_model.pb')
  const source = binary ?? folder.open('saved_model.pbtxt')
  if (!source) throw noSavedModel(folder.name, folder.list())
  const savedModel = binary ? decodeSource(SavedModel, source) : decodeText(SavedModel, source, dataTypeCodes)
  const metaGraph = chooseMetaGraph(savedModel.metaGraphs, options.tags ?? ['serve'], source.name)
  const callable = [...metaGraph.signatureDef].filter(([key, def]) => isCallable(key, def))
  // The first graph of a .tflite file is the one that runs when no signature is named.
  const signatures = [...callable.filter(([key]) => key === defaultKey), ...callable.filter(([key]) => key !== defaultKey)]
  const keys = signatures.map(([key]) => key)
  const numericKeys = signatures.flatMap(([key, def]) => ([...def.inputs.values()].some(isString) ? [] : [key]))
  const wanted = options.signature === undefined ? undefined : [options.signature].flat()
  const unknown = wanted?.find((key) => !keys.includes(key))
  if (unknown !== undefined) throw unknownSignature(source.name, unknown, keys)
  if (signatures.length === 0) throw noSignature(source.name)

  const all = nodesByName(source.name, metaGraph.graphDef?.node ?? [])
  const { nodes, constants } = withFixedInputs(
    source.name,
    all,
    fixedPlaceholders(
      signatures.map(([, def]) => def.inputs),
      options.constants,
    ),
  )
  const definitions = new Definitions(
    source.name,
    metaGraph.graphDef?.library?.function ?? [],
    metaGraph.metaInfoDef?.strippedOpList?.op ?? [],
    constants,
  )
  const notes = new Diagnostics()
  const framework = isKeras(metaGraph) ? 'keras' : 'tensorflow'
  const isCut = options.inputs !== undefined || options.outputs !== undefined
  // Tensors that the user names make one graph.
  const isChosen = (key: string) => (isCut ? key === (wanted ?? keys)[0] : (wanted ?? keys).includes(key))
  const chosen = signatures.filter(([key]) => isChosen(key))
  const isParsed = chosen.some(([, def]) => stringsAmong(def.inputs).length > 0) && parsesExamples(nodes, definitions)
  const numeric = chosen.flatMap(([key, def]) => {
    const whole = { inputs: withoutConstants(def.inputs, constants), outputs: def.outputs }
    const named = isCut ? portsInMain(nodes, definitions, options, whole) : whole
    const isTaken = isParsed || (!named && options.inputs !== undefined)
    const { ports, warnings } =
      named || !options.outputs ? withoutStrings(source.name, key, named ?? whole, numericKeys, isTaken) : { ports: whole, warnings: [] }
    if (ports) return [{ key, ports, warnings, isInner: !named }]
    for (const warning of warnings) notes.add(chosen.length > 1 ? 'warning' : 'error', warning)
    return []
  })
  const written = variablesWrittenBy(
    { nodes, definitions },
    numeric.map(({ ports }) => ports),
  )
  const variables = new Variables(folder, metaGraph, nodes, definitions, written)
  const functions = new FunctionLibrary(definitions, variables)
  const graph: SignedGraph = { nodes, definitions, variables, functions, isBatch: framework === 'keras', notes }
  const problems = new Diagnostics()
  const graphs = numeric.flatMap(({ key, ports, warnings, isInner }) => {
    const strings = stringsAmong(ports.inputs)
    const refused = strings.length > 0 ? new Diagnostics() : problems
    const cut = isInner ? (g: SourceGraph) => cutBetween(g, source.name, options) : undefined
    const imported = refused.collect(() => importSignature(graph, key, ports, cut))
    const left = imported?.inputs.flatMap((p) => (p.dtype === 'string' ? [p.name] : [])) ?? strings
    if (imported && left.length === 0) {
      for (const warning of warnings) notes.add('warning', warning)
      return [imported]
    }
    if (strings.length === 0) return []
    const others = numericKeys.filter((k) => k !== key)
    notes.add('warning', stringInputs(source.name, key, left, imported ? unparsedFeatures(imported) : [], others))
    for (const d of refused.list) notes.add('warning', d)
    return []
  })
  problems.throwIfErrors()
  if (graphs.length === 0) throwAll(notes)
  if (isCut || wanted) tellFixed(graph, graphs, signatures, notes)
  return {
    format: 'saved-model',
    name: folder.name,
    graphs,
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

/** Ports that the user names by tensors of the main graph, or as the signature does; undefined where one is in a function. */
function portsInMain(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  { inputs, outputs }: SavedModelOptions,
  whole: SignaturePorts,
): SignaturePorts | undefined {
  const isMain = (own: SignaturePorts['inputs']) => (word: string) =>
    nodes.has(word.trim().replace(/:\d*$/, '')) || own.has(word.trim().replace(/:0$/, ''))
  if (!(inputs ?? []).every(isMain(whole.inputs)) || !(outputs ?? []).every(isMain(whole.outputs))) return undefined
  const named = (own: SignaturePorts['inputs'], words: readonly string[] | undefined, option: '--inputs' | '--outputs') =>
    words ? namedPorts(nodes, definitions, words, option, own) : own
  return { inputs: named(whole.inputs, inputs, '--inputs'), outputs: named(whole.outputs, outputs, '--outputs') }
}

function chooseMetaGraph(all: readonly Lazy<MetaGraphDef>[], wanted: readonly string[], file: string): MetaGraphDef {
  const tagSets = all.map((m) => m.as(MetaGraphTags).metaInfoDef?.tags ?? [])
  const i = tagSets.findIndex((tags) => tags.length === wanted.length && wanted.every((t) => tags.includes(t)))
  const chosen = all[i]
  if (!chosen) throw unknownTags(file, wanted, tagSets)
  return chosen.decode()
}

/** Variables that graphs read as constants though other signatures, or what was cut off, write them. */
function tellFixed(
  graph: SignedGraph,
  graphs: readonly SourceGraph[],
  signatures: readonly (readonly [string, SignatureDef])[],
  notes: Diagnostics,
): void {
  const readers = new Map<string, Set<string>>()
  for (const g of graphs)
    for (const { variable } of g.nodes)
      if (variable && !variable.isWritten) readers.set(variable.name, (readers.get(variable.name) ?? new Set()).add(g.name))
  const writers = new Map<string, string[]>()
  for (const [key, def] of readers.size > 0 ? signatures : [])
    for (const name of variablesWrittenBy(graph, [def])) if (readers.has(name)) writers.set(name, [...(writers.get(name) ?? []), key])
  for (const [name, keys] of writers) notes.add('info', variableFixed([...readers.get(name)!], name, keys))
}

/** Signatures that only name an op to run (initializers, training) have outputs without a type. */
function isCallable(key: string, def: SignatureDef): boolean {
  return !key.startsWith('__saved_model_') && [...def.outputs.values()].some((o) => o.dtype !== 0)
}

/** Keras 2 marks its objects; the archive that Keras 3 exports has children that nothing else has. */
function isKeras(metaGraph: MetaGraphDef): boolean {
  const root = metaGraph.objectGraphDef?.as(RootObject).node?.decode()
  if (!root) return false
  const children = new Set(root.children.map((c) => c?.localName))
  return root.userObject?.identifier.startsWith('_tf_keras_') === true || (children.has('_misc_assets') && children.has('_all_variables'))
}
