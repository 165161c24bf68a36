import type { IntegerType } from '../../ops/spec.ts'
import type { WeightScheme } from '../weights/scheme.ts'

/** What a rule makes of an op. */
export type Action =
  | { readonly kind: 'float' }
  | { readonly kind: 'weights'; readonly scheme: WeightScheme }
  | { readonly kind: 'static'; readonly type: IntegerType; readonly isPerTensor: boolean }

/** Which ops a rule is for: all that is given must fit. */
export interface Match {
  /** Found somewhere in the names of the op's results, each with a semicolon behind it. @see litert-quantizer get_op_scope */
  readonly regex?: RegExp
  /** Name in `BuiltinOperator`; absent for any. */
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
