import type { ConstData } from '../core/bytes.ts'
import type { Diagnostic } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Shape } from '../core/shape.ts'

/*
 * What importers hand to lower/: the graph in the framework's own op names, function calls inlined, variables frozen,
 * shapes only as far as the file states them.
 */

/** A constant of the source. */
export type SourceConst = NumericConst | StringConst

export interface NumericConst {
  readonly dtype: Exclude<DType, 'string' | 'resource' | 'variant'>
  readonly shape: readonly number[]
  /** Row-major little-endian elements, `byteLengthOf(dtype, elements)` bytes (4-bit and 2-bit types come unpacked, one byte each). */
  readonly data: ConstData
}

export interface StringConst {
  readonly dtype: 'string'
  readonly shape: readonly number[]
  /** One per element, row-major; any bytes. */
  readonly strings: readonly Uint8Array[]
}

/** An attribute as the file states it. `int` beyond 2^53 is rounded to the nearest double. */
export type SourceAttr =
  | { readonly kind: 'string'; readonly value: string; readonly bytes: Uint8Array }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** `value` is undefined for a type the IR has no name for; `code` is TensorFlow's DataType number. */
  | { readonly kind: 'type'; readonly value: DType | undefined; readonly code: number }
  /** `value` is undefined when the rank is unknown; an unknown size is -1. */
  | { readonly kind: 'shape'; readonly value: readonly number[] | undefined }
  | { readonly kind: 'tensor'; readonly value: SourceConst }
  | { readonly kind: 'func'; readonly value: string; readonly attrs: SourceAttrs }
  | { readonly kind: 'placeholder'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[]; readonly bytes: readonly Uint8Array[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'types'; readonly value: readonly (DType | undefined)[]; readonly codes: readonly number[] }
  | { readonly kind: 'shapes'; readonly value: readonly (readonly number[] | undefined)[] }
  | { readonly kind: 'funcs'; readonly value: readonly string[] }
  /** `list {}`: the file does not say of which kind; an accessor for any list takes it as empty. */
  | { readonly kind: 'empty-list' }

/** Attributes by name, each decoded when asked for; `get` may throw a `wire/*` or `import/*` DowncastError for damaged bytes. */
export interface SourceAttrs {
  get(name: string): SourceAttr | undefined
  has(name: string): boolean
  names(): readonly string[]
}

/** Output `output` of `graph.nodes[node]`. */
export interface SourceRef {
  readonly node: number
  readonly output: number
}

/**
 * Ops with a fixed meaning here, besides the framework's own:
 * - `Placeholder`: an input of the graph (also where the file had a function argument), no inputs, attrs `dtype` and `shape` when known;
 * - `Const`: `value` is set; also where the file read a variable that nothing writes;
 * - `VarHandleOp`: `variable` is set; present where control flow takes the handle as an operand (see `SourceLibrary.load`), and for
 *   variables that the model writes;
 * - `LookupTableFindV2`: the table's keys and its values stand in place of its handle;
 * - `ReadVariableOp`, `AssignVariableOp` and other writes, of such variables only: they stand in the order in which the program runs them.
 */
export interface SourceNode {
  /** Unique in the graph. For inlined functions the names of the calls come first: `StatefulPartitionedCall/sequential/dense/MatMul`. */
  readonly name: string
  readonly op: string
  /** Data operands in the op's order; control inputs are dropped. Each refers to an earlier node. */
  readonly inputs: readonly SourceRef[]
  readonly attrs: SourceAttrs
  /** The user's own words: `["sequential/dense/MatMul"]`, free of call and function noise. Outermost first. */
  readonly layer: readonly string[]
  readonly value?: SourceConst
  readonly variable?: SourceVariable
  /** Whether it writes a variable, itself or in the functions that it runs: it is there though nothing takes its results. */
  readonly hasEffect?: boolean
  /** Element types of the outputs in order, where the file defines the op; one that the IR has no name for is undefined. */
  readonly resultTypes?: () => readonly (DType | undefined)[] | undefined
  /** In the Keras dialect (formats `keras-*` and `tfjs-layers`), on every node that calls a layer: `op` is the layer's class, `attrs` are empty. */
  readonly keras?: KerasCall
}

/** A call of a Keras layer. */
export interface KerasCall {
  readonly layer: KerasLayer
  /** Positional arguments as the file states them; a tensor is `{"input": i}`, an index into the node's `inputs`. */
  readonly args: readonly Json[]
  readonly kwargs: JsonObject
}

/** A layer as the file configures it. Calls of a shared layer have the same object. */
export interface KerasLayer {
  /** The user's own name, after those of the models around it: `inner/conv2d`. */
  readonly name: string
  readonly className: string
  /** Which Keras wrote it; classes of one name may differ in defaults. */
  readonly version: 2 | 3
  /** What `get_config()` gave; read it with `member`. */
  readonly config: JsonObject
  /** By Keras 3's names, parts of composed layers with `/`: `kernel`, `cell/recurrent_kernel`, `query_dense/kernel`. */
  readonly weights: ReadonlyMap<string, NumericConst>
}

export interface SourceVariable {
  /** The user's name, e.g. `dense/kernel`; equal names are one variable. */
  readonly name: string
  /** Of one that was given no name: the way to it from the object that was saved, `params/Dense_0/kernel`. */
  readonly path?: string
  /** Its initial or trained value. */
  readonly value: SourceConst
  /** Whether a graph of the model writes it. Reads of all others are constants. */
  readonly isWritten: boolean
}

/** An input or output of a graph. */
export interface SourcePort {
  /** Name in the signature: argument or result; of a function body: the argument's or result's own name. */
  readonly name: string
  /** `serving_default_x:0`, `StatefulPartitionedCall:0`: what the file calls the tensor. TFLite tensors take this name. */
  readonly tensorName: string
  readonly ref: SourceRef
  /** Undefined for a type the IR has no name for. */
  readonly dtype: DType | undefined
  /**
   * Undefined when the rank is unknown. Unknown sizes of inputs get a name that is unique to the input and axis (`N` for the
   * leading one where it is safe to share it between inputs); unknown sizes of outputs are named `?`, which says nothing.
   */
  readonly shape: Shape | undefined
}

export interface SourceGraph {
  /** Signature key, or the function's name for a body of control flow. */
  readonly name: string
  /** In topological order; only those that the outputs need or that write variables, and every input. */
  readonly nodes: readonly SourceNode[]
  /** In the order of the file's signature map, for a function body in argument order. `ref` is a `Placeholder`. */
  readonly inputs: readonly SourcePort[]
  /** Two outputs may have the same `ref`; an output may be an input or a constant. */
  readonly outputs: readonly SourcePort[]
  readonly functions: SourceLibrary
  /** Part of it is translated from modules of StableHLO, whose constants hold the sizes of the inputs: at others it would be another model. */
  readonly hasModules?: boolean
}

/** Functions named by attributes of control flow ops (`func`), imported when asked for. */
export interface SourceLibrary {
  has(name: string): boolean
  names(): readonly string[]
  /**
   * The body as a graph: inputs in argument order, outputs in result order.
   * `args` states what is known of the arguments, by position: a variable where the call passes its `VarHandleOp`; then reads of
   * that argument are constants in the body, or of that variable's handle where the model writes it. Such inputs stay in `inputs` (with dtype `resource`), so positions do not move.
   * Throws `import/function-missing`, `import/function-recursion` and what importing a signature throws.
   */
  load(name: string, args?: readonly (SourceVariable | undefined)[]): SourceGraph
}

export interface SourceMetadata {
  /** MetaGraph tags, e.g. `["serve"]`; empty for formats without. */
  readonly tags: readonly string[]
  /** Version of the framework that wrote the file, e.g. `2.21.0`. */
  readonly frameworkVersion: string | undefined
  /** GraphDef producer version. */
  readonly producer: number | undefined
  /** `keras` when Keras made the model, else `tensorflow`. */
  readonly framework: 'tensorflow' | 'keras'
  /** Every signature the file has, also those not imported. */
  readonly signatures: readonly string[]
}

export interface SourceModel {
  readonly format: 'saved-model' | 'graph-def' | 'keras-h5' | 'keras-zip' | 'tfjs-layers' | 'tfjs-graph'
  /** What the user called it: file or folder name. */
  readonly name: string
  readonly graphs: readonly SourceGraph[]
  readonly metadata: SourceMetadata
  /** Warnings and information; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[]
}
