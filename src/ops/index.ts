import * as binary from './elementwise/binary.ts'
import * as unary from './elementwise/unary.ts'
import * as conv from './nn/conv.ts'
import { fullyConnected } from './nn/fully-connected.ts'
import * as pool from './nn/pool.ts'
import * as softmax from './nn/softmax.ts'
import * as quantization from './quant/quantize.ts'
import * as reduce from './reduce/reduce.ts'
import { cast } from './shape/cast.ts'
import * as concat from './shape/concat.ts'
import * as pad from './shape/pad.ts'
import * as reshape from './shape/reshape.ts'
import { gather, slice, stridedSlice } from './shape/slice.ts'
import { transpose } from './shape/transpose.ts'
import type { OpSpec } from './spec.ts'

/** Every op record, by its name in `BuiltinOperator`'s families. Lowerings import them from here. */
export const op = {
  ...unary,
  ...binary,
  ...conv,
  fullyConnected,
  ...pool,
  ...softmax,
  ...reduce,
  ...reshape,
  transpose,
  ...concat,
  ...pad,
  stridedSlice,
  slice,
  gather,
  cast,
  ...quantization,
}

/** Names of the ops that have a record. */
export type OpName = (typeof op)[keyof typeof op]['name']

const byName = new Map<string, OpSpec>(Object.values(op).map((spec) => [spec.name, spec as unknown as OpSpec]))
const byBuiltin = new Map<string, OpSpec>([...byName.values()].map((spec) => [spec.builtin, spec]))

/** The record of an op by its IR name. */
export function findSpec(name: string): OpSpec | undefined {
  return byName.get(name)
}

/** The record of a `BuiltinOperator`. */
export function findBuiltin(builtin: string): OpSpec | undefined {
  return byBuiltin.get(builtin)
}

/** Every record, in a fixed order. */
export function allSpecs(): readonly OpSpec[] {
  return [...byName.values()]
}
