import { constFromBytes } from '../core/bytes.ts'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import type { Lowering } from './registry.ts'

/*
 * Complex numbers. LiteRT makes them by RFFT2D only and reads their parts; so while a graph is lowered a complex value is a pair of f32
 * values, kept as the operands of a node `custom {customCode=Complex}`. No such node is left when all that is read of it are its parts.
 */

export const complexPair = 'Complex'

export interface Parts {
  readonly re: Value
  readonly im: Value
}

export function complexOf(b: OpBuilder, { re, im }: Parts): Value {
  const results = [{ name: b.name, type: { dtype: 'c64' as const, shape: re.type.shape } }]
  return b.graph.addNode({ op: 'custom', attrs: { customCode: complexPair }, inputs: [re, im], results, origin: b.origin }).results[0]!
}

export function partsOf(b: OpBuilder, z: Value): Parts {
  if (z.data) {
    const pairs = typedView('c64', z.data.bytes())
    const part = (offset: number) => {
      const values = Float32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i + offset]!)
      return b.const(z.name, 'f32', z.type.shape, constFromBytes(bytesOf(values)))
    }
    return { re: part(0), im: part(1) }
  }
  const maker = b.graph.producer(z.id)
  if (maker?.op === 'custom' && maker.attrs.customCode === complexPair) {
    const [re, im] = b.graph.operands(maker) as [Value, Value]
    return { re, im }
  }
  return { re: b.op(op.real, [z]), im: b.op(op.imag, [z]) }
}

/** A lowering that moves or adds elements, for complex operands too: done on both parts. */
export function onParts(lowering: Lowering): Lowering {
  return (n, b) => {
    if (!n.operands.some((v) => v.type.dtype === 'c64')) return lowering(n, b)
    const parts = n.operands.map((v) => (v.type.dtype === 'c64' ? partsOf(b, v) : { re: v, im: v }))
    const run = (which: 're' | 'im') => {
      const y = lowering(n.with(parts.map((p) => p[which])), b)
      return Array.isArray(y) ? (y as readonly Value[]) : [y as Value]
    }
    const [re, im] = [run('re'), run('im')]
    return re.map((v, i) => complexOf(b, { re: v, im: im[i]! }))
  }
}
