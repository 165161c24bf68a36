import { bool, i32, i64, named, names, string, table, vector } from '../../wire/flatbuffers/schema.ts'
import {
  customOptionsFormat,
  rngAlgorithm,
  stablehloComparisonDirection,
  stablehloComparisonType,
  stablehloPrecisionConfig,
} from './enums.ts'

/*
 * The options tables of the StableHLO ops.
 */

export const stablehloGatherOptions = table('StablehloGatherOptions', {
  offsetDims: vector('i64', 0),
  collapsedSliceDims: vector('i64', 1),
  startIndexMap: vector('i64', 2),
  indexVectorDim: i64(3),
  sliceSizes: vector('i64', 4),
  indicesAreSorted: bool(5),
})
export const stablehloTransposeOptions = table('StablehloTransposeOptions', { permutation: vector('i64', 0) })
export const stablehloDotGeneralOptions = table('StablehloDotGeneralOptions', {
  lhsBatchingDimensions: vector('i64', 0),
  rhsBatchingDimensions: vector('i64', 1),
  lhsContractingDimensions: vector('i64', 2),
  rhsContractingDimensions: vector('i64', 3),
  precisionConfig: names(stablehloPrecisionConfig, 'u32', 4),
})
export const stablehloReduceWindowOptions = table('StablehloReduceWindowOptions', {
  windowDimensions: vector('i64', 0),
  windowStrides: vector('i64', 1),
  baseDilations: vector('i64', 2),
  windowDilations: vector('i64', 3),
  padding: vector('i64', 4),
  bodySubgraphIndex: i32(5),
})
export const stablehloWhileOptions = table('StablehloWhileOptions', { condSubgraphIndex: i32(0), bodySubgraphIndex: i32(1) })
export const stablehloSortOptions = table('StablehloSortOptions', { dimension: i64(0), isStable: bool(1), comparatorSubgraphIndex: i32(2) })
export const stablehloConcatenateOptions = table('StablehloConcatenateOptions', { dimension: i64(0) })
export const stablehloBroadcastInDimOptions = table('StablehloBroadcastInDimOptions', { broadcastDimensions: vector('i64', 0) })
export const stablehloCompareOptions = table('StablehloCompareOptions', {
  comparisonDirection: named(stablehloComparisonDirection, 'u32', 0),
  compareType: named(stablehloComparisonType, 'u32', 1),
})
export const stablehloDynamicSliceOptions = table('StablehloDynamicSliceOptions', { sliceSizes: vector('i64', 0) })
export const stablehloPadOptions = table('StablehloPadOptions', {
  edgePaddingLow: vector('i64', 0),
  edgePaddingHigh: vector('i64', 1),
  interiorPadding: vector('i64', 2),
})
export const stablehloIotaOptions = table('StablehloIotaOptions', { iotaDimension: i64(0) })
export const stablehloCustomCallOptions = table('StablehloCustomCallOptions', {
  callTargetName: string(0),
  hasSideEffect: bool(1),
  backendConfig: string(2),
  apiVersion: i32(3),
  calledComputations: vector('i32', 4),
  customAttributes: vector('u8', 5),
})
export const stablehloReduceOptions = table('StablehloReduceOptions', { dimensions: vector('i64', 0), bodySubgraphIndex: i32(1) })
export const stablehloSliceOptions = table('StablehloSliceOptions', {
  startIndices: vector('i64', 0),
  limitIndices: vector('i64', 1),
  strides: vector('i64', 2),
})
export const stablehloConvolutionOptions = table('StablehloConvolutionOptions', {
  windowStrides: vector('i64', 0),
  padding: vector('i64', 1),
  lhsDilation: vector('i64', 2),
  rhsDilation: vector('i64', 3),
  windowReversal: vector('bool', 4),
  inputBatchDimension: i64(5),
  inputFeatureDimension: i64(6),
  inputSpatialDimensions: vector('i64', 7),
  kernelInputFeatureDimension: i64(8),
  kernelOutputFeatureDimension: i64(9),
  kernelSpatialDimensions: vector('i64', 10),
  outputBatchDimension: i64(11),
  outputFeatureDimension: i64(12),
  outputSpatialDimensions: vector('i64', 13),
  featureGroupCount: i64(14),
  batchGroupCount: i64(15),
  precisionConfig: names(stablehloPrecisionConfig, 'u32', 16),
})
export const stablehloScatterOptions = table('StablehloScatterOptions', {
  indicesAreSorted: bool(0),
  updateWindowDims: vector('i64', 1),
  insertedWindowDims: vector('i64', 2),
  scatterDimsToOperandDims: vector('i64', 3),
  indexVectorDim: i64(4),
  uniqueIndices: bool(5),
  updateComputationSubgraphIndex: i32(6),
})
export const stablehloCaseOptions = table('StablehloCaseOptions', { branchSubgraphIndices: vector('i32', 0) })
export const stablehloRngBitGeneratorOptions = table('StablehloRngBitGeneratorOptions', { algorithm: named(rngAlgorithm, 'i8', 0) })
export const stableHLOCompositeOptions = table('StableHLOCompositeOptions', {
  name: string(0),
  decompositionSubgraphIndex: i32(1),
  compositeAttributes: vector('u8', 2),
  compositeAttributesFormat: named(customOptionsFormat, 'i8', 3),
  version: i32(4),
})
export const stablehloShiftLeftOptions = table('StablehloShiftLeftOptions', {})
