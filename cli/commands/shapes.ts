import { type DType, dtypes } from '../../src/core/dtype.ts'
import { malformedValue } from '../diagnostics.ts'

const maxRank = 8
const maxSize = 2 ** 31 - 1

/**
 * `x=1,28,28,1` as shapes by input name, `x=[]` for a single number; a size is -1 where it is left open, `-1` or `?`. The last `=` divides.
 * Throws cli/malformed-value.
 */
export function parseShapes(values: readonly string[]): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>()
  for (const value of values) {
    const at = value.lastIndexOf('=')
    const stated = value.slice(at + 1)
    const sizes = stated === '[]' ? [] : stated.split(',')
    const isShape =
      at > 0 &&
      sizes.length <= maxRank &&
      sizes.every((s) => /^(-1|\?|\d+)$/.test(s) && Number(s) !== 0 && Number(s.replace('?', '1')) <= maxSize)
    if (!isShape || shapes.has(value.slice(0, at)))
      throw malformedValue(
        '--shape',
        value,
        'an input name once, = and sizes from 1, or -1 for an open one, such as x=1,28,28,1, or x=[] for a single number',
      )
    shapes.set(
      value.slice(0, at),
      sizes.map((s) => (s === '?' ? -1 : Number(s))),
    )
  }
  return shapes
}

/** A type with an unknown size as `?`. */
interface StatedType {
  readonly dtype: DType
  readonly shape: readonly (number | '?')[]
}

/** `head/top=f32[-1,10]` as types by layer; the last `=` divides. Throws cli/malformed-value. */
export function parseResultTypes(values: readonly string[]): Map<string, StatedType> {
  const types = new Map<string, StatedType>()
  for (const value of values) {
    const [, layer, name, sizes] = /^(.+)=([a-z]+\d*)\[((?:-1|\d+)(?:,(?:-1|\d+))*)?\]$/.exec(value) ?? []
    const dtype = dtypes.find((d) => d === name)
    const shape = sizes === undefined ? [] : sizes.split(',').map(Number)
    if (layer === undefined || dtype === undefined || types.has(layer) || shape.length > maxRank || shape.some((d) => d > maxSize))
      throw malformedValue('--result-type', value, 'a layer once, = and a type, such as head/top=f32[-1,10]')
    types.set(layer, { dtype, shape: shape.map((d) => (d < 0 ? '?' : d)) })
  }
  return types
}
