import { dropDead, fixpoint, type Pass } from './pass.ts'
import { foldConstants } from './rules/fold-constants.ts'
import { foldPad } from './rules/fold-pad.ts'
import { foldScale } from './rules/fold-scale.ts'
import { fuseActivation } from './rules/fuse-activation.ts'
import { fuseBias } from './rules/fuse-bias.ts'
import { materializeShapeOperand } from './rules/materialize-shape-operand.ts'
import { mergeReshapes } from './rules/merge-reshapes.ts'
import { mergeTransposes } from './rules/merge-transposes.ts'
import { removeNeutralOperand } from './rules/remove-neutral-operand.ts'
import { removeNoOps } from './rules/remove-no-ops.ts'
import { reshapeFromMovement } from './rules/reshape-from-movement.ts'

export interface Pipeline {
  readonly name: string
  readonly passes: readonly Pass[]
}

export function pipeline(name: string, passes: readonly Pass[]): Pipeline {
  return { name, passes }
}

/** One form for each meaning; so that the rules after need to know but one. */
export const canonicalRules = [
  foldConstants,
  materializeShapeOperand,
  reshapeFromMovement,
  removeNoOps,
  ...removeNeutralOperand,
  mergeReshapes,
  mergeTransposes,
]

/** Several ops into one. */
export const fuseRules = [foldConstants, foldPad, ...fuseBias, ...foldScale, fuseActivation]

/** Everything done to a float model. */
export const floatPipeline = pipeline('float', [dropDead, fixpoint('canonicalize', canonicalRules), fixpoint('fuse', fuseRules), dropDead])
