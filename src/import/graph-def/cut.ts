import type { Diagnostics } from '../../core/diagnostics.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { TensorInfo } from '../../schema/tensorflow/saved-model.ts'
import type { SourceGraph, SourceNode, SourcePort } from '../source-graph.ts'
import type { Definitions } from './definitions.ts'
import { ambiguousTensor, inferredPorts, unfedPlaceholder, unknownTensor } from './diagnostics.ts'
import type { GraphNode } from './graph-node.ts'
import { inputShapes, outputShape } from './ports.ts'
import { behind, placeholder, reached, type Stand } from './prune.ts'
import type { SignaturePorts } from './signature.ts'
import { statedType, tensorType } from './tensor-type.ts'
import { nodeName } from './variable-access.ts'

/** Ops that are not results though nothing takes their outputs. */
const noResults =
  /^(NoOp|Const|Placeholder(WithDefault)?|Assert|Print(V2)?|Assign.*|Save(V2)?|Restore(V2)?|MergeV2Checkpoints|ControlTrigger)$/

/**
 * Tensors that the user names, as the ports of a signature: `x`, `x:0`, `x:1`, also in the middle
 * of the graph. Ports are called as the tensor is, without `:0`. What the graph has no node for may be a port of the signature (`stated`).
 * Throws `import/unknown-tensor`.
 */
export function namedPorts(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  tensors: readonly string[],
  option: '--inputs' | '--outputs',
  stated: ReadonlyMap<string, TensorInfo> = new Map(),
): Map<string, TensorInfo> {
  const ports = new Map<string, TensorInfo>()
  for (const tensor of tensors) {
    const name = tensor.trim().replace(/:0$/, '')
    const [nodeName = '', output = '0'] = name.split(':')
    const node = nodes.get(nodeName)
    const port = node ? undefined : stated.get(name)
    if (!port && (!node || !/^\d{1,6}$/.test(output)))
      throw unknownTensor(definitions.file, option, name, [...stated.keys(), ...nodes.keys()])
    ports.set(name, port ?? portOf(definitions, node!, Number(output), name))
  }
  return ports
}

function portOf(definitions: Definitions, node: GraphNode, output: number, name: string): TensorInfo {
  const { code, dims } = tensorType(definitions, node, output)
  const tensorShape = { dim: (dims ?? []).map((size) => ({ size })), unknownRank: dims === undefined }
  return { name, dtype: code, tensorShape, cooSparse: undefined, compositeTensor: undefined }
}

/** Placeholders that the outputs depend on, as ports. */
export function placeholderPorts(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  outputs: readonly string[],
): Map<string, TensorInfo> {
  const needed = dependencies(nodes, outputs)
  const inputs = [...nodes.values()].filter((n) => n.op === 'Placeholder' && needed.has(n.name))
  return new Map(inputs.map((n) => [n.name, portOf(definitions, n, 0, n.name)]))
}

/** Names of nodes whose results no other node takes; of these the ones that depend on a placeholder, when any do. */
export function unusedNodes(nodes: ReadonlyMap<string, GraphNode>): string[] {
  const used = new Set<string>()
  const users = new Map<string, string[]>()
  for (const node of nodes.values()) {
    for (const input of node.input) {
      const name = input.replace(/^\^|:.*$/g, '')
      used.add(name)
      const known = users.get(name)
      if (known) known.push(node.name)
      else users.set(name, [node.name])
    }
  }
  // What a condition of TensorFlow 1 hangs its branches' nodes on.
  const isPivot = (n: GraphNode): boolean => n.op === 'Identity' && /^(Ref)?Switch$/.test(nodes.get(nodeName(n.input[0] ?? ''))?.op ?? '')
  const unused = [...nodes.values()].filter((n) => !used.has(n.name) && !noResults.test(n.op) && !isPivot(n)).map((n) => n.name)
  const computed = new Set<string>()
  const left = [...nodes.values()].filter((n) => n.op === 'Placeholder').map((n) => n.name)
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (computed.has(name)) continue
    computed.add(name)
    left.push(...(users.get(name) ?? []))
  }
  const results = unused.filter((name) => computed.has(name))
  return results.length > 0 ? results : unused
}

/**
 * Of unused nodes of a training graph those that can be results: not what `tf.gradients` made, not the ends of its conditions, not what
 * is asked of shapes; all when none is left.
 */
export function likelyResults(nodes: ReadonlyMap<string, GraphNode>, unused: readonly string[]): readonly string[] {
  const isSwitch = (tensor: string) => /^(Ref)?Switch$/.test(nodes.get(tensor.replace(/:.*$/, ''))?.op ?? '')
  const isLikely = (name: string) => {
    const { op, input } = nodes.get(name)!
    return (
      !/(^|\/)gradients(_\d+)?\//.test(name) &&
      !/^(Shape|ShapeN|Rank|Size)$/.test(op) &&
      !/\/(pred_id|switch_[tf])$/.test(name) &&
      !input.some(isSwitch)
    )
  }
  const likely = unused.filter(isLikely)
  return likely.length > 0 ? likely : unused
}

/** Nodes that the tensors depend on, themselves included. */
function dependencies(nodes: ReadonlyMap<string, GraphNode>, tensors: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const left = tensors.map((t) => t.replace(/:.*$/, ''))
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    for (const input of nodes.get(name)?.input ?? []) if (!input.startsWith('^')) left.push(input.replace(/:.*$/, ''))
  }
  return seen
}

/**
 * The graph between tensors that the user names: its ports by their names, and what nodes give by the name of the node or its layer, `x:1`
 * for a further result. Writes that need what is cut off are left out. Throws `import/unknown-tensor`, `import/unfed-placeholder`.
 */
export function cutBetween(
  graph: SourceGraph,
  file: string,
  named: { readonly inputs?: readonly string[] | undefined; readonly outputs?: readonly string[] | undefined },
): SourceGraph {
  const find = (ports: readonly SourcePort[], words: readonly string[], option: '--inputs' | '--outputs'): SourcePort[] =>
    words.map((word) => {
      const name = word.trim().replace(/:0$/, '')
      const port = ports.find((p) => p.name === name) ?? ports.find((p) => p.tensorName.replace(/:0$/, '') === name)
      return port ?? innerPort(graph, file, name, option)
    })
  const outputs = named.outputs ? find(graph.outputs, named.outputs, '--outputs') : graph.outputs
  const found = named.inputs ? find(graph.inputs, named.inputs, '--inputs') : graph.inputs
  const isOwn = (p: SourcePort): boolean => graph.inputs.includes(p)
  const inner = found.filter((p) => !isOwn(p))
  const stated = inner.map(({ ref, name }) => {
    const { op, attrs } = graph.nodes[ref.node]!
    return { name, dims: statedType(op, attrs, ref.output).dims }
  })
  const shapes = inputShapes(stated, false)
  const before = inner.map((p, i): Stand => ({ of: p.ref, node: placeholder(`${p.name}/input`, p.name, p.dtype, stated[i]!.dims) }))
  const cut = behind({ ...graph, inputs: found.filter(isOwn), outputs }, before)
  const inputs = found.map((p): SourcePort => {
    const i = inner.indexOf(p)
    return i < 0 ? cut.inputs.find((own) => own.name === p.name)! : { ...p, ref: { node: i, output: 0 }, shape: shapes[i] }
  })
  const fed = new Set(inputs.map((p) => p.ref.node))
  const lacking = (roots: readonly number[]): SourceNode | undefined => {
    const isReached = reached(cut.nodes, roots)
    return cut.nodes.find((n, i) => isReached[i] && n.op === 'Placeholder' && !fed.has(i))
  }
  const unfed = lacking(cut.outputs.map((p) => p.ref.node))
  if (unfed) throw unfedPlaceholder(file, unfed.name, graph.name)
  const nodes = cut.nodes.map((n, i) => (n.hasEffect && lacking([i]) ? { ...n, hasEffect: false } : n))
  return { ...cut, nodes, inputs }
}

/** What a node of the graph gives, by its own name or that of its layer. */
function innerPort(graph: SourceGraph, file: string, name: string, option: '--inputs' | '--outputs'): SourcePort {
  const [, word = name, output = '0'] = /^(.*):(\d{1,6})$/.exec(name) ?? []
  const own = graph.nodes.findIndex((n) => n.name === word)
  const layers = graph.nodes.flatMap((n, i) => (n.layer[0] === word ? [i] : []))
  if (own < 0 && layers.length > 1) {
    throw ambiguousTensor(
      file,
      option,
      name,
      layers.map((i) => graph.nodes[i]!.name),
    )
  }
  const at = own < 0 ? (layers[0] ?? -1) : own
  const node = graph.nodes[at]
  const words = [...graph.inputs, ...graph.outputs].map((p) => p.name)
  if (!node) throw unknownTensor(file, option, name, [...words, ...graph.nodes.flatMap((n) => n.layer.slice(0, 1))])
  const ref = { node: at, output: Number(output) }
  const { code, dims } = statedType(node.op, node.attrs, ref.output)
  const dtype = node.resultTypes?.()?.[ref.output] ?? node.value?.dtype ?? dtypeOfCode(code)
  return { name, tensorName: name, ref, dtype, shape: outputShape(dims) }
}

/** What is computed of a graph: `outputs`, and of inputs those that are named, else all placeholders. What nobody named is told. */
export function cutPorts(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  outputs: readonly string[],
  named: { readonly inputs?: readonly string[] | undefined; readonly outputs?: readonly string[] | undefined },
  notes: Diagnostics,
): SignaturePorts {
  const { file } = definitions
  const computed = namedPorts(nodes, definitions, outputs, '--outputs')
  const names = [...computed.keys()]
  const inputs = named.inputs ? namedPorts(nodes, definitions, named.inputs, '--inputs') : placeholderPorts(nodes, definitions, names)
  if (!named.inputs) notes.add('info', inferredPorts(file, 'inputs', [...inputs.keys()]))
  if (!named.outputs) notes.add('info', inferredPorts(file, 'outputs', names))
  return { inputs, outputs: computed }
}
