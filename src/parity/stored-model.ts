import { lazyConst } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { toFloat32 } from '../core/nd-array.ts'
import { elementCount } from '../core/shape.ts'
import type { Model, Value } from '../ir/types.ts'
import { storedFloats } from '../quantize/stored-error.ts'
import { constantsOf, storedAs } from './stored-weights.ts'

/** The float model with each weight as the written file has it: what becomes of it by its weights alone. */
export function withStoredWeights(float: Model, written: Model): Model {
  const after = constantsOf(written)
  const stored = (v: Value): Value => {
    const q = v.data && v.type.dtype === 'f32' ? storedAs(after, v.name) : undefined
    if (!q?.data || !isSmaller(q) || elementCount(q.type.shape) !== elementCount(v.type.shape)) return v
    return { ...v, data: lazyConst(v.data!.byteLength, () => bytesOf(floatsOf(q))) }
  }
  return {
    ...float,
    graphs: float.graphs.map((g) => ({ ...g, values: new Map(Array.from(g.values, ([id, v]) => [id, stored(v)])) })),
  }
}

function isSmaller({ type: { dtype, quant } }: Value): boolean {
  return dtype === 'f16' || (quant !== undefined && dtype !== 'i32' && dtype !== 'i64')
}

function floatsOf({ type, data }: Value): Float32Array {
  const shape = type.shape as readonly number[]
  return type.dtype === 'f16' ? toFloat32({ dtype: 'f16', shape, bytes: data!.bytes() })! : storedFloats({ type, data: data! })
}
