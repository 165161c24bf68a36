import type { ConstData } from '../../core/bytes.ts'
import { invariant } from '../../core/diagnostics.ts'

/*
 * FlatBuffers tables as data: a descriptor gives each field its slot (vtable index), kind and default, and TypeScript
 * infers the type of the records from it. Descriptors name each other directly, so no table can contain itself and
 * the depth of any buffer is bounded by its descriptor.
 * @see https://flatbuffers.dev/internals/
 */

export type IntKind = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32'
export type LongKind = 'i64' | 'u64'
export type ScalarKind = IntKind | LongKind | 'f32' | 'f64' | 'bool'

/** Bytes of one scalar; its alignment too. */
export const scalarBytes: Readonly<Record<ScalarKind, 1 | 2 | 4 | 8>> = {
  bool: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  i64: 8,
  u64: 8,
  f64: 8,
}

interface ArrayOf {
  readonly bool: Uint8Array
  readonly i8: Int8Array
  readonly u8: Uint8Array
  readonly i16: Int16Array
  readonly u16: Uint16Array
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly i64: BigInt64Array
  readonly u64: BigUint64Array
  readonly f64: Float64Array
}
type ValueOfScalar<K extends ScalarKind> = K extends LongKind ? bigint : K extends 'bool' ? boolean : number

/** A table that is written by somebody else, at this position from the start of the buffer. */
export class PlacedTable {
  readonly position: number

  constructor(position: number) {
    this.position = position
  }
}

/** A code that the enumeration does not know, kept as it is: `UNKNOWN_300`. */
export type UnknownName = `UNKNOWN_${number}`

export interface Enumeration<Name extends string = string> {
  readonly codes: Readonly<Record<Name, number>>
  readonly names: ReadonlyMap<number, Name>
}
export type NameOf<E extends Enumeration> = E extends Enumeration<infer Name> ? Name | UnknownName : never

/** An enumeration from its names: in the order of their codes from 0, or with their codes. */
export function enumeration<const Name extends string>(names: readonly Name[] | Readonly<Record<Name, number>>): Enumeration<Name> {
  const pairs = (Array.isArray(names) ? names.map((name, code) => [name, code]) : Object.entries(names)) as [Name, number][]
  return {
    codes: Object.assign(Object.create(null) as object, Object.fromEntries(pairs)) as Record<Name, number>,
    names: new Map(pairs.map(([name, code]) => [code, name])),
  }
}

export function nameOfCode<Name extends string>(e: Enumeration<Name>, code: number): Name | UnknownName {
  return e.names.get(code) ?? `UNKNOWN_${code}`
}

export function codeOfName<Name extends string>(e: Enumeration<Name>, name: Name | UnknownName): number {
  const code = e.codes[name as Name] ?? Number(/^UNKNOWN_(-?\d+)$/.exec(name)?.[1] ?? Number.NaN)
  invariant(Number.isInteger(code), `${name} is no name of this enumeration`)
  return code
}

/** `always`: written even when empty. */
export type FieldLayout =
  | { readonly kind: 'scalar'; readonly slot: number; readonly scalar: ScalarKind; readonly default: number | bigint | boolean }
  | { readonly kind: 'enum'; readonly slot: number; readonly scalar: IntKind; readonly enumeration: Enumeration; readonly default: string }
  | { readonly kind: 'string'; readonly slot: number; readonly always?: true }
  | { readonly kind: 'strings'; readonly slot: number }
  | { readonly kind: 'vector'; readonly slot: number; readonly scalar: ScalarKind; readonly always?: true }
  | { readonly kind: 'enum-vector'; readonly slot: number; readonly scalar: 'i32' | 'u32' | 'i8' | 'u8'; readonly enumeration: Enumeration }
  | { readonly kind: 'table'; readonly slot: number; readonly table: Table }
  | { readonly kind: 'tables'; readonly slot: number; readonly table: Table; readonly always?: true }
  /** The type code is in `slot`, the table in `slot + 1`. */
  | { readonly kind: 'union'; readonly slot: number; readonly union: Union }
  /** A vector of bytes too large to be read and written with the tables. */
  | { readonly kind: 'data'; readonly slot: number }

declare const types: unique symbol
/** `Value` is what the reader gives, `Input` what the writer takes. */
export type Field<Value = unknown, Input = unknown> = FieldLayout & { readonly [types]?: { readonly value: Value; readonly input: Input } }
export type Fields = Readonly<Record<string, Field>>

export interface Table<F extends Fields = Fields> {
  readonly name: string
  readonly fields: F
  /** The fields as a list, made once. */
  readonly fieldList: readonly (readonly [name: string, layout: FieldLayout])[]
  readonly slots: ReadonlySet<number>
}
export type Members = Readonly<Record<string, Table>>
/** Type codes count from 1, 0 is no value. */
export interface Union<M extends Members = Members> {
  readonly name: string
  readonly members: M
  readonly memberList: readonly (readonly [name: string, table: Table])[]
}

type ValueOfField<F> = F extends { readonly [types]?: { readonly value: infer V } } ? V : never
type InputOfField<F> = F extends { readonly [types]?: { readonly input: infer I } } ? I : never
/** What the reader gives: every field is there, absent ones with their default, empty (`''`, no elements) or undefined. */
export type RecordOf<T extends Table> = { readonly [K in keyof T['fields']]: ValueOfField<T['fields'][K]> }
/** What the writer takes: fields may be left out. Any `RecordOf` without data vectors is one. */
export type InputOf<T extends Table> = { readonly [K in keyof T['fields']]?: InputOfField<T['fields'][K]> | undefined }
export type UnionValue<M extends Members> = { [K in keyof M]: { readonly type: K; readonly value: RecordOf<M[K]> } }[keyof M]
export type UnionInput<M extends Members> = { [K in keyof M]: { readonly type: K; readonly value: InputOf<M[K]> } }[keyof M]

export function table<const F extends Fields>(name: string, fields: F): Table<F> {
  const fieldList = Object.entries(fields) as [string, FieldLayout][]
  const slots = new Set(fieldList.flatMap(([, f]) => (f.kind === 'union' ? [f.slot, f.slot + 1] : [f.slot])))
  // The writer keeps the set of present slots in the bits of a number.
  invariant(Math.max(0, ...slots) < 52, `${name} has a slot beyond 51`)
  return { name, fields, fieldList, slots }
}

export function union<const M extends Members>(name: string, members: M): Union<M> {
  return { name, members, memberList: Object.entries(members) }
}

function scalar<K extends ScalarKind>(kind: K) {
  return (slot: number, def?: ValueOfScalar<K>): Field<ValueOfScalar<K>, ValueOfScalar<K>> => ({
    kind: 'scalar',
    slot,
    scalar: kind,
    default: def ?? (kind === 'bool' ? false : kind === 'i64' || kind === 'u64' ? 0n : 0),
  })
}

export const bool = scalar('bool')
export const i8 = scalar('i8')
export const u8 = scalar('u8')
export const i16 = scalar('i16')
export const u16 = scalar('u16')
export const i32 = scalar('i32')
export const u32 = scalar('u32')
export const i64 = scalar('i64')
export const u64 = scalar('u64')
export const f32 = scalar('f32')
export const f64 = scalar('f64')

/** A name of `e`; the default is code 0 unless told. */
export function named<Name extends string>(
  e: Enumeration<Name>,
  scalar: IntKind,
  slot: number,
  def?: NoInfer<Name>,
): Field<Name | UnknownName, Name | UnknownName> {
  return { kind: 'enum', slot, scalar, enumeration: e, default: def ?? nameOfCode(e, 0) }
}

/** A vector of names of `e`. */
export function names<Name extends string>(
  e: Enumeration<Name>,
  scalar: 'i32' | 'u32' | 'i8' | 'u8',
  slot: number,
): Field<readonly (Name | UnknownName)[], readonly (Name | UnknownName)[]> {
  return { kind: 'enum-vector', slot, scalar, enumeration: e }
}

export function string(slot: number): Field<string, string> {
  return { kind: 'string', slot }
}

export function strings(slot: number): Field<readonly string[], readonly string[]> {
  return { kind: 'strings', slot }
}

/** A vector of scalars, a typed array; `bool` elements are bytes 0 and 1. Absent and empty are the same. */
export function vector<K extends ScalarKind>(
  kind: K,
  slot: number,
): Field<ArrayOf[K], ArrayOf[K] | readonly (K extends LongKind ? bigint : number)[]> {
  return { kind: 'vector', slot, scalar: kind }
}

export function nested<T extends Table>(table: T, slot: number): Field<RecordOf<T> | undefined, InputOf<T> | undefined> {
  return { kind: 'table', slot, table }
}

export function tables<T extends Table>(table: T, slot: number): Field<readonly RecordOf<T>[], readonly InputOf<T>[]> {
  return { kind: 'tables', slot, table }
}

/** Tables some of which may be written by somebody else. */
export function placeableTables<T extends Table>(
  table: T,
  slot: number,
): Field<readonly RecordOf<T>[], readonly (InputOf<T> | PlacedTable)[]> {
  return { kind: 'tables', slot, table }
}

/** The type code is in `slot`, the table in `slot + 1`. */
export function oneOf<M extends Members>(union: Union<M>, slot: number): Field<UnionValue<M> | undefined, UnionInput<M> | undefined> {
  return { kind: 'union', slot, union }
}

/** A vector of bytes that stays where it is: read as a handle on the source, written by whoever places its table. */
export function data(slot: number): Field<ConstData | undefined, undefined> {
  return { kind: 'data', slot }
}

/** The string, vector or tables are written even when empty, for readers that expect them. */
export function always<V, I>(field: Field<V, I>): Field<V, I> {
  return field.kind === 'string' || field.kind === 'vector' || field.kind === 'tables' ? { ...field, always: true } : field
}
