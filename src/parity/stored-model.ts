import { constFromBytes } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { toFloat32 } from '../core/nd-array.ts'
import { elementCount } from '../core/shape.ts'
import type { Model, Value } from '../ir/types.ts'
import { storedValues } from '../quantize/stored-error.ts'
import { constantsOf, storedAs } from './stored-weights.ts'

/** The float model with each weight as the written file has it: what becomes of it by its weights alone. */
export function withStoredWeights(float: Model, written: Model): Model {
  const after = constantsOf(written)
  const stored = (v: Value): Value => {
    const q = v.data && v.type.dtype === 'f32' ? storedAs(after, v.name) : undefined
    const values = q?.data && elementCount(q.type.shape) === elementCount(v.type.shape) ? floatsOf(q) : undefined
    return values ? { ...v, data: constFromBytes(bytesOf(values)) } : v
  }
  return {
    ...float,
    graphs: float.graphs.map((g) => ({ ...g, values: new Map(Array.from(g.values, ([id, v]) => [id, stored(v)])) })),
  }
}

function floatsOf({ type, data }: Value): Float32Array | undefined {
  const shape = type.shape as readonly number[]
  if (type.dtype === 'f16') return toFloat32({ dtype: 'f16', shape, bytes: data!.bytes() })
  if (!type.quant || type.dtype === 'i32' || type.dtype === 'i64') return undefined
  const at = storedValues({ type, data: data! })
  return Float32Array.from({ length: elementCount(shape)! }, (_, k) => at(k))
}
