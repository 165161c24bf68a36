import type { Diagnostic } from '../core/diagnostics.ts'

/*
 * What is known of a `.tflite` file, as plain data: survives JSON unchanged, absent is null. Sizes are in bytes, shapes are those
 * of the file, indices are those of the file's own lists.
 */

export const inspectionVersion = 1

export interface Inspection {
  readonly kind: 'downcast/inspection'
  /** Raised when a field changes its meaning; added fields do not raise it. */
  readonly version: typeof inspectionVersion
  readonly file: FileInfo
  readonly description: string
  /** The oldest runtime that has every op version, `2.3.0`. */
  readonly minRuntimeVersion: string | null
  /** Who wrote the file and how, from its `CONVERSION_METADATA`. */
  readonly conversion: ConversionInfo | null
  readonly signatures: readonly SignatureInfo[]
  /** The main entry point: the first signature, or the first subgraph under its tensor names. */
  readonly inputs: readonly PortInfo[]
  readonly outputs: readonly PortInfo[]
  readonly subgraphs: readonly SubgraphInfo[]
  readonly opcodes: readonly OpcodeInfo[]
  readonly buffers: readonly BufferInfo[]
  readonly metadata: readonly MetadataInfo[]
  readonly sizes: SizeInfo
  readonly cost: CostInfo
  readonly warnings: readonly Diagnostic[]
}

export interface FileInfo {
  readonly name: string
  readonly sizeBytes: number
  /** Hexadecimal, when the caller gave it. */
  readonly sha256: string | null
  readonly schemaVersion: number
}

export interface ConversionInfo {
  readonly converterVersion: string
  readonly apiVersion: number
  /** `TF_SAVED_MODEL`, `KERAS_MODEL`, ... */
  readonly modelType: string
  /** `PTQ_DYNAMIC_RANGE`, ... */
  readonly optimizationModes: readonly string[]
  readonly allowCustomOps: boolean
  readonly enableSelectTfOps: boolean
  readonly forceSelectTfOps: boolean
}

export interface PortInfo {
  readonly name: string
  readonly subgraph: number
  readonly tensor: number
}

export interface SignatureInfo {
  readonly key: string
  readonly subgraph: number
  readonly inputs: readonly PortInfo[]
  readonly outputs: readonly PortInfo[]
}

export interface SubgraphInfo {
  readonly index: number
  readonly name: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly tensors: readonly TensorInfo[]
  readonly operators: readonly OperatorInfo[]
  readonly activations: ActivationMemory
}

/** Memory that results need when each is freed after its last reader; an estimate, as runtimes may share or pad. */
export interface ActivationMemory {
  readonly peakBytes: number
  /** The operator during which the peak is reached; null when there is none. */
  readonly peakOperator: number | null
  /** All results together, as if nothing was freed. */
  readonly totalBytes: number
}

export type TensorKind = 'input' | 'output' | 'constant' | 'activation' | 'variable' | 'unused'

export interface TensorInfo {
  readonly index: number
  readonly name: string
  /** `float32`, `int8`, ...: the schema's name in lower case. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** The shape with -1 where the size is known at run time only. */
  readonly shapeSignature: readonly number[]
  readonly kind: TensorKind
  /** Bytes stored for a constant; for others the bytes needed at `shape`, null where they cannot be known. */
  readonly sizeBytes: number | null
  readonly elements: number | null
  readonly buffer: number
  readonly quantization: QuantizationInfo | null
  /** Real values the tensor can hold, when the file or its producer says so. */
  readonly range: ValueRange | null
  readonly isVariable: boolean
  readonly isSparse: boolean
  readonly producer: number | null
  readonly consumers: readonly number[]
}

/** real = scale * (q - zero point), one pair or one for each index along `axis`. */
export interface QuantizationInfo {
  /** `range`: the file states only least and greatest values. */
  readonly granularity: 'per-tensor' | 'per-axis' | 'blockwise' | 'multi-axis' | 'custom' | 'range'
  readonly axis: number | null
  readonly scales: readonly number[]
  readonly zeroPoints: readonly number[]
  readonly blockSize: number | null
  /** Of blockwise quantization: the tensor that holds the scales. */
  readonly scalesTensor: number | null
  /** Least and greatest values as stored, mostly empty. */
  readonly min: readonly number[]
  readonly max: readonly number[]
}

export interface ValueRange {
  /** null: no bound. */
  readonly min: number | null
  readonly max: number | null
  /**
   * `file`: stored; `quantization`: follows from scale and zero point; `quantized-input`: a float input that is only
   * quantized, values beyond are clamped; `preprocess`: told by the caller; `dtype`; else the op that makes it.
   */
  readonly source: string
}

export type OptionValue = number | boolean | string | null | readonly OptionValue[] | { readonly [field: string]: OptionValue }

/** `hybrid`: float results from integer weights; the dynamic-range kernels. */
export type Arithmetic = 'float' | 'hybrid' | 'integer'

export interface OperatorInfo {
  readonly index: number
  readonly opcode: number
  /** Builtin name, or the custom op's own. */
  readonly op: string
  readonly isCustom: boolean
  readonly version: number
  readonly family: OpFamily
  /** The source layer, `sequential/dense`, from the names of its tensors. */
  readonly layer: string | null
  /** null: left out. */
  readonly inputs: readonly (number | null)[]
  /** What each input is to the op: `input`, `filter`, `bias`; empty when downcast does not know the op. */
  readonly inputNames: readonly string[]
  readonly outputs: readonly number[]
  readonly intermediates: readonly (number | null)[]
  /** Name of the options table; null when the operator has none. */
  readonly optionsTable: string | null
  readonly options: { readonly [field: string]: OptionValue }
  readonly customOptionsBytes: number
  /** Subgraphs it calls. */
  readonly calls: readonly number[]
  readonly arithmetic: Arithmetic
  /** Multiply-accumulates for one run at the file's shapes; null when downcast does not know the op's cost. */
  readonly macs: number | null
  readonly elementOps: number | null
  /** Weights it reads, in elements and bytes; weights of several readers count for the first. */
  readonly parameters: number
  readonly weightBytes: number
}

export type OpFamily =
  | 'convolution'
  | 'matmul'
  | 'recurrent'
  | 'pool'
  | 'activation'
  | 'elementwise'
  | 'reduce'
  | 'shape'
  | 'quantize'
  | 'control'
  | 'other'
  | 'custom'

export interface OpcodeInfo {
  readonly index: number
  readonly op: string
  readonly isCustom: boolean
  readonly version: number
  readonly uses: number
}

export interface BufferInfo {
  readonly index: number
  readonly sizeBytes: number
  readonly tensors: readonly { readonly subgraph: number; readonly tensor: number }[]
  /** Names of the metadata stored in it. */
  readonly metadata: readonly string[]
  /** Every byte is zero, or every element is the same; null also when contents were not looked at. */
  readonly fill: 'zeros' | 'splat' | null
  /** An earlier buffer with the same bytes. */
  readonly duplicateOf: number | null
}

export interface MetadataInfo {
  readonly name: string
  readonly buffer: number
  readonly sizeBytes: number
  /** Contents, when short and printable. */
  readonly text: string | null
}

export interface SizeInfo {
  readonly fileBytes: number
  /** Constants, shared ones once. */
  readonly weightBytes: number
  readonly metadataBytes: number
  /** Buffers that nothing refers to. */
  readonly unusedBytes: number
  /** What is left: structure, names, alignment. */
  readonly overheadBytes: number
  /** Stored a second time within `weightBytes`. */
  readonly duplicateBytes: number
  /** Constants of zeros, within `weightBytes`. */
  readonly zeroBytes: number
  readonly byOp: readonly OpSize[]
  readonly byDType: readonly DTypeSize[]
  readonly byLayer: readonly LayerSize[]
}
export interface OpSize {
  readonly op: string
  readonly family: OpFamily
  readonly count: number
  readonly weightBytes: number
  readonly parameters: number
  /** Sum over those with a known cost; null when none has. */
  readonly macs: number | null
}
export interface DTypeSize {
  readonly dtype: string
  readonly tensors: number
  readonly elements: number
  readonly sizeBytes: number
}
export interface LayerSize {
  readonly layer: string
  readonly family: OpFamily
  readonly operators: number
  readonly weightBytes: number
  readonly parameters: number
  readonly macs: number | null
}

export interface CostInfo {
  /** Over all subgraphs, bodies of loops once. */
  readonly macs: number
  readonly parameters: number
  /** Of the main subgraph. */
  readonly peakActivationBytes: number
  /** Ops that are not in `macs`, because their cost is not known. */
  readonly opsWithoutCost: readonly string[]
}
