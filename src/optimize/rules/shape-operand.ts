import type { Shape } from '../../core/shape.ts'

/**
 * The `shape` operand that makes an operand of shape `from` into `to` whatever the symbolic sizes are: at most one
 * size may be unknown, it is written -1. undefined when more are, or when a size of 0 would make -1 ambiguous.
 */
export function shapeOperand(to: Shape): number[] | undefined {
  const unknown = to.filter((d) => typeof d === 'string').length
  if (unknown > 1 || (unknown === 1 && to.includes(0))) return undefined
  return to.map((d) => (typeof d === 'number' ? d : -1))
}
