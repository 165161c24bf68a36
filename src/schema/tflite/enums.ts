import { enumeration, type NameOf } from '../../wire/flatbuffers/schema.ts'

/*
 * The enumerations of the TFLite schema.
 */

export const tensorType = enumeration([
  'FLOAT32',
  'FLOAT16',
  'INT32',
  'UINT8',
  'INT64',
  'STRING',
  'BOOL',
  'INT16',
  'COMPLEX64',
  'INT8',
  'FLOAT64',
  'COMPLEX128',
  'UINT64',
  'RESOURCE',
  'VARIANT',
  'UINT32',
  'UINT16',
  'INT4',
  'BFLOAT16',
  'INT2',
  'UINT4',
  'FLOAT8_E4M3FN',
  'FLOAT8_E5M2',
])
export const dimensionType = enumeration(['DENSE', 'SPARSE_CSR'])
export const stablehloPrecisionConfig = enumeration(['DEFAULT', 'HIGH', 'HIGHEST'])
export const stablehloComparisonDirection = enumeration([
  'STABLEHLO_COMPARISON_DIRECTION_EQ',
  'STABLEHLO_COMPARISON_DIRECTION_NE',
  'STABLEHLO_COMPARISON_DIRECTION_GE',
  'STABLEHLO_COMPARISON_DIRECTION_GT',
  'STABLEHLO_COMPARISON_DIRECTION_LE',
  'STABLEHLO_COMPARISON_DIRECTION_LT',
])
export const stablehloComparisonType = enumeration([
  'STABLEHLO_COMPARISON_TYPE_NOTYPE',
  'STABLEHLO_COMPARISON_TYPE_FLOAT',
  'STABLEHLO_COMPARISON_TYPE_FLOAT_TOTAL_ORDER',
  'STABLEHLO_COMPARISON_TYPE_SIGNED',
  'STABLEHLO_COMPARISON_TYPE_UNSIGNED',
])
export const rngAlgorithm = enumeration(['DEFAULT', 'PHILOX', 'THREEFRY'])
export const padding = enumeration(['SAME', 'VALID'])
export const activationFunctionType = enumeration(['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'])
export const lshProjectionType = enumeration(['UNKNOWN', 'SPARSE', 'DENSE'])
export const fullyConnectedOptionsWeightsFormat = enumeration(['DEFAULT', 'SHUFFLED4x16INT8'])
export const lstmKernelType = enumeration(['FULL', 'BASIC'])
export const combinerType = enumeration(['SUM', 'MEAN', 'SQRTN'])
export const mirrorPadMode = enumeration(['REFLECT', 'SYMMETRIC'])
export const reduceWindowFunction = enumeration(['UNSUPPORTED', 'ADD', 'MUL', 'MINIMUM', 'MAXIMUM', 'ALL', 'ANY'])
export const customOptionsFormat = enumeration(['FLEXBUFFERS'])
export type TensorTypeName = NameOf<typeof tensorType>
