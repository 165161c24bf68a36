import { Diagnostics } from '../../core/diagnostics.ts'
import { isJsonObject } from '../../core/json.ts'
import { dataTypeCodes, dtypeOfCode, nameOfCode } from '../../schema/tensorflow/data-type.ts'
import { GraphDef, type TensorProto } from '../../schema/tensorflow/graph.ts'
import { SignatureDef } from '../../schema/tensorflow/saved-model.ts'
import { decodeJson } from '../../wire/protobuf-json.ts'
import { dimsOf } from '../graph-def/constant.ts'
import { namedPorts, placeholderPorts, unusedNodes } from '../graph-def/cut.ts'
import { Definitions } from '../graph-def/definitions.ts'
import { inferredPorts, noOutputs } from '../graph-def/diagnostics.ts'
import { fixedPlaceholders, withFixedInputs, withoutConstants } from '../graph-def/fixed-inputs.ts'
import { type GraphNode, nodesByName } from '../graph-def/graph-node.ts'
import type { GraphDefOptions } from '../graph-def/read.ts'
import { frozenGraph, importSignature, type SignaturePorts } from '../graph-def/signature.ts'
import type { JsonCursor } from '../json-cursor.ts'
import type { SourceConst, SourceModel } from '../source-graph.ts'
import { castConstant } from './cast-constant.ts'
import { constantMismatch, constantMissing, tableInput } from './diagnostics.ts'
import type { TfjsFile } from './model-json.ts'
import { readWeights, type Weights } from './weights.ts'

const key = 'serving_default'

type Ports = SignaturePorts['inputs']

interface CutGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly definitions: Definitions
  /** Placeholders that are constants. */
  readonly fixed: ReadonlyMap<string, SourceConst>
}

/**
 * A graph model: a frozen GraphDef in JSON whose constants are in weight files.
 * Throws `import/tfjs-*`, `import/unknown-tensor`, `import/unsuitable-constant`, `wire/malformed` and what inlining throws.
 */
export function importGraphModel(file: TfjsFile, options: GraphDefOptions = {}): SourceModel {
  const { name, root, topology } = file
  const decoding = { file: name, path: topology.path, enumeration: dataTypeCodes }
  const graph = decodeJson(GraphDef, topology.value, decoding)
  const all = nodesByName(name, graph.node)
  const functions = graph.library?.function ?? []
  const notes = new Diagnostics()
  const weights = readWeights(root.at('weightsManifest'), file.folder, notes)
  const bodies = functions.flatMap((f) => [...nodesByName(name, f.decode().nodeDef).values()])
  const stored = constantsOf([...all.values(), ...bodies], weights, name)
  const stated = signatureOf(root)
  const ports = stated.isAbsent ? undefined : decodeJson(SignatureDef, stated.value, { ...decoding, path: stated.path })
  refuseTables(file, stated, ports)
  const values = fixedPlaceholders([named(ports?.inputs ?? new Map())], options.constants)
  const { nodes, constants: fixed } = withFixedInputs(name, all, values)
  const definitions = new Definitions(name, functions, [], new Map([...stored, ...fixed]))
  const chosen = chosenPorts(file, ports, { nodes, definitions, fixed }, options, notes)
  const imported = importSignature(frozenGraph(nodes, definitions, notes), key, chosen)
  return {
    format: 'tfjs-graph',
    name,
    graphs: [imported],
    metadata: {
      tags: [],
      frameworkVersion: root.at('generatedBy').optionalString(),
      producer: graph.versions?.producer,
      framework: 'tensorflow',
      signatures: [key],
    },
    diagnostics: notes.list,
  }
}

/** Where the file keeps its signature; early converters put it into the metadata. */
function signatureOf(root: JsonCursor): JsonCursor {
  const own = root.at('signature')
  const metadata = root.at('userDefinedMetadata')
  return own.isAbsent && isJsonObject(metadata.value) ? metadata.at('signature') : own
}

/** Names of the outputs in their order, where the converter was asked to keep those of the model. */
function structuredKeys(root: JsonCursor): readonly string[] {
  const metadata = root.at('userDefinedMetadata')
  const keys = isJsonObject(metadata.value) ? metadata.at('structuredOutputKeys') : undefined
  return !keys || keys.isAbsent ? [] : keys.array().map((k) => k.string())
}

/**
 * What is computed: what the user names, else what the signature states, else unused results, of the placeholders that they need. What
 * nobody named is told.
 */
function chosenPorts(
  { name: file, root }: TfjsFile,
  stated: SignaturePorts | undefined,
  { nodes, definitions, fixed }: CutGraph,
  options: GraphDefOptions,
  notes: Diagnostics,
): SignaturePorts {
  const inputs = named(stated?.inputs ?? new Map())
  const keys = structuredKeys(root)
  const results = renamed(named(stated?.outputs ?? new Map()), keys)
  const unused = () => renamed(namedPorts(nodes, definitions, unusedNodes(nodes), '--outputs'), keys)
  const outputs = options.outputs
    ? namedPorts(nodes, definitions, options.outputs, '--outputs', results)
    : results.size > 0
      ? results
      : unused()
  if (outputs.size === 0) throw noOutputs(file)
  if (!options.outputs && results.size === 0) notes.add('info', inferredPorts(file, 'outputs', [...outputs.keys()]))
  if (options.inputs) return { inputs: namedPorts(nodes, definitions, options.inputs, '--inputs', inputs), outputs }
  if (inputs.size > 0) return { inputs: withoutConstants(inputs, fixed), outputs }
  const tensors = [...outputs.values()].map((info) => info.name ?? '')
  const placeholders = placeholderPorts(nodes, definitions, tensors)
  notes.add('info', inferredPorts(file, 'inputs', [...placeholders.keys()]))
  return { inputs: placeholders, outputs }
}

/** Outputs under the names that the converter was asked to keep, by position. */
function renamed(outputs: Ports, keys: readonly string[]): Ports {
  const isNamed = keys.length === outputs.size && new Set(keys).size === keys.length
  return isNamed ? new Map([...outputs.values()].map((info, i) => [keys[i]!, info])) : outputs
}

/** Ports that the converter could not tell apart are called after their tensors, `left:0`; users say `left`. */
function named(ports: Ports): Ports {
  return new Map([...ports].map(([name, info]) => [ports.has(name.replace(/:0$/, '')) ? name : name.replace(/:0$/, ''), info]))
}

/** Hash tables come in as inputs that the initializer fills. */
function refuseTables(file: TfjsFile, stated: JsonCursor, ports: SignaturePorts | undefined): void {
  const problems = new Diagnostics()
  for (const [name, info] of ports?.inputs ?? []) {
    const isTable = dtypeOfCode(info.dtype) === 'resource' || !stated.at('inputs').at(name).at('resourceId').isAbsent
    if (isTable) problems.add('error', tableInput(file.name, name))
  }
  problems.throwIfErrors()
}

/** Values of the `Const` nodes, of the type that the node states. Throws `import/tfjs-constant-*` for all at fault. */
function constantsOf(nodes: readonly GraphNode[], weights: Weights, file: string): ReadonlyMap<string, SourceConst> {
  const problems = new Diagnostics()
  const constants = new Map<string, SourceConst>()
  for (const node of nodes) {
    if (node.op !== 'Const') continue
    const value = problems.collect(() => constantOf(node, weights, file))
    if (value) constants.set(node.name, value)
  }
  problems.throwIfErrors()
  return constants
}

/** Undefined where the node itself holds its value. */
function constantOf(node: GraphNode, weights: Weights, file: string): SourceConst | undefined {
  const tensor = node.attr.get('value')?.decode().tensor?.decode()
  const weight = weights.get(node.name)
  if (!weight) {
    if (tensor && holdsValue(tensor)) return undefined
    throw constantMissing(file, node.name)
  }
  const type = tensor?.dtype ?? node.attr.get('dtype')?.decode().type
  const dims = tensor && dimsOf(tensor.tensorShape)
  const value = type === undefined ? weight : castConstant(weight, dtypeOfCode(type))
  const found = `${weight.dtype}[${weight.shape}]`
  if (!value) throw constantMismatch(file, node.name, nameOfCode(type ?? 0), found)
  if (dims && dims.join() !== weight.shape.join()) throw constantMismatch(file, node.name, `[${dims}]`, found)
  return value
}

function holdsValue(tensor: TensorProto): boolean {
  return Object.values(tensor).some((v) => (v instanceof Uint8Array || Array.isArray(v)) && v.length > 0) || isEmpty(tensor)
}

/** A tensor of no elements needs none. */
function isEmpty(tensor: TensorProto): boolean {
  return dimsOf(tensor.tensorShape)?.includes(0) ?? false
}
