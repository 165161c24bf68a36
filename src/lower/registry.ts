import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import type { SourceOp } from './source-op.ts'

/** Lowers one source node: adds ops, returns the values of its outputs in order. May throw `lower/*`. */
export type Lowering = (n: SourceOp, b: OpBuilder) => Value | readonly (Value | undefined)[]

/** Lowerings of one dialect by source op name. */
export type LoweringRegistry = Readonly<Record<string, Lowering>>
