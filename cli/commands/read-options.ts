import type { ReadOptions } from '../../src/import/read-model.ts'
import { malformedValue } from '../diagnostics.ts'
import { parseShapes } from './shapes.ts'

/** Options that say which part of a model is meant, and in which shape. */
export interface ModelOptions extends Pick<ReadOptions, 'tags' | 'inputs' | 'outputs'> {
  readonly signature?: readonly string[] | undefined
  readonly shape: readonly string[]
  readonly constant: readonly string[]
}

/** Throws cli/malformed-value. */
export function readOptions({ signature, tags, inputs, outputs, shape, constant }: ModelOptions): ReadOptions {
  return { signature, tags, inputs, outputs, shapes: parseShapes(shape), constants: parseConstants(constant) }
}

/** `is_training=false` as values by input name: true, false or a number; the last `=` divides. Throws cli/malformed-value. */
function parseConstants(values: readonly string[]): Map<string, number | boolean> {
  const constants = new Map<string, number | boolean>()
  for (const text of values) {
    const at = text.lastIndexOf('=')
    const [name, value] = [text.slice(0, at), text.slice(at + 1)]
    const isValue = /^(true|false)$/.test(value) || (value.trim() !== '' && Number.isFinite(Number(value)))
    if (at <= 0 || !isValue || constants.has(name))
      throw malformedValue('--constant', text, 'an input name once, = and true, false or a number, such as is_training=false')
    constants.set(name, /^[tf]/.test(value) ? value === 'true' : Number(value))
  }
  return constants
}
