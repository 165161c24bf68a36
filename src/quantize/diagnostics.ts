import { type DiagnosticFields, DowncastError, nearest, toDiagnostic } from '../core/diagnostics.ts'

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

/** A static mode without a range for any activation. */
export function noRanges(mode: string): DowncastError {
  return new DowncastError({
    code: 'quantize/no-ranges',
    message: `The mode ${mode} stores activations as integers and needs their ranges, and the model states none.`,
    expected: 'the ranges of activations',
    hint: 'Give samples or an earlier calibration with --calibration.',
  })
}

/** An op that stays float where others compute in integers. */
export interface FloatOp {
  readonly op: string
  readonly layer: string | undefined
  readonly tensor: string
  readonly reason: string
}

const named = ({ op, layer, tensor }: FloatOp): string => `${op.toUpperCase()} ${JSON.stringify(layer ?? tensor)}`

/** An op that stays float, with what going over to float and back costs. */
export function staysFloat(floatOp: FloatOp, conversions: number, elements: number): DiagnosticFields {
  const cost =
    conversions === 0 ? '' : ` Values go over ${conversions} ${conversions === 1 ? 'time' : 'times'}, ${elements} of them for one sample.`
  return {
    code: 'quantize/stays-float',
    message: `${named(floatOp)} stays float: ${floatOp.reason}.${cost}`,
    op: floatOp.op,
    node: floatOp.layer,
    tensor: floatOp.tensor,
  }
}

/** Ops that cannot be integer where everything must be. */
export function notInteger(ops: readonly FloatOp[]): DowncastError {
  const problems = ops.map(
    (o): DiagnosticFields => ({
      code: 'quantize/not-integer',
      message: `${named(o)} cannot be integer: ${o.reason}.`,
      op: o.op,
      node: o.layer,
      tensor: o.tensor,
      hint: 'Let such ops stay float with --quantize int8, or take them out of the model with --outputs.',
    }),
  )
  const [first] = problems as [DiagnosticFields]
  const message =
    problems.length === 1 ? first.message : `${problems.length} ops cannot be integer. ${problems.map((p) => p.message).join(' ')}`
  return new DowncastError({ ...first, message }, { diagnostics: problems.map((p) => toDiagnostic(p, 'error')) })
}

/** `--io` with a name that is no input and no output. */
export function unknownPort(name: string, names: Iterable<string>): DowncastError {
  const near = nearest(name, names)
  return new DowncastError({
    code: 'quantize/unknown-port',
    message: `The model has no input and no output ${JSON.stringify(name)}; it has ${[...names].map((n) => JSON.stringify(n)).join(', ')}.`,
    expected: [...names].join(', '),
    actual: name,
    hint: near && `Did you mean ${near}?`,
  })
}

/** `--io` for an input or output that is not float in the first place. */
export function portNotFloat(name: string, type: string, dtype: string): DowncastError {
  return new DowncastError({
    code: 'quantize/port-not-float',
    message: `${JSON.stringify(name)} cannot be ${type}: it is ${dtype} in the model, and only float values are stored as other numbers.`,
    expected: 'a float input or output',
    actual: dtype,
    hint: `Leave ${name} out of --io.`,
  })
}

/** `--io` with a type that the activations do not have. */
export function unfitPortType(name: string, type: string, activations: string): DowncastError {
  const fit = activations === 'i16' ? 'float32 or int16' : 'float32, int8 or uint8'
  return new DowncastError({
    code: 'quantize/unfit-port-type',
    message: `${JSON.stringify(name)} cannot be ${type}: the activations of this mode are ${activations}, so it can be ${fit}.`,
    expected: fit,
    actual: type,
    hint: `Give --io ${name}=TYPE with one of these.`,
  })
}

/** An integer input or output whose range is not known. */
export function portWithoutRange(tensor: string): DowncastError {
  return new DowncastError({
    code: 'quantize/port-without-range',
    message: `No range is known for ${JSON.stringify(tensor)}, so it cannot be stored as integers.`,
    tensor,
    hint: 'Calibrate with samples that reach it, or leave it float with --io.',
  })
}

/** `--io` in a mode whose inputs and outputs are float. */
export function ioNeedsStaticMode(mode: string): DowncastError {
  return new DowncastError({
    code: 'quantize/io-needs-static-mode',
    message: `The mode ${mode} leaves inputs and outputs as they are; --io works in int8, int8-only and int16x8.`,
    expected: 'int8, int8-only or int16x8',
    actual: mode,
    hint: 'Choose one of these modes, or leave --io out.',
  })
}

/** A mode that leaves activations float, on a model that was trained on grids of them. */
export function usesTrainedGrids(mode: string): DiagnosticFields {
  return {
    code: 'quantize/uses-trained-grids',
    message: `The model was trained with quantization: where it states grids, activations are int8 on these; ${mode} is for the rest.`,
  }
}

/** An option that the chosen mode does nothing with. */
export function unfitOption(option: string, mode: string, where: string): DowncastError {
  return new DowncastError({
    code: 'quantize/unfit-option',
    message: `${option} has no effect in the mode ${mode}; it works in ${where}.`,
    expected: where,
    actual: mode,
    hint: `Leave ${option} out, or choose another mode.`,
  })
}
