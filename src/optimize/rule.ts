import type { DiagnosticFields } from '../core/diagnostics.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import type { Match, OpPattern } from './pattern.ts'
import type { RewriteBuilder } from './rewrite-builder.ts'

/**
 * exact: results are bit-equal (a zero may change its sign, an infinity that met a zero its NaN).
 * reassociating: equal in real arithmetic, rounded at other places.
 * approximating: off by as much as the rule states.
 */
export type Semantics = 'exact' | 'reassociating' | 'approximating'

export interface Hit<F> {
  readonly kind: 'hit'
  readonly facts: F
  /** Nodes beyond the pattern that the rewrite takes over; their origins are merged in. */
  readonly also: readonly Node[]
}
/** The shape is there, the rewrite is not possible: a near miss, with its reason in the user's terms. */
export interface Miss {
  readonly kind: 'miss'
  readonly reason: string
  readonly node: Node
  /** Said to everybody, not only to those who ask for near misses. */
  readonly tell: DiagnosticFields | undefined
}
/** Not what the rule is about, no word lost on it. */
export interface Other {
  readonly kind: 'other'
}

export function hit(): Hit<undefined>
export function hit<F>(facts: F, also?: readonly Node[]): Hit<F>
export function hit<F>(facts?: F, also: readonly Node[] = []): Hit<F | undefined> {
  return { kind: 'hit', facts, also }
}
export function miss(reason: string, node: Node, tell?: DiagnosticFields): Miss {
  return { kind: 'miss', reason, node, tell }
}
export const other: Other = { kind: 'other' }

/** What the user allows rules to do. */
export interface Limits {
  /** How many bytes a fold may add, see `FoldOptions`. */
  readonly foldLimitBytes: number
}

export interface RuleDefinition<N extends string, V extends string, F> {
  readonly semantics: Semantics
  readonly pattern: OpPattern<N, V>
  /** May the matched nodes be rewritten; what it found out goes to `rewrite`. */
  check(match: Match<N, V>, graph: GraphEditor, limits: Limits): Hit<F> | Miss | Other
  /** Builds what replaces the root's result(s) and returns it: new nodes through the builder, or a value that exists. */
  rewrite(match: Match<N, V>, facts: F, b: RewriteBuilder): Value | readonly Value[]
}

/** A rewrite: named, stateless, one unit of the hit counts. */
export interface Rule {
  readonly name: string
  readonly semantics: Semantics
  readonly pattern: OpPattern
  check(match: Match, graph: GraphEditor, limits: Limits): Hit<unknown> | Miss | Other
  rewrite(match: Match, facts: unknown, b: RewriteBuilder): Value | readonly Value[]
}

export function rule<N extends string, V extends string, F>(name: string, definition: RuleDefinition<N, V, F>): Rule {
  return { name, ...(definition as unknown as Omit<Rule, 'name'>) }
}
