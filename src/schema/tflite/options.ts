import { always, bool, f32, i32, i64, named, string, table, u32, vector } from '../../wire/flatbuffers/schema.ts'
import {
  activationFunctionType,
  combinerType,
  fullyConnectedOptionsWeightsFormat,
  lshProjectionType,
  lstmKernelType,
  mirrorPadMode,
  padding,
  reduceWindowFunction,
  tensorType,
} from './enums.ts'

/*
 * The options tables of the TFLite ops. Fields are in the order of the schema; a gap in the slots is a field that was removed.
 */

export const conv2DOptions = table('Conv2DOptions', {
  padding: named(padding, 'i8', 0),
  strideW: i32(1),
  strideH: i32(2),
  fusedActivationFunction: named(activationFunctionType, 'i8', 3),
  dilationWFactor: i32(4, 1),
  dilationHFactor: i32(5, 1),
  quantizedBiasType: named(tensorType, 'i8', 6),
})
export const conv3DOptions = table('Conv3DOptions', {
  padding: named(padding, 'i8', 0),
  strideD: i32(1),
  strideW: i32(2),
  strideH: i32(3),
  fusedActivationFunction: named(activationFunctionType, 'i8', 4),
  dilationDFactor: i32(5, 1),
  dilationWFactor: i32(6, 1),
  dilationHFactor: i32(7, 1),
})
export const pool2DOptions = table('Pool2DOptions', {
  padding: named(padding, 'i8', 0),
  strideW: i32(1),
  strideH: i32(2),
  filterWidth: i32(3),
  filterHeight: i32(4),
  fusedActivationFunction: named(activationFunctionType, 'i8', 5),
})
export const depthwiseConv2DOptions = table('DepthwiseConv2DOptions', {
  padding: named(padding, 'i8', 0),
  strideW: i32(1),
  strideH: i32(2),
  depthMultiplier: i32(3),
  fusedActivationFunction: named(activationFunctionType, 'i8', 4),
  dilationWFactor: i32(5, 1),
  dilationHFactor: i32(6, 1),
})
export const concatEmbeddingsOptions = table('ConcatEmbeddingsOptions', {
  numChannels: i32(0),
  numColumnsPerChannel: vector('i32', 1),
  embeddingDimPerChannel: vector('i32', 2),
})
export const lshProjectionOptions = table('LSHProjectionOptions', { type: named(lshProjectionType, 'i8', 0) })
export const svdfOptions = table('SVDFOptions', {
  rank: i32(0),
  fusedActivationFunction: named(activationFunctionType, 'i8', 1),
  asymmetricQuantizeInputs: bool(2),
})
export const rnnOptions = table('RNNOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  asymmetricQuantizeInputs: bool(1),
})
export const sequenceRNNOptions = table('SequenceRNNOptions', {
  timeMajor: bool(0),
  fusedActivationFunction: named(activationFunctionType, 'i8', 1),
  asymmetricQuantizeInputs: bool(2),
})
export const bidirectionalSequenceRNNOptions = table('BidirectionalSequenceRNNOptions', {
  timeMajor: bool(0),
  fusedActivationFunction: named(activationFunctionType, 'i8', 1),
  mergeOutputs: bool(2),
  asymmetricQuantizeInputs: bool(3),
})
export const fullyConnectedOptions = table('FullyConnectedOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  weightsFormat: named(fullyConnectedOptionsWeightsFormat, 'i8', 1),
  keepNumDims: bool(2),
  asymmetricQuantizeInputs: bool(3),
  quantizedBiasType: named(tensorType, 'i8', 4),
  quantSpec: vector('u8', 5),
})
export const softmaxOptions = table('SoftmaxOptions', { beta: f32(0) })
export const concatenationOptions = table('ConcatenationOptions', {
  axis: i32(0),
  fusedActivationFunction: named(activationFunctionType, 'i8', 1),
})
export const addOptions = table('AddOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  potScaleInt16: bool(1, true),
})
export const mulOptions = table('MulOptions', { fusedActivationFunction: named(activationFunctionType, 'i8', 0) })
export const l2NormOptions = table('L2NormOptions', { fusedActivationFunction: named(activationFunctionType, 'i8', 0) })
export const localResponseNormalizationOptions = table('LocalResponseNormalizationOptions', {
  radius: i32(0),
  bias: f32(1),
  alpha: f32(2),
  beta: f32(3),
})
export const lstmOptions = table('LSTMOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  cellClip: f32(1),
  projClip: f32(2),
  kernelType: named(lstmKernelType, 'i8', 3),
  asymmetricQuantizeInputs: bool(4),
})
export const unidirectionalSequenceLSTMOptions = table('UnidirectionalSequenceLSTMOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  cellClip: f32(1),
  projClip: f32(2),
  timeMajor: bool(3),
  asymmetricQuantizeInputs: bool(4),
  diagonalRecurrentTensors: bool(5),
})
export const bidirectionalSequenceLSTMOptions = table('BidirectionalSequenceLSTMOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  cellClip: f32(1),
  projClip: f32(2),
  mergeOutputs: bool(3),
  timeMajor: bool(4, true),
  asymmetricQuantizeInputs: bool(5),
})
export const resizeBilinearOptions = table('ResizeBilinearOptions', { alignCorners: bool(2), halfPixelCenters: bool(3) })
export const resizeNearestNeighborOptions = table('ResizeNearestNeighborOptions', { alignCorners: bool(0), halfPixelCenters: bool(1) })
export const callOptions = table('CallOptions', { subgraph: u32(0) })
export const padOptions = table('PadOptions', {})
export const padV2Options = table('PadV2Options', {})
export const reshapeOptions = table('ReshapeOptions', { newShape: vector('i32', 0) })
export const spaceToBatchNDOptions = table('SpaceToBatchNDOptions', {})
export const batchToSpaceNDOptions = table('BatchToSpaceNDOptions', {})
export const skipGramOptions = table('SkipGramOptions', { ngramSize: i32(0), maxSkipSize: i32(1), includeAllNgrams: bool(2) })
export const spaceToDepthOptions = table('SpaceToDepthOptions', { blockSize: i32(0) })
export const depthToSpaceOptions = table('DepthToSpaceOptions', { blockSize: i32(0) })
export const subOptions = table('SubOptions', {
  fusedActivationFunction: named(activationFunctionType, 'i8', 0),
  potScaleInt16: bool(1, true),
})
export const divOptions = table('DivOptions', { fusedActivationFunction: named(activationFunctionType, 'i8', 0) })
export const topKV2Options = table('TopKV2Options', {})
export const embeddingLookupSparseOptions = table('EmbeddingLookupSparseOptions', { combiner: named(combinerType, 'i8', 0) })
export const gatherOptions = table('GatherOptions', { axis: i32(0), batchDims: i32(1) })
export const transposeOptions = table('TransposeOptions', {})
export const expOptions = table('ExpOptions', {})
export const cosOptions = table('CosOptions', {})
export const reducerOptions = table('ReducerOptions', { keepDims: bool(0) })
export const squeezeOptions = table('SqueezeOptions', { squeezeDims: vector('i32', 0) })
export const splitOptions = table('SplitOptions', { numSplits: i32(0) })
export const splitVOptions = table('SplitVOptions', { numSplits: i32(0) })
export const stridedSliceOptions = table('StridedSliceOptions', {
  beginMask: i32(0),
  endMask: i32(1),
  ellipsisMask: i32(2),
  newAxisMask: i32(3),
  shrinkAxisMask: i32(4),
  offset: bool(5),
})
export const logSoftmaxOptions = table('LogSoftmaxOptions', {})
export const castOptions = table('CastOptions', { inDataType: named(tensorType, 'i8', 0), outDataType: named(tensorType, 'i8', 1) })
export const dequantizeOptions = table('DequantizeOptions', {})
export const maximumMinimumOptions = table('MaximumMinimumOptions', {})
export const tileOptions = table('TileOptions', {})
export const argMaxOptions = table('ArgMaxOptions', { outputType: named(tensorType, 'i8', 0) })
export const argMinOptions = table('ArgMinOptions', { outputType: named(tensorType, 'i8', 0) })
export const greaterOptions = table('GreaterOptions', {})
export const greaterEqualOptions = table('GreaterEqualOptions', {})
export const lessOptions = table('LessOptions', {})
export const lessEqualOptions = table('LessEqualOptions', {})
export const negOptions = table('NegOptions', {})
export const selectOptions = table('SelectOptions', {})
export const sliceOptions = table('SliceOptions', {})
export const transposeConvOptions = table('TransposeConvOptions', {
  padding: named(padding, 'i8', 0),
  strideW: i32(1),
  strideH: i32(2),
  fusedActivationFunction: named(activationFunctionType, 'i8', 3),
  quantizedBiasType: named(tensorType, 'i8', 4),
})
export const expandDimsOptions = table('ExpandDimsOptions', {})
export const sparseToDenseOptions = table('SparseToDenseOptions', { validateIndices: bool(0) })
export const equalOptions = table('EqualOptions', {})
export const notEqualOptions = table('NotEqualOptions', {})
export const shapeOptions = table('ShapeOptions', { outType: named(tensorType, 'i8', 0) })
export const rankOptions = table('RankOptions', {})
export const powOptions = table('PowOptions', {})
export const fakeQuantOptions = table('FakeQuantOptions', { min: f32(0), max: f32(1), numBits: i32(2), narrowRange: bool(3) })
export const packOptions = table('PackOptions', { valuesCount: i32(0), axis: i32(1) })
export const logicalOrOptions = table('LogicalOrOptions', {})
export const oneHotOptions = table('OneHotOptions', { axis: i32(0) })
export const absOptions = table('AbsOptions', {})
export const hardSwishOptions = table('HardSwishOptions', {})
export const logicalAndOptions = table('LogicalAndOptions', {})
export const logicalNotOptions = table('LogicalNotOptions', {})
export const unpackOptions = table('UnpackOptions', { num: i32(0), axis: i32(1) })
export const floorDivOptions = table('FloorDivOptions', {})
export const squareOptions = table('SquareOptions', {})
export const zerosLikeOptions = table('ZerosLikeOptions', {})
export const fillOptions = table('FillOptions', {})
export const floorModOptions = table('FloorModOptions', {})
export const rangeOptions = table('RangeOptions', {})
export const leakyReluOptions = table('LeakyReluOptions', { alpha: f32(0) })
export const squaredDifferenceOptions = table('SquaredDifferenceOptions', {})
export const mirrorPadOptions = table('MirrorPadOptions', { mode: named(mirrorPadMode, 'i8', 0) })
export const uniqueOptions = table('UniqueOptions', { idxOutType: named(tensorType, 'i8', 0, 'INT32') })
export const reverseV2Options = table('ReverseV2Options', {})
export const addNOptions = table('AddNOptions', {})
export const gatherNdOptions = table('GatherNdOptions', {})
export const whereOptions = table('WhereOptions', {})
export const reverseSequenceOptions = table('ReverseSequenceOptions', { seqDim: i32(0), batchDim: i32(1) })
export const matrixDiagOptions = table('MatrixDiagOptions', {})
export const quantizeOptions = table('QuantizeOptions', {})
export const matrixSetDiagOptions = table('MatrixSetDiagOptions', {})
export const ifOptions = table('IfOptions', { thenSubgraphIndex: i32(0), elseSubgraphIndex: i32(1) })
export const callOnceOptions = table('CallOnceOptions', { initSubgraphIndex: i32(0) })
export const whileOptions = table('WhileOptions', { condSubgraphIndex: i32(0), bodySubgraphIndex: i32(1) })
export const nonMaxSuppressionV4Options = table('NonMaxSuppressionV4Options', {})
export const nonMaxSuppressionV5Options = table('NonMaxSuppressionV5Options', {})
export const scatterNdOptions = table('ScatterNdOptions', {})
export const selectV2Options = table('SelectV2Options', {})
export const densifyOptions = table('DensifyOptions', {})
export const segmentSumOptions = table('SegmentSumOptions', {})
export const batchMatMulOptions = table('BatchMatMulOptions', { adjX: bool(0), adjY: bool(1), asymmetricQuantizeInputs: bool(2) })
export const cumsumOptions = table('CumsumOptions', { exclusive: bool(0), reverse: bool(1) })
export const broadcastToOptions = table('BroadcastToOptions', {})
export const rfft2dOptions = table('Rfft2dOptions', {})
export const hashtableOptions = table('HashtableOptions', {
  tableId: i32(0),
  keyDtype: named(tensorType, 'i8', 1),
  valueDtype: named(tensorType, 'i8', 2),
})
export const hashtableFindOptions = table('HashtableFindOptions', {})
export const hashtableImportOptions = table('HashtableImportOptions', {})
export const hashtableSizeOptions = table('HashtableSizeOptions', {})
export const varHandleOptions = table('VarHandleOptions', { container: always(string(0)), sharedName: always(string(1)) })
export const readVariableOptions = table('ReadVariableOptions', {})
export const assignVariableOptions = table('AssignVariableOptions', {})
export const randomOptions = table('RandomOptions', { seed: i64(0), seed2: i64(1) })
export const bucketizeOptions = table('BucketizeOptions', { boundaries: vector('f32', 0) })
export const geluOptions = table('GeluOptions', { approximate: bool(0) })
export const dynamicUpdateSliceOptions = table('DynamicUpdateSliceOptions', {})
export const unsortedSegmentProdOptions = table('UnsortedSegmentProdOptions', {})
export const unsortedSegmentMaxOptions = table('UnsortedSegmentMaxOptions', {})
export const unsortedSegmentSumOptions = table('UnsortedSegmentSumOptions', {})
export const aTan2Options = table('ATan2Options', {})
export const unsortedSegmentMinOptions = table('UnsortedSegmentMinOptions', {})
export const signOptions = table('SignOptions', {})
export const bitcastOptions = table('BitcastOptions', {})
export const bitwiseXorOptions = table('BitwiseXorOptions', {})
export const rightShiftOptions = table('RightShiftOptions', {})
export const dilateOptions = table('DilateOptions', {})
export const reduceWindowOptions = table('ReduceWindowOptions', { reduceFunction: named(reduceWindowFunction, 'i32', 0) })
