import type { InputStats } from '../../src/quantize/types.ts'
import { malformedValue } from '../diagnostics.ts'

/** `128,127.5`, `x=0,255`: mean and standard deviation of stored inputs, by name; the last `=` divides. Throws cli/malformed-value. */
export function parseInputStats(values: readonly string[]): InputStats | undefined {
  if (values.length === 0) return undefined
  const stats = new Map<string, { mean: number; std: number }>()
  for (const value of values) {
    const at = value.lastIndexOf('=')
    const name = value.slice(0, Math.max(at, 0))
    const [mean, std, ...more] = numbersIn(value.slice(at + 1))
    if (at === 0 || mean === undefined || std === undefined || more.length > 0 || !(std > 0) || stats.has(name))
      throw malformedValue('--input-stats', value, 'a mean and a standard deviation above 0, each input once, such as 128,127')
    stats.set(name, { mean, std })
  }
  return Object.fromEntries(stats)
}

/** `-6,6`: the ends of a range that holds 0. Throws cli/malformed-value. */
export function parseDefaultRanges(value: string | undefined): readonly [number, number] | undefined {
  if (value === undefined) return undefined
  const [min, max, ...more] = numbersIn(value)
  if (min === undefined || max === undefined || more.length > 0 || !(min < max) || min > 0 || max < 0)
    throw malformedValue('--default-ranges', value, 'two numbers with 0 between them, the smaller first, such as -6,6')
  return [min, max]
}

const numbersIn = (text: string): (number | undefined)[] =>
  text.split(',').map((t) => (t.trim() !== '' && Number.isFinite(Number(t)) ? Number(t) : undefined))
