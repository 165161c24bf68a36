import type { IntegerType } from '../../ops/spec.ts'
import type { StaticWeights, WeightScheme } from '../weights/scheme.ts'

/** What a rule makes of an op. */
export type Action =
  | { readonly kind: 'float' }
  | { readonly kind: 'weights'; readonly scheme: WeightScheme }
  /** Weights as f16 behind a DEQUANTIZE. */
  | { readonly kind: 'half' }
  | StaticAction

/** Activations are integers, and the weights of ops that have some. */
export interface StaticAction {
  readonly kind: 'static'
  readonly type: IntegerType
  /** Activations of 8 bits around 0. Those of 16 always are. */
  readonly isSymmetric: boolean
  /** Stored as u8, which only inputs and outputs of a model are. */
  readonly isUnsigned: boolean
  readonly weights: StaticWeights
}

/** Stand for the inputs and outputs of a model among the names of operators. @see litert-quantizer 0.11 qtyping.py, TFLOperationName */
export const portWords = ['INPUT', 'OUTPUT'] as const
export const isPortWord = (operation: string | undefined): boolean => portWords.some((word) => word === operation)

/** Which ops a rule is for: all that is given must fit. */
export interface Match {
  /** Found somewhere in the names of the op's results, each with a semicolon behind it. @see litert-quantizer get_op_scope */
  readonly regex?: RegExp
  /** Name in `BuiltinOperator`, or `INPUT` or `OUTPUT` for what goes into a model and comes out; absent for any. */
  readonly operation?: string
  /** Source layers, as `--keep-float` names them. */
  readonly layer?: readonly string[]
  /** Results and constants, in the same way. */
  readonly tensor?: readonly string[]
  /** Places in the order of the graph. */
  readonly index?: readonly number[]
}

export interface Rule {
  /** Where it stands: `[2]`. */
  readonly path: string
  readonly match: Match
  readonly action: Action
}

/** Rules in order; of those that fit an op and that its kernel allows, the last one holds. */
export interface Recipe {
  readonly name: string
  readonly rules: readonly Rule[]
}
