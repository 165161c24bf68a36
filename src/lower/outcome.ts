import type { DowncastError } from '../core/diagnostics.ts'
import type { SourceNode } from '../import/source-graph.ts'
import type { Value } from '../ir/types.ts'

/** What became of one source node. */
export interface NodeOutcome {
  /** Signature, or the function of a loop or branch. */
  readonly graph: string
  readonly node: SourceNode
  /** undefined behind a node of whose results nothing is known. */
  readonly operands: readonly Value[] | undefined
  /** `custom` and `flex`: kept as it is. `unseen`: there is a lowering, but its operands are not known. */
  readonly status: 'lowered' | 'custom' | 'flex' | 'failed' | 'unseen'
  /** IR names of the ops it became, before any optimization; empty where it was folded or only passed values on. */
  readonly made: readonly string[]
  readonly error: DowncastError | undefined
}

/** Whether nothing is known of its results. */
export function hasFailed({ status }: NodeOutcome): boolean {
  return status === 'failed' || status === 'unseen'
}
