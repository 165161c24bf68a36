/** `i1` is a truth value; `f8…` and others keep MLIR's own name. */
export type MlirElement = string

export type MlirType =
  /** A size that only a run tells is undefined. */
  | { readonly kind: 'tensor'; readonly element: MlirElement; readonly shape: readonly (number | undefined)[] }
  | { readonly kind: 'unranked'; readonly element: MlirElement }
  | { readonly kind: 'token' }
  | { readonly kind: 'tuple'; readonly types: readonly MlirType[] }
  | { readonly kind: 'function'; readonly inputs: readonly MlirType[]; readonly results: readonly MlirType[] }
  | { readonly kind: 'other'; readonly text: string }

export interface MlirValue {
  /** Unique in the module. */
  readonly id: number
  readonly type: MlirType
}

export type MlirAttr =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** Also references to symbols. */
  | { readonly kind: 'string'; readonly value: string }
  /** StableHLO's own words: `EQ`, `TOTALORDER`, `DEFAULT`, `FFT`. */
  | { readonly kind: 'enum'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly MlirAttr[] }
  | { readonly kind: 'dictionary'; readonly entries: ReadonlyMap<string, MlirAttr> }
  /** Row-major, little-endian; of `i1` a byte (0 or 1) per element, of integers below 8 bits one too. Of a splat one element. */
  | { readonly kind: 'tensor'; readonly type: MlirType; readonly bytes: Uint8Array; readonly isSplat: boolean }
  | { readonly kind: 'type'; readonly type: MlirType }
  | { readonly kind: 'other'; readonly text: string }

export interface MlirOp {
  /** Of StableHLO's ops without dialect and version: `add`, `dot_general`, `return`, `call`, `custom_call`. */
  readonly name: string
  readonly operands: readonly MlirValue[]
  readonly results: readonly MlirValue[]
  /** By VHLO's names, in which structs are flattened: `lhs_batching_dimensions`, `window_strides`. */
  readonly attrs: ReadonlyMap<string, MlirAttr>
  readonly regions: readonly MlirBlock[]
  /** The name in its location: `jit(f)/jit(main)/dot_general`. */
  readonly location: string | undefined
}

/** The one block of a region; its last op is a `return`. */
export interface MlirBlock {
  readonly arguments: readonly MlirValue[]
  readonly ops: readonly MlirOp[]
}

export interface MlirFunction {
  readonly name: string
  readonly isPublic: boolean
  readonly body: MlirBlock
  readonly results: readonly MlirType[]
}

export interface MlirModule {
  readonly functions: readonly MlirFunction[]
}
