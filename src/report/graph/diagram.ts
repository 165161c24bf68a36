import { formatTensorShape, printable } from '../../inspect/notation.ts'
import type { OperatorInfo, OpFamily, SubgraphInfo, TensorInfo } from '../../inspect/types.ts'

/** Characters of a layer's name in a box. */
const maxLayer = 32

/** A box of the drawing: an operator, or an input or output of the subgraph. Text is plain, not yet escaped. */
export interface DiagramNode {
  readonly kind: 'input' | 'output' | 'operator'
  /** Index of the operator, or of the tensor of an input or output. */
  readonly ref: number
  readonly family: OpFamily | null
  readonly title: string
  /** Smaller lines below the title. */
  readonly lines: readonly string[]
}

/** Tensors that flow from one box to another; positions in `nodes`. */
export interface DiagramEdge {
  readonly from: number
  readonly to: number
  readonly tensors: readonly number[]
}

export interface Diagram {
  readonly nodes: readonly DiagramNode[]
  readonly edges: readonly DiagramEdge[]
}

/**
 * Boxes and edges of a subgraph: inputs, then operators in the order of the file, then outputs. Constants are named in the boxes that
 * read them; operators that only unpack a constant are left out.
 */
export function diagramOf(graph: SubgraphInfo): Diagram {
  const { tensors } = graph
  const hidden = new Set(graph.operators.filter((o) => onlyUnpacks(graph, o)).map((o) => o.index))
  const shown = graph.operators.filter((o) => !hidden.has(o.index))
  const inputs = [...new Set(graph.inputs)]
  const nodes: DiagramNode[] = [
    ...inputs.map((t) => portNode('input', tensors[t]!)),
    ...shown.map((o) => operatorNode(graph, o)),
    ...graph.outputs.map((t) => portNode('output', tensors[t]!)),
  ]
  const source = new Map<number, number>(inputs.map((t, i) => [t, i]))
  shown.forEach((o, i) => {
    for (const t of o.outputs) if (!source.has(t)) source.set(t, inputs.length + i)
  })
  const edges = new Map<string, { from: number; to: number; tensors: number[] }>()
  const connect = (t: number | null, to: number) => {
    const from = t === null ? undefined : source.get(t)
    if (t === null || from === undefined || from === to) return
    const edge = edges.get(`${from} ${to}`) ?? { from, to, tensors: [] }
    if (!edge.tensors.includes(t)) edge.tensors.push(t)
    edges.set(`${from} ${to}`, edge)
  }
  shown.forEach((o, i) => {
    for (const t of o.inputs) connect(t, inputs.length + i)
  })
  graph.outputs.forEach((t, i) => {
    connect(t, inputs.length + shown.length + i)
  })
  return { nodes, edges: [...edges.values()] }
}

/** Unpacks a constant for operators that are drawn in its place. */
export function onlyUnpacks({ tensors }: SubgraphInfo, { op, inputs, outputs }: OperatorInfo): boolean {
  if (op !== 'DEQUANTIZE' && op !== 'DENSIFY') return false
  return inputs.every((t) => t !== null && tensors[t]!.kind === 'constant') && outputs.every((t) => tensors[t]!.consumers.length > 0)
}

/** The constant behind an operand, through the operator that unpacks it; undefined for what is computed. */
export function constantBehind(graph: SubgraphInfo, tensor: number): TensorInfo | undefined {
  const { kind, producer } = graph.tensors[tensor]!
  if (kind === 'constant') return graph.tensors[tensor]!
  const unpacker = producer === null ? undefined : graph.operators[producer]
  return unpacker && onlyUnpacks(graph, unpacker) ? graph.tensors[unpacker.inputs[0]!] : undefined
}

function portNode(kind: 'input' | 'output', t: TensorInfo): DiagramNode {
  return { kind, ref: t.index, family: null, title: printable(t.name, 40), lines: [`${t.dtype} ${formatTensorShape(t.shapeSignature)}`] }
}

function operatorNode(graph: SubgraphInfo, o: OperatorInfo): DiagramNode {
  const fused = o.options.fusedActivationFunction
  const title = typeof fused === 'string' && fused !== 'NONE' ? `${o.op} + ${fused}` : o.op
  const [result] = o.outputs.map((t) => graph.tensors[t]!)
  const lines = [
    ...(o.layer === null ? [] : [lastSteps(o.layer)]),
    ...largestWeight(graph, o),
    ...(result ? [`${result.dtype} ${formatTensorShape(result.shapeSignature)}`] : []),
  ]
  return { kind: 'operator', ref: o.index, family: o.family, title: printable(title, 40), lines }
}

/** The end of a layer's path, which tells layers apart: whole steps as far as they fit. */
function lastSteps(layer: string): string {
  const text = printable(layer)
  if (text.length <= maxLayer) return text
  const step = text.indexOf('/', text.length - maxLayer)
  return step < 0 ? `…${text.slice(text.length - maxLayer + 1)}` : `…${text.slice(step)}`
}

function largestWeight(graph: SubgraphInfo, o: OperatorInfo): string[] {
  const weights = o.inputs.flatMap((t) => (t === null ? [] : (constantBehind(graph, t) ?? [])))
  const largest = weights.reduce<TensorInfo | undefined>((a, b) => (a && (a.sizeBytes ?? 0) >= (b.sizeBytes ?? 0) ? a : b), undefined)
  return largest && (largest.elements ?? 0) > 4 ? [`weights ${largest.dtype} ${formatTensorShape(largest.shape)}`] : []
}
