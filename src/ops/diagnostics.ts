import { DowncastError } from '../core/diagnostics.ts'
import { formatShape } from '../core/shape.ts'
import type { Origin, TensorType } from '../ir/types.ts'

/** `f32[N,28,28,1]` */
export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`
}

/** The layer a node came from, for messages. */
export function layerOf(origin: Origin): string | undefined {
  return origin.source[0]
}

/** Operands that an op cannot take: wrong count, dtype or shape. */
export function badOperands(op: string, origin: Origin, types: readonly (TensorType | null)[], reason: string): DowncastError {
  const layer = layerOf(origin)
  const found = types.map((t) => (t ? formatType(t) : 'none')).join(', ')
  return new DowncastError({
    code: 'lower/bad-operands',
    message: `${op}${layer ? ` "${layer}"` : ''} cannot take these operands: ${reason} (found ${found}).`,
    op,
    node: layer,
    actual: found,
  })
}

/** A size or index that a file cannot hold. */
export function beyond32Bits(origin: Origin, value: number): DowncastError {
  const layer = layerOf(origin)
  return new DowncastError({
    code: 'lower/beyond-32-bits',
    message: `${layer ? `"${layer}"` : 'The model'} needs the size or index ${value}, and LiteRT holds whole numbers of 32 bits there.`,
    hint: 'Give the layer a smaller size, or save the model again if it is damaged.',
    node: layer,
    actual: `${value}`,
  })
}
