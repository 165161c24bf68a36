import { isJsonObject, type Json, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { tensorflowOp } from '../tf/call.ts'
import { vectorOf } from './arguments.ts'
import type { KerasOp } from './keras-op.ts'

/** `x[key]` of Python: slices, integers, None and Ellipsis, one or a list. */
export function sliceBy(k: KerasOp, b: OpBuilder, key: Json | undefined): Value {
  const entries = (Array.isArray(key) ? key : [key ?? null]) as readonly Json[]
  const [begin, end, strides]: [Json[], Json[], number[]] = [[], [], []]
  const mask = { begin_mask: 0, end_mask: 0, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 }
  for (const [i, entry] of entries.entries()) {
    const [kind, from, to, step] = readEntry(k, entry)
    if (kind === 'ellipsis') mask.ellipsis_mask |= 1 << i
    if (kind === 'new') mask.new_axis_mask |= 1 << i
    if (kind === 'index') mask.shrink_axis_mask |= 1 << i
    if (kind === 'range' && from === null) mask.begin_mask |= 1 << i
    if (kind === 'range' && to === null) mask.end_mask |= 1 << i
    begin.push(from ?? 0)
    end.push(kind === 'index' ? (typeof from === 'number' ? (from + 1 === 0 ? 0x7fff_ffff : from + 1) : 0) : (to ?? 0))
    strides.push(step)
  }
  return tensorflowOp(k, b, 'StridedSlice', [k.x, vectorOf(k, b, begin), vectorOf(k, b, end), b.i32(strides)], mask)[0]!
}

type Entry = readonly [kind: 'range' | 'index' | 'new' | 'ellipsis', begin: Json, end: Json, step: number]

/** `{start, stop, step}` (Keras 2), `{class_name: "__slice__", config}` (Keras 3), an integer, null or an ellipsis. */
function readEntry(k: KerasOp, entry: Json): Entry {
  if (typeof entry === 'number' || k.operandOf(entry)) return ['index', entry, null, 1]
  if (entry === null) return ['new', null, null, 1]
  if (isJsonObject(entry)) {
    const className = member(entry, 'class_name')
    if (className === '__ellipsis__') return ['ellipsis', null, null, 1]
    const config = className === '__slice__' ? member(entry, 'config') : className === undefined ? entry : undefined
    if (config !== undefined && isJsonObject(config!)) {
      const step = member(config, 'step') ?? 1
      if (typeof step === 'number' && step !== 0) return ['range', member(config, 'start') ?? null, member(config, 'stop') ?? null, step]
    }
  }
  return k.reject(`the index ${JSON.stringify(entry).slice(0, 60)} is not supported`)
}
