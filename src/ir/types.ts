import type { ConstData } from '../core/bytes.ts'
import type { DType } from '../core/dtype.ts'
import type { Dim, Shape } from '../core/shape.ts'

export type ValueId = number
export type NodeId = number

/** real = scale * (q - zeroPoint). Scales are float32 values. */
export type QuantParams =
  | { readonly kind: 'per-tensor'; readonly scale: number; readonly zeroPoint: number }
  | { readonly kind: 'per-axis'; readonly axis: number; readonly scales: Float32Array; readonly zeroPoints: Int32Array }
  | {
      readonly kind: 'blockwise'
      readonly axis: number
      readonly blockSize: number
      readonly scales: Float32Array
      readonly zeroPoints?: Int32Array
    }

export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
  readonly quant?: QuantParams | undefined
  /** Real values seen or declared, `[min, max]`; information for reports, no op depends on it. */
  readonly range?: readonly [number, number] | undefined
}

/** What a file says of a part that the IR does not model; it holds while `of` is still what the part has. */
export interface Kept {
  readonly of: object
  readonly record: unknown
}

/** A wire of the graph: an input, a constant, or the result of a node. */
export interface Value {
  readonly id: ValueId
  /** Name in messages and in the file, where the writer makes names unique. */
  readonly name: string
  readonly type: TensorType
  /** Present on constants. */
  readonly data?: ConstData
  /** Elements of a small integer tensor that are known as dims though not all as numbers: shape arithmetic under a symbolic batch. */
  readonly dims?: readonly Dim[]
  /** State kept between runs (the states of LSTM and SVDF). */
  readonly isVariable?: boolean
  /** Why its bytes must stay as they are stored (sparse, quantized already); passes leave such a constant. */
  readonly fixed?: string
  /** Of the file it was read from; `of` is its type. */
  readonly kept?: Kept
}

export type AttrValue = number | boolean | string | readonly number[] | Uint8Array
export type Attrs = Readonly<Record<string, AttrValue>>

/** Who a node was made from (source layer and node names, outermost first) and by which rewrite rules. */
export interface Origin {
  readonly source: readonly string[]
  readonly rules: readonly string[]
}

export interface Node {
  readonly id: NodeId
  /** Name of an op record (`ops/index.ts`), or `custom`. */
  readonly op: string
  readonly attrs: Attrs
  /** Operands in the record's order; null for an absent optional one. */
  readonly inputs: readonly (ValueId | null)[]
  readonly outputs: readonly ValueId[]
  readonly origin: Origin
  /** Of the file it was read from; `of` are its attributes. */
  readonly kept?: Kept
}

/** One subgraph. Nodes are in topological order; nothing in it changes after it is built. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly ValueId[]
  readonly outputs: readonly ValueId[]
  readonly values: ReadonlyMap<ValueId, Value>
  readonly nodes: readonly Node[]
}

export interface SignaturePort {
  /** Argument or result name that the model's user sees. */
  readonly name: string
  readonly value: ValueId
}

/** An entry point: names for the inputs and outputs of one graph, in the declared order. */
export interface Signature {
  readonly key: string
  readonly graph: number
  readonly inputs: readonly SignaturePort[]
  readonly outputs: readonly SignaturePort[]
}

/** Everything a `.tflite` file holds: graphs (entry points first, then bodies of control flow), signatures, metadata. */
export interface Model {
  readonly graphs: readonly Graph[]
  readonly signatures: readonly Signature[]
  readonly description: string
  /** Buffers kept with the model by name, e.g. TFLite metadata. */
  readonly metadata: ReadonlyMap<string, ConstData>
  /** What the file it was read from says beyond all this. */
  readonly kept?: unknown
}

export const noOrigin: Origin = { source: [], rules: [] }

/** One origin from several, duplicates dropped, order kept; `rule` is added last. */
export function mergeOrigins(origins: readonly Origin[], rule?: string): Origin {
  return {
    source: [...new Set(origins.flatMap((o) => o.source))],
    rules: [...new Set([...origins.flatMap((o) => o.rules), ...(rule ? [rule] : [])])],
  }
}
