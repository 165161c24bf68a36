import type { NdArray } from '../core/nd-array.ts'
import type { SourceNode } from '../import/source-graph.ts'

/** Computes one node of a source graph from its operands. */
export interface NodeEvaluator {
  /** For reports: `TensorFlow.js 4.22.0`. */
  readonly name: string
  /** The outputs asked for, by their index; undefined when it cannot compute this node on these operands. */
  evaluate(node: SourceNode, operands: readonly NdArray[], outputs: readonly number[]): Promise<ReadonlyMap<number, NdArray> | undefined>
}
