import type { GraphEditor } from '../ir/graph.ts'
import type { AttrValue, Node, Value, ValueId } from '../ir/types.ts'

/*
 * Patterns are data: a tree of op names, seen from the last node back to its operands. What a rule needs beyond that
 * shape it asks in its `check`, which can say why not.
 */

/** A node of one of `ops` whose operands match in turn. N names captured nodes, V captured values. */
export interface OpPattern<N extends string = string, V extends string = string> {
  readonly kind: 'op'
  /** undefined: any op. */
  readonly ops: ReadonlySet<string> | undefined
  readonly as: string | undefined
  /** Operands beyond those listed are free. */
  readonly inputs: readonly Pattern[]
  /** The two listed operands may come in either order. */
  readonly anyOrder: boolean
  readonly attrs: Readonly<Record<string, AttrValue>>
  readonly names?: readonly [N, V]
}

/** Any present operand; `constant` ones only where it says so. Captured twice under one name, it must be one value. */
export interface ValuePattern<V extends string = string> {
  readonly kind: 'value'
  readonly as: string | undefined
  readonly constant: boolean
  readonly names?: readonly [never, V]
}

// biome-ignore lint/suspicious/noExplicitAny: the captured names of a child only matter to the type of its parent
export type Pattern = OpPattern<any, any> | ValuePattern<any>
type NodeNames<P> = P extends OpPattern<infer N, string> ? N : never
type ValueNames<P> = P extends OpPattern<string, infer V> ? V : P extends ValuePattern<infer V> ? V : never

export type Match<N extends string = string, V extends string = string> = { readonly [K in N]: Node } & { readonly [K in V]: Value }

export function op<const A extends string = never, const P extends readonly Pattern[] = readonly []>(
  ops: string | readonly string[],
  options: { as?: A; inputs?: P; anyOrder?: boolean; attrs?: Readonly<Record<string, AttrValue>> } = {},
): OpPattern<A | NodeNames<P[number]>, ValueNames<P[number]>> {
  return {
    kind: 'op',
    ops: ops === '*' ? undefined : new Set(typeof ops === 'string' ? [ops] : ops),
    as: options.as,
    inputs: options.inputs ?? [],
    anyOrder: options.anyOrder ?? false,
    attrs: options.attrs ?? {},
  }
}

export function value<const A extends string = never>(as?: A): ValuePattern<A> {
  return { kind: 'value', as, constant: false }
}

export function constant<const A extends string = never>(as?: A): ValuePattern<A> {
  return { kind: 'value', as, constant: true }
}

export interface Found {
  /** Nodes and values by the names the pattern gives them. */
  readonly captures: Readonly<Record<string, Node | Value>>
  /** Every node that the pattern names or passes through, producers first. */
  readonly nodes: readonly Node[]
}

/** Matches with `root` as the last node; undefined when the shape is not there. */
export function matchPattern(graph: GraphEditor, pattern: OpPattern, root: Node): Found | undefined {
  if (!mayMatch(graph, pattern, root)) return undefined
  if (pattern.inputs.length === 0) return { captures: pattern.as === undefined ? {} : { [pattern.as]: root }, nodes: [root] }
  const captures: Record<string, Node | Value> = Object.create(null) as Record<string, Node | Value>
  const nodes: Node[] = []

  const bind = (as: string | undefined, what: Node | Value, next: () => boolean): boolean => {
    if (as === undefined) return next()
    const before = captures[as]
    if (before !== undefined) return before === what && next()
    captures[as] = what
    if (next()) return true
    delete captures[as]
    return false
  }
  const matchNode = (p: OpPattern, node: Node, next: () => boolean): boolean => {
    if (p.ops && !p.ops.has(node.op)) return false
    for (const key in p.attrs) if (node.attrs[key] !== p.attrs[key]) return false
    if (node.inputs.length < p.inputs.length) return false
    const orders = p.anyOrder ? bothOrders : oneOrder
    const mark = nodes.length
    for (const order of orders) {
      const hit = bind(p.as, node, () =>
        matchInputs(p, node, order, 0, () => {
          nodes.push(node)
          return next()
        }),
      )
      if (hit) return true
      nodes.length = mark
    }
    return false
  }
  const matchInputs = (p: OpPattern, node: Node, order: readonly number[], i: number, next: () => boolean): boolean => {
    const child = p.inputs[i]
    if (!child) return next()
    const id = node.inputs[order[i] ?? i]
    if (id === null || id === undefined) return false
    return matchValue(child, graph.value(id), () => matchInputs(p, node, order, i + 1, next))
  }
  const matchValue = (p: Pattern, v: Value, next: () => boolean): boolean => {
    if (p.kind === 'value') return (!p.constant || v.data !== undefined) && bind(p.as, v, next)
    const producer = graph.producer(v.id)
    return producer !== undefined && producer.outputs.length === 1 && matchNode(p, producer, next)
  }

  return matchNode(pattern, root, () => true) ? { captures, nodes } : undefined
}

/** Rejects most nodes by a look at the ops of their operands. */
function mayMatch(graph: GraphEditor, p: OpPattern, node: Node): boolean {
  if (p.ops && !p.ops.has(node.op)) return false
  for (const key in p.attrs) if (node.attrs[key] !== p.attrs[key]) return false
  const [first, second] = p.inputs
  if (!first) return true
  const [a, b] = node.inputs
  if (p.anyOrder) return (mayBe(graph, first, a) && mayBe(graph, second!, b)) || (mayBe(graph, first, b) && mayBe(graph, second!, a))
  return mayBe(graph, first, a) && (!second || mayBe(graph, second, b))
}

function mayBe(graph: GraphEditor, p: Pattern, id: ValueId | null | undefined): boolean {
  if (id === null || id === undefined) return false
  if (p.kind === 'value') return !p.constant || graph.value(id).data !== undefined
  const op = graph.producer(id)?.op
  return op !== undefined && (!p.ops || p.ops.has(op))
}

const oneOrder: readonly (readonly number[])[] = [[]]
const bothOrders: readonly (readonly number[])[] = [
  [0, 1],
  [1, 0],
]
