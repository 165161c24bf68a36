/** Writes MLIR bytecode of version 6 by hand, for what JAX does not write. */
export function varint(n: number): number[] {
  if (n < 128) return [n * 2 + 1]
  if (n < 1 << 14) return [(n & 0x3f) * 4 + 2, n >> 6]
  return [0, ...Array.from({ length: 8 }, (_, i) => Math.floor(n / 256 ** i) & 0xff)]
}

export interface Parts {
  readonly version?: number
  /** Attributes and types: dialect's index in `dialects`, whether in its own encoding, bytes. */
  readonly attributes: readonly (readonly [number, boolean, readonly number[]])[]
  readonly types: readonly (readonly [number, boolean, readonly number[]])[]
  readonly strings: readonly string[]
  /** Of ops without their dialect, with the dialect's index and whether they are registered. */
  readonly ops: readonly (readonly [number, string, boolean])[]
  readonly properties?: readonly (readonly number[])[]
  readonly ir: readonly number[]
}

export const dialects = ['builtin', 'vhlo', 'foreign']

/** Ops named by their place in `ops`; texts by their place in `strings`. */
export function build({ version = 6, attributes, types, strings, ops, properties = [], ir }: Parts): Uint8Array {
  const texts = [...strings, ...dialects, ...ops.map(([, name]) => name)]
  const at = (text: number) => varint(text)
  const encoded = texts.map((t) => [...new TextEncoder().encode(t), 0])
  const group = ([dialect, isEncoded, bytes]: readonly [number, boolean, readonly number[]]) => [
    ...varint(dialect),
    ...varint(1),
    ...varint(bytes.length * 2 + Number(isEncoded)),
  ]
  return Uint8Array.from([
    ...[0x4d, 0x4c, 0xef, 0x52],
    ...varint(version),
    ...new TextEncoder().encode('StableHLO_v1.15.0'),
    0,
    ...section(1, [
      ...varint(dialects.length),
      ...dialects.flatMap((_, i) => varint((strings.length + i) * 2)),
      ...varint(ops.length),
      ...ops.flatMap(([dialect, , isRegistered], i) => [
        ...varint(dialect),
        ...varint(1),
        ...varint((strings.length + dialects.length + i) * 2 + Number(isRegistered)),
      ]),
    ]),
    ...section(
      2,
      [...attributes, ...types].flatMap(([, , bytes]) => bytes),
    ),
    ...section(3, [...varint(attributes.length), ...varint(types.length), ...[...attributes, ...types].flatMap(group)]),
    ...section(4, ir),
    ...section(8, [...varint(properties.length), ...properties.flatMap((p) => [...varint(p.length), ...p])]),
    ...section(0, [...at(texts.length), ...encoded.toReversed().flatMap((t) => varint(t.length)), ...encoded.flat()]),
  ])
}

export function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...varint(bytes.length), ...bytes]
}

/** What is stored of an op. */
export const has = { attributes: 1, results: 2, operands: 4, regions: 16, useOrders: 32, properties: 64 }

type Entry = readonly [number, boolean, readonly number[]]

/** An entry in a dialect's own encoding. */
export const own = (dialect: 'builtin' | 'vhlo' | 'foreign', ...bytes: readonly number[]): Entry => [
  dialects.indexOf(dialect),
  true,
  bytes.flatMap(varint),
]

/** What `moduleOf` puts before what it is given. */
export const given = { attributes: 5, types: 1, strings: 2, ops: 2, properties: 1 }

/** A module with a function `main` of no arguments. Attribute 0 is an unknown location, 3 the text `main`. */
export function moduleOf({ body, values, ...more }: Partial<Parts> & { body: readonly number[]; values: number }): Uint8Array {
  const main = [...varint(1), has.properties | has.regions, ...varint(0), ...varint(0), ...varint(3)]
  const region = (count: number, block: readonly number[]) => section(4, [...varint(1), ...varint(count), ...block])
  return build({
    attributes: [
      own('builtin', 15),
      own('vhlo', 1, 0),
      own('vhlo', 17, 0),
      own('vhlo', 14, 0),
      own('vhlo', 14, 1),
      ...(more.attributes ?? []),
    ],
    types: [own('vhlo', 8, 0, 0), ...(more.types ?? [])],
    strings: ['main', '', ...(more.strings ?? [])],
    ops: [[0, 'module', true], [1, 'func_v1', true], ...(more.ops ?? [])],
    properties: [[1, 2, 1, 3, 4].flatMap(varint), ...(more.properties ?? [])],
    ir: [
      ...varint(2),
      ...[...varint(0), has.regions, ...varint(0), ...varint(3)],
      ...region(0, [...varint(2), ...main, ...region(values, body)]),
    ],
    ...(more.version === undefined ? {} : { version: more.version }),
  })
}
