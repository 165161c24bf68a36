import type { GraphNode } from './graph-node.ts'

/*
 * How the nodes of a GraphDef get at variables, and the order in which they do.
 */

const writingOps =
  /^(Assign(Add|Sub)?(VariableOp)?|Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)|Resource(Scatter|Apply|SparseApply|StridedSliceAssign|CountUpTo|Accumulator).*|CountUpTo|StridedSliceAssign)$/

/** Whether the op changes a variable, which is its first operand. */
export function isWrite(op: string): boolean {
  return writingOps.test(op)
}

/** Ops that hand a handle on as it is; those on reference variables give the reference back. */
const handsOn =
  /^(Ref)?(Identity|Enter|Switch)$|^VariableIdentity$|^Assign(Add|Sub)?$|^Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)$|^StridedSliceAssign$/

/** Ops that are variables themselves, whose readers take a reference. */
export const refVariables: ReadonlySet<string> = new Set(['Variable', 'VariableV2'])

export interface HandleSource {
  /** Of a node, or of a function's argument. */
  readonly name: string
  /** Whether it comes through a loop or condition of TensorFlow 1. */
  readonly isInFlow: boolean
}

/** Where the handle of a variable comes from, seen through the ops that hand it on; of any other tensor, its own node. */
export function handleSource(nodes: ReadonlyMap<string, GraphNode>, tensor: string): HandleSource {
  let name = nodeName(tensor)
  let [isInFlow, isValue] = [false, false]
  // A handle passes a few; the bound stops a cycle.
  for (let i = 0; i < 64; i++) {
    const node = nodes.get(name)
    if (!node || !handsOn.test(node.op) || node.input[0] === undefined) break
    isInFlow ||= /Enter|Switch/.test(node.op)
    isValue ||= node.op === 'Identity'
    name = nodeName(node.input[0])
  }
  return isValue && refVariables.has(nodes.get(name)?.op ?? '') ? { name: nodeName(tensor), isInFlow: false } : { name, isInFlow }
}

/** The nodes that tensors depend on, control inputs included, each after those that it depends on. What `isFed` is not looked behind. */
export function programOrder(
  nodes: ReadonlyMap<string, GraphNode>,
  tensors: Iterable<string>,
  isFed: (tensor: string) => boolean = () => false,
): GraphNode[] {
  const order: GraphNode[] = []
  const seen = new Set<GraphNode>()
  const stack: { readonly node: GraphNode; next: number }[] = []
  const visit = (tensor: string): void => {
    const node = nodes.get(nodeName(tensor))
    if (!node || seen.has(node) || isFed(tensor)) return
    seen.add(node)
    stack.push({ node, next: 0 })
  }
  for (const tensor of tensors) {
    visit(tensor)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.input[top.next++]
      if (input !== undefined) visit(input)
      else order.push(stack.pop()!.node)
    }
  }
  return order
}

/** Whether the op is a variable, or makes the handle of one. */
export function isVariable(op: string): boolean {
  return op === 'VarHandleOp' || refVariables.has(op)
}

/** Whether the op reads or writes the variable that is its first operand. */
export function isAccess(op: string): boolean {
  return isWrite(op) || /^(ReadVariableOp|ResourceGather(Nd)?)$/.test(op)
}

/** The node of a tensor `node:1` or control input `^node`. */
export function nodeName(tensor: string): string {
  const start = tensor.startsWith('^') ? 1 : 0
  const colon = tensor.indexOf(':')
  return tensor.slice(start, colon < 0 ? undefined : colon)
}

const ref = /^(Assign(Add|Sub)?|Scatter(Nd)?(Add|Sub|Min|Max|Update)|StridedSliceAssign)$/
const lowered = /^(Assign(Add|Sub)?VariableOp|ResourceScatter(Nd)?(Add|Sub|Min|Max|Update)|ResourceStridedSliceAssign)$/

/** The write as the op on a handle; undefined for one that cannot be converted. */
export function writeOnHandle(op: string): string | undefined {
  const onHandle = !ref.test(op) ? op : op.startsWith('Assign') ? `${op}VariableOp` : `Resource${op}`
  return lowered.test(onHandle) ? onHandle : undefined
}

/** What TensorFlow gives as the shared name of a resource that has none. @see tensorflow/core/framework/resource_handle.h */
const anonymous = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

/** The name of a variable by its node; equal names are one variable. */
export function variableName(node: GraphNode): string {
  const bytes = node.attr.get('shared_name')?.decode().s
  const shared = bytes ? new TextDecoder().decode(bytes) : ''
  return shared === '' || shared === anonymous ? node.name : shared
}
