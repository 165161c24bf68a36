import { DowncastError, nearest } from '../core/diagnostics.ts'

/** A `keepFloat` pattern that names nothing in the model. */
export function unmatchedPattern(pattern: string, names: Iterable<string>): DowncastError {
  const near = nearest(pattern, names)
  return new DowncastError({
    code: 'quantize/unmatched-pattern',
    message: `The pattern "${pattern}" matches no layer and no tensor of the model.`,
    hint: near ? `The nearest name is "${near}".` : 'List the names with --plan.',
  })
}

/** A mode that is not known. */
export function unknownMode(mode: string, modes: readonly string[]): DowncastError {
  const near = nearest(mode, modes)
  return new DowncastError({
    code: 'quantize/unknown-mode',
    message: `There is no quantization mode "${mode}"; the modes are ${modes.join(', ')}.`,
    hint: near && `Did you mean ${near}?`,
  })
}

/** A weight that is not a number cannot be stored as an integer. */
export function notFinite(tensor: string, layer: string | undefined): DowncastError {
  return new DowncastError({
    code: 'quantize/not-finite',
    message: `The weight "${tensor}"${layer ? ` of "${layer}"` : ''} holds NaN or infinity and cannot be quantized.`,
    hint: 'Repair the training checkpoint, or keep the layer float with --keep-float.',
    tensor,
    node: layer,
  })
}
