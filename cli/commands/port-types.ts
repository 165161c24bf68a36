import { type PortType, type PortTypes, portTypes } from '../../src/quantize/types.ts'
import { malformedValue, unknownValue } from '../diagnostics.ts'

/** `int8`, `scores=float32`: types of inputs and outputs, one for all or by name; the last `=` divides. Throws cli/unknown-value, cli/malformed-value. */
export function parsePortTypes(values: readonly string[]): PortTypes | undefined {
  if (values.length === 0) return undefined
  const types = new Map<string, PortType>()
  for (const value of values) {
    const at = value.lastIndexOf('=')
    const [name, word] = [value.slice(0, Math.max(at, 0)), value.slice(at + 1)]
    const type = portTypes.find((t) => t === word)
    if (!type) throw unknownValue('--io', word, portTypes)
    if (at === 0 || types.has(name))
      throw malformedValue('--io', value, 'each name once, and one type for all others, such as scores=float32')
    types.set(name, type)
  }
  return types.size === 1 ? (types.get('') ?? Object.fromEntries(types)) : Object.fromEntries(types)
}
