import { fuseLstmName } from './fuse-lstm.ts'
import { keepRegionDims } from './keep-region-dims.ts'
import { mergeEqualNodes } from './merge-equal-nodes.ts'
import { orderForMemory } from './order-for-memory.ts'
import { dropDead, fixpoint, mustStay, type Pass } from './pass.ts'
import { propagateDims } from './propagate-dims.ts'
import { absorbNegation } from './rules/absorb-negation.ts'
import { absorbReshapeIntoFc } from './rules/absorb-reshape-into-fc.ts'
import { absorbTransposeIntoFc } from './rules/absorb-transpose-into-fc.ts'
import { absorbTransposeIntoMatmul } from './rules/absorb-transpose-into-matmul.ts'
import { addBiasFirst } from './rules/add-bias-first.ts'
import { broadcastSplat } from './rules/broadcast-splat.ts'
import { cancelPairs, dropSign } from './rules/cancel-pairs.ts'
import { divideByConstant } from './rules/divide-by-constant.ts'
import { dropBroadcast } from './rules/drop-broadcast.ts'
import { dropEmptyParts } from './rules/drop-empty-parts.ts'
import { dropUnitReduction } from './rules/drop-unit-reduction.ts'
import { dropZeroProduct } from './rules/drop-zero-product.ts'
import { expandErf } from './rules/expand-erf.ts'
import { fillSplat } from './rules/fill-splat.ts'
import { flattenConcatenation } from './rules/flatten-concatenation.ts'
import { foldConstants } from './rules/fold-constants.ts'
import { foldKnownDims } from './rules/fold-known-dims.ts'
import { foldOffsetBefore } from './rules/fold-offset-before.ts'
import { foldPad } from './rules/fold-pad.ts'
import { foldScale } from './rules/fold-scale.ts'
import { foldScaleBefore } from './rules/fold-scale-before.ts'
import { foldScaleOfMatmul } from './rules/fold-scale-of-matmul.ts'
import { foldSpaceToBatch } from './rules/fold-space-to-batch.ts'
import { fuseActivation } from './rules/fuse-activation.ts'
import { fuseBias } from './rules/fuse-bias.ts'
import { joinParts } from './rules/join-parts.ts'
import { keepDimsOfFc } from './rules/keep-dims-of-fc.ts'
import { keepDimsOfReduction } from './rules/keep-dims-of-reduction.ts'
import { materializeShapeOperand } from './rules/materialize-shape-operand.ts'
import { matmulByConstant } from './rules/matmul-by-constant.ts'
import { mergeAffine } from './rules/merge-affine.ts'
import { mergeCasts } from './rules/merge-casts.ts'
import { mergeClamps } from './rules/merge-clamps.ts'
import { mergeConstantOperands } from './rules/merge-constant-operands.ts'
import { mergeReshapes } from './rules/merge-reshapes.ts'
import { mergeSlices } from './rules/merge-slices.ts'
import { mergeTransposes } from './rules/merge-transposes.ts'
import { partShared } from './rules/part-shared.ts'
import { recognizeElu } from './rules/recognize-elu.ts'
import { recognizeGelu } from './rules/recognize-gelu.ts'
import { recognizeHardSwish } from './rules/recognize-hard-swish.ts'
import { recognizeL2Normalization } from './rules/recognize-l2-normalization.ts'
import { recognizeLeakyRelu } from './rules/recognize-leaky-relu.ts'
import { recognizeLogistic } from './rules/recognize-logistic.ts'
import { recognizeMean } from './rules/recognize-mean.ts'
import { recognizeNegation } from './rules/recognize-negation.ts'
import { recognizeOneHot } from './rules/recognize-one-hot.ts'
import { recognizePrelu } from './rules/recognize-prelu.ts'
import { recognizeResize } from './rules/recognize-resize.ts'
import { recognizeRsqrt } from './rules/recognize-rsqrt.ts'
import { recognizeSoftmax } from './rules/recognize-softmax.ts'
import { removeNeutralOperand } from './rules/remove-neutral-operand.ts'
import { removeNoOps } from './rules/remove-no-ops.ts'
import { reshapeFromMovement } from './rules/reshape-from-movement.ts'
import { reuseShape } from './rules/reuse-shape.ts'
import { simplifyLogic } from './rules/simplify-logic.ts'
import { simplifyPower } from './rules/simplify-power.ts'
import { simplifySelect } from './rules/simplify-select.ts'
import { sinkReshape } from './rules/sink-reshape.ts'
import { sinkReshapeThroughMatmul } from './rules/sink-reshape-through-matmul.ts'
import { sinkTranspose } from './rules/sink-transpose.ts'
import { sinkTransposeThroughReduction } from './rules/sink-transpose-through-reduction.ts'
import { skipMonotonic } from './rules/skip-monotonic.ts'
import { sliceFromGather } from './rules/slice-from-gather.ts'
import { squareOfDifference } from './rules/square-of-difference.ts'
import { swapTransposedMatmul } from './rules/swap-transposed-matmul.ts'
import { takeApartJoined } from './rules/take-apart-joined.ts'
import { settleLayouts } from './settle-layouts.ts'

export interface Pipeline {
  readonly name: string
  readonly passes: readonly Pass[]
}

export function pipeline(name: string, passes: readonly Pass[]): Pipeline {
  return { name, passes }
}

/** One form for each meaning, so that the rules after need to know but one. */
export const canonicalRules = [
  foldConstants,
  foldKnownDims,
  reuseShape,
  materializeShapeOperand,
  reshapeFromMovement,
  removeNoOps,
  ...removeNeutralOperand,
  mergeReshapes,
  ...partShared,
  mergeTransposes,
  sinkTranspose,
  sinkTransposeThroughReduction,
  absorbTransposeIntoMatmul,
  absorbTransposeIntoFc,
  mergeClamps,
  ...cancelPairs,
  dropSign,
  simplifyPower,
  simplifySelect,
  simplifyLogic,
  dropZeroProduct,
  mergeCasts,
  ...dropBroadcast,
  broadcastSplat,
  mergeSlices,
  joinParts,
  takeApartJoined,
  dropEmptyParts,
  flattenConcatenation,
  sliceFromGather,
  dropUnitReduction,
  keepDimsOfReduction,
  matmulByConstant,
  swapTransposedMatmul,
]

/** Formulas that the runtime has one op for. */
export const recognizeRules = [
  recognizeHardSwish,
  recognizeGelu,
  ...recognizeLeakyRelu,
  recognizePrelu,
  ...recognizeElu,
  ...recognizeLogistic,
  recognizeL2Normalization,
  ...recognizeSoftmax,
  ...recognizeMean,
  ...recognizeRsqrt,
  ...recognizeNegation,
  skipMonotonic,
  squareOfDifference,
  ...recognizeResize,
  ...recognizeOneHot,
  ...absorbNegation,
]

/** Ops that the runtime does not have, where no formula took them. */
export const expandRules = expandErf

/** Several ops into one. What folds into weights comes before what changes the op itself. */
export const fuseRules = [
  ...canonicalRules,
  foldSpaceToBatch,
  foldPad,
  ...fuseBias,
  ...foldScale,
  ...foldScaleBefore,
  ...foldOffsetBefore,
  absorbReshapeIntoFc,
  keepDimsOfFc,
  ...sinkReshape,
  sinkReshapeThroughMatmul,
  ...mergeConstantOperands,
  ...mergeAffine,
  addBiasFirst,
  ...foldScaleOfMatmul,
  divideByConstant,
  fuseActivation,
]

/** After all that may ask for a constant. */
export const splatRules = [fillSplat]

/** Everything done to a float model. */
export const floatPipeline = pipeline('float', [
  dropDead,
  propagateDims,
  fixpoint('canonicalize', canonicalRules),
  keepRegionDims,
  settleLayouts,
  mergeEqualNodes('merge-equal'),
  fixpoint('recognize', recognizeRules),
  fixpoint('expand', expandRules),
  fixpoint('fuse', fuseRules),
  fixpoint('splat', splatRules),
  mergeEqualNodes('merge-equal-fused'),
  dropDead,
  orderForMemory(mustStay),
])

/** Rules of the float pipeline and of what is done to whole models, by the names in reports. */
export const ruleNames: readonly string[] = [
  ...new Set([...canonicalRules, ...recognizeRules, ...expandRules, ...fuseRules, ...splatRules].map((r) => r.name)),
  keepRegionDims.name,
  settleLayouts.name,
  fuseLstmName,
].sort()
