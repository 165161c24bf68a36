import { malformedValue } from '../diagnostics.ts'

const maxRank = 8
const maxSize = 2 ** 31 - 1

/** `x=1,28,28,1` as shapes by input name; the last `=` divides. Throws cli/malformed-value. */
export function parseShapes(values: readonly string[]): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>()
  for (const value of values) {
    const at = value.lastIndexOf('=')
    const sizes = value.slice(at + 1).split(',')
    const isShape = at > 0 && sizes.length <= maxRank && sizes.every((s) => /^\d+$/.test(s) && Number(s) >= 1 && Number(s) <= maxSize)
    if (!isShape || shapes.has(value.slice(0, at)))
      throw malformedValue('--shape', value, 'an input name once, = and sizes from 1, such as x=1,28,28,1')
    shapes.set(value.slice(0, at), sizes.map(Number))
  }
  return shapes
}
