import { constFromBytes } from '../../src/core/bytes.ts'
import { bytesOf, typedView } from '../../src/core/dtype.ts'
import type { Graph, Model, Node, Value, ValueId } from '../../src/ir/types.ts'

/*
 * One fault at a time, such as a rule or the writer could put into a model: what the parity gate is there to find.
 */

/** A place in a graph and the graph with the fault there; undefined where the fault does not apply. */
type Fault = (graph: Graph, node: Node) => Graph | undefined

const operandOf = (graph: Graph, id: ValueId | null | undefined): Value | undefined => (id == null ? undefined : graph.values.get(id))

/** The graph with other elements in an operand that is constant; its other readers see them too. */
function withElements<T extends 'f32' | 'i32'>(
  graph: Graph,
  node: Node,
  operand: number,
  dtype: T,
  change: (elements: number[]) => number[] | undefined,
): Graph | undefined {
  const value = operandOf(graph, node.inputs[operand])
  if (!value?.data || value.type.dtype !== dtype) return undefined
  const changed = change([...(typedView(dtype, value.data.bytes()) as ArrayLike<number> as number[])])
  if (!changed) return undefined
  const data = constFromBytes(bytesOf(dtype === 'f32' ? Float32Array.from(changed) : Int32Array.from(changed)))
  const { dims: _, ...rest } = value
  return { ...graph, values: new Map(graph.values).set(value.id, { ...rest, data }) }
}

function withNode(graph: Graph, node: Node, change: Partial<Node>): Graph {
  return { ...graph, nodes: graph.nodes.map((n) => (n === node ? { ...n, ...change } : n)) }
}

const withAttrs = (graph: Graph, node: Node, attrs: Readonly<Record<string, unknown>>): Graph =>
  withNode(graph, node, { attrs: { ...node.attrs, ...attrs } as Node['attrs'] })

const withInputs = (graph: Graph, node: Node, inputs: Node['inputs']): Graph => withNode(graph, node, { inputs })

const weighted = /conv|fully_connected|batch_matmul/
const biasOperand = (node: Node): number => (node.op === 'transpose_conv' ? 3 : 2)

export const faults: Readonly<Record<string, Fault>> = {
  'a weight off by 1 %': (graph, node) =>
    weighted.test(node.op)
      ? withElements(graph, node, 1, 'f32', (w) => {
          const largest = w.reduce((at, x, i) => (Math.abs(x) > Math.abs(w[at]!) ? i : at), 0)
          return w.map((x, i) => (i === largest ? 1.01 * x : x))
        })
      : undefined,
  'all weights off by 0.1 %': (graph, node) =>
    weighted.test(node.op) ? withElements(graph, node, 1, 'f32', (w) => w.map((x) => 1.001 * x)) : undefined,
  'a bias dropped': (graph, node) =>
    weighted.test(node.op) && operandOf(graph, node.inputs[biasOperand(node)])?.data
      ? withInputs(
          graph,
          node,
          node.inputs.map((id, i) => (i === biasOperand(node) ? null : id)),
        )
      : undefined,
  'an addend dropped': (graph, node) => (node.op === 'add' ? withElements(graph, node, 1, 'f32', (w) => w.map(() => 0)) : undefined),
  'a factor off by 1 %': (graph, node) =>
    node.op === 'mul' ? withElements(graph, node, 1, 'f32', (w) => w.map((x) => 1.01 * x)) : undefined,
  'a small addend, as the epsilon of a norm, times ten': (graph, node) =>
    node.op === 'add'
      ? withElements(graph, node, 1, 'f32', (w) => (w.length === 1 && w[0]! > 0 && w[0]! < 0.01 ? [10 * w[0]!] : undefined))
      : undefined,
  'padding before and behind exchanged': (graph, node) =>
    /^(pad|pad_v2|mirror_pad)$/.test(node.op)
      ? withElements(graph, node, 1, 'i32', (p) => (p.every((x, i) => x === p[i ^ 1]) ? undefined : p.map((_, i) => p[i ^ 1]!)))
      : undefined,
  'the other padding': (graph, node) =>
    node.attrs.padding === 'same' || node.attrs.padding === 'valid'
      ? withAttrs(graph, node, { padding: node.attrs.padding === 'same' ? 'valid' : 'same' })
      : undefined,
  'another axis': (graph, node) =>
    typeof node.attrs.axis === 'number' && node.op !== 'one_hot' ? withAttrs(graph, node, { axis: node.attrs.axis - 1 }) : undefined,
  'another axis reduced': (graph, node) =>
    /^(mean|sum|reduce_|arg_)/.test(node.op)
      ? withElements(graph, node, 1, 'i32', (axes) => (axes.length === 1 ? axes.map((a) => (a === 0 ? 1 : a - 1)) : undefined))
      : undefined,
  'another order of axes': (graph, node) =>
    node.op === 'transpose'
      ? withElements(graph, node, 1, 'i32', (p) => (p.length > 1 ? [p[1]!, p[0]!, ...p.slice(2)] : undefined))
      : undefined,
  'an activation dropped': (graph, node) =>
    node.attrs.fusedActivation !== undefined && node.attrs.fusedActivation !== 'none' && !/lstm/.test(node.op)
      ? withAttrs(graph, node, { fusedActivation: 'none' })
      : undefined,
  'another activation': (graph, node) => {
    const other = { relu: 'relu6', relu6: 'relu', logistic: 'tanh', tanh: 'logistic', elu: 'relu', hard_swish: 'relu', gelu: 'relu' }[
      node.op as string
    ]
    return other ? withNode(graph, node, { op: other, attrs: {} as Node['attrs'] }) : undefined
  },
  'the other rounding of resized places': (graph, node) =>
    'halfPixelCenters' in node.attrs
      ? withAttrs(graph, node, { halfPixelCenters: !node.attrs.halfPixelCenters, alignCorners: false })
      : undefined,
  'a slice that begins one too late': (graph, node) =>
    node.op === 'slice' || node.op === 'strided_slice'
      ? withElements(graph, node, 1, 'i32', (begin) => {
          const at = begin.findIndex((b) => b > 0)
          return begin.map((b, i) => (i === at || (at < 0 && i === begin.length - 1) ? b + (at < 0 ? 1 : -1) : b))
        })
      : undefined,
  'operands exchanged': (graph, node) =>
    /^(sub|div|concatenation|pack|less|greater|pow|floor_div|floor_mod)$/.test(node.op) && node.inputs.length > 1
      ? withInputs(graph, node, [node.inputs[1]!, node.inputs[0]!, ...node.inputs.slice(2)])
      : undefined,
}

/** The model with a fault at the `at`-th place it applies to, counted round; undefined where there is none. */
export function withFault(model: Model, fault: Fault, at: number): Model | undefined {
  const places = model.graphs.flatMap((graph, g) =>
    graph.nodes.flatMap((node) => {
      const changed = fault(graph, node)
      return changed ? [{ ...model, graphs: model.graphs.map((other, i) => (i === g ? changed : other)) }] : []
    }),
  )
  return places[at % Math.max(1, places.length)]
}
