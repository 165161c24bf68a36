/*
 * FlexBuffers: a schema-less tree of values in one block of bytes, read from its end. TFLite keeps the options of custom ops in it.
 * @see https://flatbuffers.dev/internals, "FlexBuffers"
 */

/** A value to write. Keys of a map are unique and come in the order of their bytes. */
export type FlexValue =
  | { readonly kind: 'int'; readonly value: number | bigint }
  /** Stored in 32 bits. */
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string | Uint8Array }
  | { readonly kind: 'vector'; readonly items: readonly FlexValue[] }
  /** All items of one kind, which is stored once. */
  | { readonly kind: 'typed-vector'; readonly items: readonly FlexValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, FlexValue])[] }

/** What was read: a map is a `Map`, a blob its bytes. Integers beyond 2^53 are bigints. */
export type FlexRead = null | boolean | number | bigint | string | Uint8Array | readonly FlexRead[] | ReadonlyMap<string, FlexRead>

/** Type numbers of the format. */
export const flexType = {
  null: 0,
  int: 1,
  uint: 2,
  float: 3,
  key: 4,
  string: 5,
  indirectInt: 6,
  indirectUint: 7,
  indirectFloat: 8,
  map: 9,
  vector: 10,
  /** Of `int`; those of `uint`, `float`, `key` and `string` follow. */
  typedVector: 11,
  stringVector: 15,
  /** Two of `int`; then `uint`, `float`, then three and four of each. */
  fixedVector: 16,
  blob: 25,
  bool: 26,
  boolVector: 36,
} as const
