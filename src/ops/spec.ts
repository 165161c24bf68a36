import type { DType } from '../core/dtype.ts'
import type { Dim, Shape } from '../core/shape.ts'
import type { Attrs, TensorType, Value } from '../ir/types.ts'
import type { Window } from './nn/window.ts'

/*
 * The op record: everything downcast knows of one TFLite op, in one place. Passes ask the record and hold no op names.
 */

/** Activations that TFLite ops can apply to their own result; the order is that of `ActivationFunctionType`. */
export const fusedActivations = ['none', 'relu', 'relu_n1_to_1', 'relu6', 'tanh', 'sign_bit'] as const

/**
 * One attribute: its kind, its default, and the flatbuffer field(s) that hold it.
 * A default that the record gives is what an absent field means.
 */
export type AttrSpec =
  | { readonly kind: 'i32'; readonly field: string; readonly default?: number }
  /** Safe integers only; wider values are refused where files are read. */
  | { readonly kind: 'i64'; readonly field: string; readonly default?: number }
  | { readonly kind: 'f32'; readonly field: string; readonly default?: number }
  | { readonly kind: 'bool'; readonly field: string; readonly default?: boolean }
  | { readonly kind: 'string'; readonly field: string; readonly default?: string }
  | { readonly kind: 'dtype'; readonly field: string; readonly default?: DType }
  | { readonly kind: 'i32s'; readonly field: string; readonly default?: readonly number[] }
  | { readonly kind: 'f32s'; readonly field: string; readonly default?: readonly number[] }
  | { readonly kind: 'bytes'; readonly field: string }
  /** Index of a subgraph of the same model. It takes the variadic operands and gives the node's results, or one bool. */
  | { readonly kind: 'graph'; readonly field: string; readonly gives: 'results' | 'truth' }
  /** Several scalar i32 fields read as one list: `stride = [strideH, strideW]`. */
  | { readonly kind: 'i32-tuple'; readonly fields: readonly string[]; readonly default?: readonly number[] }
  /** Names in the order of their codes; in files they are upper case. */
  | { readonly kind: 'enum'; readonly field: string; readonly names: readonly string[]; readonly default?: string }

export type AttrSchema = Readonly<Record<string, AttrSpec>>
type ValueOf<S extends AttrSpec> = S extends { kind: 'i32' | 'i64' | 'f32' | 'graph' }
  ? number
  : S extends { kind: 'bool' }
    ? boolean
    : S extends { kind: 'string' }
      ? string
      : S extends { kind: 'dtype' }
        ? DType
        : S extends { kind: 'enum'; names: readonly (infer N extends string)[] }
          ? N
          : S extends { kind: 'bytes' }
            ? Uint8Array
            : readonly number[]
export type AttrsOf<A extends AttrSchema> = { readonly [K in keyof A]: ValueOf<A[K]> }
/** Attributes as a caller gives them: those with a default may be left out. */
export type AttrsIn<A extends AttrSchema> = { readonly [K in keyof A as A[K] extends { default: unknown } ? never : K]: ValueOf<A[K]> } & {
  readonly [K in keyof A as A[K] extends { default: unknown } ? K : never]?: ValueOf<A[K]>
}

/**
 * Makes attribute specs. The first argument is the camelCase flatbuffer field; a default is what an absent field means.
 * A field of `''` is not stored: the file says it otherwise, by the type of the result.
 */
export const attr = {
  i32: (field: string, def = 0) => ({ kind: 'i32', field, default: def }) as const,
  i64: (field: string, def = 0) => ({ kind: 'i64', field, default: def }) as const,
  f32: (field: string, def = 0) => ({ kind: 'f32', field, default: def }) as const,
  bool: (field: string, def = false) => ({ kind: 'bool', field, default: def }) as const,
  string: (field: string) => ({ kind: 'string', field, default: '' }) as const,
  dtype: (field: string, def: DType = 'f32') => ({ kind: 'dtype', field, default: def }) as const,
  i32s: (field: string) => ({ kind: 'i32s', field, default: [] as readonly number[] }) as const,
  f32s: (field: string) => ({ kind: 'f32s', field, default: [] as readonly number[] }) as const,
  bytes: (field: string) => ({ kind: 'bytes', field }) as const,
  graph: (field: string, gives: 'results' | 'truth' = 'results') => ({ kind: 'graph', field, gives }) as const,
  tuple: (fields: readonly string[], def: readonly number[]) => ({ kind: 'i32-tuple', fields, default: def }) as const,
  oneOf: <const N extends readonly string[]>(field: string, names: N, def: N[number]) =>
    ({ kind: 'enum', field, names, default: def }) as const,
  activation: () => ({ kind: 'enum', field: 'fusedActivationFunction', names: fusedActivations, default: 'none' }) as const,
  padding: () => ({ kind: 'enum', field: 'padding', names: ['same', 'valid'], default: 'same' }) as const,
} as const

export interface OperandSpec {
  readonly name: string
  readonly dtypes: readonly DType[]
  readonly optional: boolean
  /** Any number of operands from this position on; only the last may be variadic. */
  readonly variadic: boolean
  /**
   * Weights, or what decides the shape of the result: read when a kernel or a delegate prepares the op. Where it is constant it must stay
   * so; computed in the graph it would make the result dynamic, or send the op back from its delegate.
   */
  readonly preparing: boolean
}

export function operand(
  name: string,
  dtypes: readonly DType[],
  { optional = false, variadic = false, preparing = false }: Partial<Pick<OperandSpec, 'optional' | 'variadic' | 'preparing'>> = {},
): OperandSpec {
  return { name, dtypes, optional, variadic, preparing }
}

/** What shape inference, versions and costs see of a node. */
export interface NodeView<A extends AttrSchema = AttrSchema> {
  readonly attrs: AttrsOf<A>
  /** Types of the operands in order; null where absent. */
  readonly types: readonly (TensorType | null)[]
  readonly values: readonly (Value | null)[]
  /** Result types that are recorded already, for the ops whose operands do not tell them: those that call graphs or read variables. */
  readonly declared: readonly TensorType[] | undefined
  /** Type of a present operand by name. */
  type(name: string): TensorType
  has(name: string): boolean
  /** Integers of a constant operand, or undefined when it is absent or not constant. */
  ints(name: string): readonly number[] | undefined
  /** Elements of an integer operand as dims, when known (constant or symbolic). */
  dims(name: string): readonly Dim[] | undefined
  /** A size that only a run can tell: one symbol for this op on these operands, told apart by `label`. */
  unknown(label: string | number): Dim
  /** A shape of which only the rank is known: a dim for each element of the vector operand `name`. */
  unknownShape(name: string): Shape
  /** Ends inference with an error that names the node: what is wrong, with the shapes found. */
  fail(reason: string): never
}

/** Result types are there too once inferred. */
export interface TypedNodeView<A extends AttrSchema = AttrSchema> extends NodeView<A> {
  readonly results: readonly TensorType[]
}

/** Types that activations of a statically quantized model have. */
export type IntegerType = 'i8' | 'i16'

export type FixedRanges = Partial<Record<'i8' | 'u8' | 'i16', { readonly scale: number; readonly zeroPoint: number }>>

/** Widths of stored weights. */
export type WeightBits = 2 | 4 | 8

/** A constant operand that may be stored as integers. */
export interface WeightTrait {
  readonly operand: string
  readonly axis: number | null
  readonly narrowRange: boolean
  /**
   * Of an op that is linear in its input: which channels, the last axis of the input, its weights read along `axis`, and which of them each
   * channel of the result reads: all, those of its group, or one (there are as many results for each in turn).
   */
  readonly reads?: {
    readonly axis: number
    readonly channels: 'all' | 'group' | 'one'
    /**
     * Of a window: to which part of the positions of the result each of its elements adds something of the input, row by row. Undefined where
     * sizes are open. Without a window it is all.
     */
    shares?(attrs: Attrs, weights: Shape, input: Shape, result: Shape): Float64Array | undefined
  }
  /** On integer activations it is one of them. */
  readonly integerAs?: 'activation'
  /** The integer kernel also takes one that is computed, on any grid. */
  readonly mayCompute?: boolean
  /** How small it may be. @see litert-quantizer 0.11 default_policy.py */
  readonly small?: {
    /** Taken as stored, one scale for each channel or for all. */
    readonly dynamic: readonly WeightBits[]
    /** Taken as stored beside integer activations, when fewer than 8. */
    readonly integer?: readonly WeightBits[]
    /** Taken as stored, one scale for each block along its rows. */
    readonly blocks?: readonly WeightBits[]
    /** Behind a DEQUANTIZE. */
    readonly weightOnly: readonly WeightBits[]
    /** Axis of the channels where it is another than `axis`. */
    channelAxis?(attrs: Attrs, rank: number): number
  }
  /** What is to be rotated where its rows are: the operand that they are multiplied with, or the result that is made of them. */
  readonly rotates?: 'input' | 'result'
  /** The results are products of its rows with rows of another operand. */
  readonly product?: {
    readonly operand: string
    /** The rows are the last axis of both, always. */
    readonly isDense?: boolean
    /** Which; why they are not known, where they are not. */
    rows(attrs: Attrs, weights: Shape, other: Shape, result: Shape): ProductRows | string
  }
}

/** Rows of weights, and rows of another operand that they are multiplied with. */
export interface ProductRows {
  /** Elements of a row of either. */
  readonly columns: number
  /** Groups of the channels of the other operand, each with rows of its own, which the next so many rows of the weights are multiplied with. */
  readonly groups: number
  /** The weights are [columns, rows], not [rows, columns]. */
  readonly isTransposed: boolean
  /** What a row of the other is gathered from: [height, width, channels of a group]. Absent: it is rows as it stands. */
  readonly window?: RowWindow
}

/** A window over an operand [N,H,W,C]; behind its end are zeros. */
export interface RowWindow extends Window {
  readonly size: readonly [height: number, width: number]
  /** Height and width of the result, where the window slides over that and not over the operand: of transposed convolutions. */
  readonly over?: readonly [height: number, width: number]
}

/** Where an op picks rows of a table: one that picks those of a table of fewer bits, by a vector of i32, and takes the two as its operands. */
export interface TableForm {
  readonly op: string
  readonly table: string
  readonly indices: string
  /** Whether it picks whole rows, and by each index one. */
  picksRows(attrs: Attrs, indicesRank: number): boolean
}

/** How an op behaves under quantization. Passes ask these traits; the vocabulary is closed. */
export interface QuantTraits {
  /** Activation types with which it runs when a model is quantized statically; absent: it stays float. */
  readonly integer?: readonly IntegerType[]
  /** Its kernel on i8 activations does not take u8. */
  readonly signedOnly?: boolean
  /** An op that computes the same and has an integer kernel: on the operand twice, or with a constant as its second one. */
  readonly integerForm?: { readonly op: string; readonly second: 'same' | number }
  readonly tableForm?: TableForm
  /** Variables of the op, and the grid of each: that of the result, or i16 steps of a power of two. */
  readonly states?: readonly { readonly operand: string; readonly grid: 'result' | 'power-of-two' }[]
  /** Operands with which it stays float. */
  readonly integerWithout?: readonly string[]
  /** An operand that may not be 0 in the integer kernel. */
  readonly nonZero?: string
  /** The operand whose masks, elements far below the others of their row, count as nothing. */
  readonly ignoresMasks?: string
  /** Operands whose masks the results show: as they are, in a sum, or in a product. Those that are negated show on the other side. */
  readonly passesMasks?: {
    readonly how: 'picked' | 'added' | 'multiplied'
    readonly operands: readonly string[]
    readonly negated?: readonly string[]
  }
  /** Attributes that a kernel on i16 activations needs. */
  readonly int16Attrs?: Attrs
  /** Reads the shape of its operand and no element, whatever the type. */
  readonly readsShape?: boolean
  /** Results always have these parameters. */
  readonly fixedRange?: FixedRanges
  /** Operands and results that must share scale and zero point; `all` where the number of results varies. */
  readonly sameScales?: {
    readonly operands: readonly string[]
    readonly results: readonly number[] | 'all'
    /** On u8 activations the kernel takes each on a grid of its own. */
    readonly signedOnly?: boolean
  }
  /** Constant operands that may be stored as int8; axis of the channels, or null for per-tensor only. */
  readonly weights?: readonly WeightTrait[]
  /** i32 operands whose scale is the product of the scales of two others, an activation and a weight. */
  readonly biases?: readonly {
    readonly operand: string
    readonly scaleFrom: readonly string[]
    /** Attribute that names its type on i16 activations. */
    readonly typeAttr?: string
  }[]
  /** The kernel takes f32 activations with i8 weights; these attributes are set on the node then. */
  readonly dynamicRange?: {
    readonly setAttrs: Attrs
    /** All weights or none. */
    readonly together?: boolean
    /** It reads a scale for each channel, past the end where there is one for all. @see LiteRT kernels/depthwise_conv.cc, EvalHybridPerChannel */
    readonly perChannel?: boolean
  }
  /** Stays float in integer modes, and why. */
  readonly floatOnly?: string
}

/** Position of an operand among those of a record; -1 when it has none of the name. */
export function operandIndex({ operands }: Pick<OpSpec, 'operands'>, name: string | undefined): number {
  return operands.findIndex((o) => o.name === name)
}

export interface Cost {
  /** Multiply-accumulates; undefined when a shape is symbolic. */
  readonly macs: number
  readonly elementOps: number
}

/** exact: bit-equal everywhere; rounding: float rounding may differ between kernels; random: not repeatable. */
export type Accuracy = 'exact' | 'rounding' | 'random'

export interface OpSpec<Name extends string = string, A extends AttrSchema = AttrSchema> {
  readonly name: Name
  /** Name in `BuiltinOperator`. */
  readonly builtin: string
  readonly summary: string
  readonly operands: readonly OperandSpec[]
  readonly attrs: A
  /** Table in the `BuiltinOptions` (or `BuiltinOptions2`) union that holds the attributes; undefined when the op has none. */
  readonly options?: string
  /** Result types; throws through `fail` when the operands do not fit. */
  infer(node: NodeView<A>): readonly TensorType[]
  readonly quant?: QuantTraits
  /** Version of the op that this use needs. @see LiteRT tools/versioning/op_version.cc */
  version(node: TypedNodeView<A>): number
  /** First runtime release of each version. @see LiteRT tools/versioning/runtime_version.cc */
  readonly releases: Readonly<Record<number, string>>
  readonly accuracy: Accuracy
  /** Highest rank at which the kernel broadcasts operands of different shapes; any rank when absent. Equal shapes may have any rank. */
  readonly broadcastRank?: number
  /**
   * Moves elements without computing on them: then symbolic elements (`dims`) pass through its kernel. The elements are
   * those of the first operand and of variadic ones, or of the operand named here.
   */
  readonly movesElements?: boolean | string
  /** Operands whose elements the results hold unchanged, where that is not what `movesElements` says. */
  readonly passesOn?: readonly string[]
  /**
   * Positive factors of the channels (the last axis) of the first operand multiply the same channels of the result, whatever they are, but
   * for its fused activation; or when they do. Where the last axis grows it holds the channels in turn.
   */
  readonly passesFactors?: true | ((node: Pick<NodeView, 'ints' | 'type'>) => boolean)
  /** Elements of the first result as dims, for shape arithmetic that is more than moving elements. */
  dims?(node: { readonly attrs: Attrs; readonly values: readonly (Value | null)[] }): readonly Dim[] | undefined
  /** Tensors beside operands and results that the kernel wants listed, with the grids it takes from them. */
  intermediates?(node: TypedNodeView): readonly TensorType[]
  /** Has an effect beyond its results; never removed or folded. */
  readonly sideEffect?: boolean
  cost?(node: TypedNodeView<A>): Cost
}

/** Checks a record's types; the record itself is plain data. */
export function defineOp<const Name extends string, const A extends AttrSchema>(spec: OpSpec<Name, A>): OpSpec<Name, A> {
  return spec
}

/** Version rule of most ops: by the dtype of the first operand. */
export function versionByDType(versions: Partial<Record<DType, number>>, otherwise = 1): (node: Pick<NodeView, 'types'>) => number {
  return (node) => versions[node.types[0]?.dtype ?? 'f32'] ?? otherwise
}

/** Equal ranks, and equal sizes wherever both are known. */
export function shapesAgree(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i] || typeof d === 'string' || typeof b[i] === 'string')
}

/** Product of the sizes, 0 when one is symbolic (costs are for one sample of a batch of one: `N` counts 1). */
export function elementsAtBatchOne(shape: Shape): number {
  return shape.reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), 1)
}
