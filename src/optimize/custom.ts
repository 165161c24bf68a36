import type { Node } from '../ir/types.ts'

/**
 * Source ops without a LiteRT builtin that live in the graph as `custom {customCode=..}` until a formula around them is
 * recognized or they are expanded. f32 to f32, element by element.
 */
export type PassingCustom = 'Erf' | 'Erfc'
const passing: ReadonlySet<unknown> = new Set<PassingCustom>(['Erf', 'Erfc'])

export function isCustom(node: Node | undefined, code: PassingCustom): boolean {
  return node?.op === 'custom' && node.attrs.customCode === code
}

/** A custom op of the user's, of which nothing is known: it may have effects. */
export function isOpaque(node: Node): boolean {
  return node.op === 'custom' && !passing.has(node.attrs.customCode)
}
