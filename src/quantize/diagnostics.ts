import { type DiagnosticFields, DowncastError, joined, nearest } from '../core/diagnostics.ts'
import { someOf } from '../core/words.ts'
import type { Unrecovered } from './weights/recover.ts'

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

/** Weights that were to be integers times a scale already, and are not. */
export function notRecovered(tensor: string, layer: string | undefined, bits: number, found: Unrecovered): DiagnosticFields {
  const { maxAbs, distinct, limit } = found
  const why =
    distinct > limit
      ? `up to ${distinct} different values share a scale, and ${bits} bits tell ${limit} apart`
      : 'they are not as far apart as neighbouring integers, times one scale, around 0'
  return {
    code: 'quantize/not-recovered',
    message: `The elements of the weight "${tensor}"${layer ? ` of "${layer}"` : ''} are no ${bits}-bit integers times a scale: ${why}; the nearest are off by up to ${maxAbs.toPrecision(3)}.`,
    expected: 'elements within 0.0001 of an integer times a scale',
    actual: `off by up to ${maxAbs.toPrecision(3)}`,
    tensor,
    node: layer,
    hint: 'Choose the bits and the groups that it was quantized with, another algorithm for it, or keep the layer float with --keep-float.',
  }
}

/** Weights whose integers or scales depend on samples, and there are none. */
export function needsSamples(algorithm: string, tensor: string, layer: string | undefined): DowncastError {
  return new DowncastError({
    code: 'quantize/needs-samples',
    message: `${algorithm} stores the weight "${tensor}"${layer ? ` of "${layer}"` : ''} by what samples make of its layer's input, and there are no samples.`,
    expected: 'samples',
    tensor,
    node: layer,
    hint: 'Give samples with --calibration, or choose min-max, mse or octav.',
  })
}

/** Biases to correct, and no means of what the ops read. */
export function needsMeans(): DowncastError {
  return new DowncastError({
    code: 'quantize/needs-means',
    message: 'The correction of biases needs the means of what ops read, over samples, and there are none.',
    expected: 'means over samples',
    hint: 'Give samples, or what downcast calibrate made of them, with --calibration.',
  })
}

/** Weights for which the algorithm that was asked for cannot be; `why` says what they have instead. */
export function otherAlgorithm(tensors: readonly string[], why: string): DiagnosticFields {
  const [first] = tensors as [string]
  const which = tensors.length === 1 ? JSON.stringify(first) : `${tensors.length} weights (the first is ${JSON.stringify(first)})`
  return {
    code: 'quantize/other-algorithm',
    message: `${which}: ${why}.`,
    tensor: first,
    hint: '--plan tells it weight by weight.',
  }
}

/** Layers that need a custom op which only some runtimes have. */
export function needsCustomKernel(op: string, layers: readonly string[]): DiagnosticFields {
  const which = layers.length === 1 ? `${JSON.stringify(layers[0])} needs` : `${layers.length} layers need`
  return {
    code: 'quantize/needs-custom-kernel',
    message: `${which} the custom op ${op}: LiteRT's interpreter has a kernel (ai-edge-litert 2.3, TensorFlow 2.21), LiteRT.js has none.`,
    op,
    hint: 'The algorithm DECOMPOSED_HADAMARD_ROTATION does the same with ops that every runtime has.',
  }
}

/** A static mode, or a recipe (`what`, with its name), without a range for any activation. */
export function noRanges(what: string): DowncastError {
  return new DowncastError({
    code: 'quantize/no-ranges',
    message: `The ${what} stores activations as integers and needs their ranges, and the model states none.`,
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
  return joined(problems, problems.length === 1 ? '' : `${problems.length} ops cannot be integer. `)
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

/** `--input-stats` for an input that is not float in the first place. */
export function statsNotFloat(name: string, dtype: string): DowncastError {
  return new DowncastError({
    code: 'quantize/stats-not-float',
    message: `${JSON.stringify(name)} cannot have a mean and a standard deviation: it is ${dtype} in the model, and only float values are stored as other numbers.`,
    expected: 'a float input',
    actual: dtype,
    hint: `Leave ${name} out of --input-stats.`,
  })
}

/** `--input-stats` without a name where several inputs are float. */
export function ambiguousStats(names: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'quantize/ambiguous-stats',
    message: `The mean and standard deviation do not say for which input they are: ${names.map((n) => JSON.stringify(n)).join(', ')}.`,
    hint: `Give --input-stats ${names[0]}=MEAN,STD for each.`,
  })
}

/** Activations whose ranges are made up. */
export function notForAccuracy([min, max]: readonly [number, number], tensors: readonly string[]): DiagnosticFields {
  return {
    code: 'quantize/not-for-accuracy',
    message: `NOT FOR ACCURACY: ${tensors.length} activations have the default range ${min} to ${max}, which nothing was measured for: ${someOf(tensors, 3)}.`,
    hint: 'Such a model is for trying the speed. Give samples with --calibration for one to use.',
  }
}

/** `--io` with a type that the activations do not have. */
export function unfitPortType(name: string, type: string, activations: string): DowncastError {
  const fit = { i16: 'float32 or int16', u8: 'float32 or uint8' }[activations] ?? 'float32, int8 or uint8'
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

/** What a softmax takes for nothing is in no range. */
export function masksLeftOut(tensors: readonly string[]): DiagnosticFields {
  const one = tensors.length === 1
  return {
    code: 'quantize/masks-left-out',
    message: `Masks were left out of the ${one ? 'range' : 'ranges'} of ${tensors.length} ${one ? 'activation' : 'activations'} that a softmax reads: ${tensors
      .slice(0, 5)
      .map((t) => JSON.stringify(t))
      .join(', ')}${tensors.length > 5 ? ', ...' : ''}.`,
    tensor: tensors[0],
  }
}

/** Masks that come from where nothing can make them smaller, so that steps are as wide as they need. */
export function uncutMasks(tensor: string, layer: string | undefined): DiagnosticFields {
  return {
    code: 'quantize/uncut-masks',
    message: `The masks in "${tensor}"${layer ? ` of "${layer}"` : ''} cannot be made smaller: no step between them and 0 is left for what they are added to.`,
    tensor,
    node: layer,
    hint: `Keep what makes them float, with --keep-float "${layer ?? tensor}", or make them by a product with one constant, or by a select.`,
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

/** A recipe that is no JSON. */
export function recipeNotJson(recipe: string, cause: unknown): DowncastError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new DowncastError({
    code: 'quantize/recipe-not-json',
    message: `The recipe ${JSON.stringify(recipe)} is no JSON: ${why}.`,
    hint: 'A recipe is a list of rules; `downcast recipes` names ready ones.',
  })
}

/** A recipe that holds several lists of rules, or none. */
export function recipeParts(recipe: string, parts: readonly string[]): DowncastError {
  const found = parts.length === 0 ? 'no list of rules' : `lists of rules for ${parts.map((p) => JSON.stringify(p)).join(', ')}`
  return new DowncastError({
    code: 'quantize/recipe-parts',
    message: `The recipe ${JSON.stringify(recipe)} holds ${found}; one list of rules is needed.`,
    expected: 'a list of rules',
    actual: found,
    hint: parts.length === 0 ? 'Write [ { "operation": "*", ... } ].' : `Put the list for this model into a file of its own.`,
  })
}

/** A name that is no published recipe and no file. */
export function unknownRecipe(name: string, names: readonly string[]): DowncastError {
  const near = nearest(name, names)
  return new DowncastError({
    code: 'quantize/unknown-recipe',
    message: `There is no recipe ${JSON.stringify(name)} and no file of this name.`,
    hint: near
      ? `Did you mean ${near}?`
      : `There are ${names.length} recipes, such as ${names[0]}; downcast recipes MODEL lists them with what each makes of a model.`,
  })
}

/** A word in a recipe that stands for nothing. */
export function unknownRecipeKey(recipe: string, path: string, key: string, known: readonly string[]): DiagnosticFields {
  const near = nearest(key, known)
  return {
    code: 'quantize/unknown-recipe-key',
    message: `The recipe ${JSON.stringify(recipe)} says ${JSON.stringify(key)} at ${path}, which means nothing there.${near ? ` Did you mean ${JSON.stringify(near)}?` : ''}`,
    expected: known.length > 20 ? undefined : known.join(', '),
    actual: key,
    hint: near ? `Write ${JSON.stringify(near)}.` : 'Take it out.',
  }
}

/** A value in a recipe that cannot be. */
export function recipeValue(recipe: string, path: string, what: string): DiagnosticFields {
  return {
    code: 'quantize/recipe-value',
    message: `The recipe ${JSON.stringify(recipe)} cannot be followed at ${path}: ${what}.`,
    hint: 'Change the rule, or take it out.',
  }
}

/** An algorithm that is not there. */
export function unsupportedAlgorithm(recipe: string, path: string, key: string, able: readonly string[]): DiagnosticFields {
  const near = nearest(key, able)
  return {
    code: 'quantize/unsupported-algorithm',
    message: `The recipe ${JSON.stringify(recipe)} asks for the algorithm ${JSON.stringify(key)} at ${path}; there are ${able.join(', ')}.`,
    expected: able.join(', '),
    actual: key,
    hint: near ? `Did you mean ${near}?` : 'Choose one of these.',
  }
}

/** Rules that fit no op of the model. */
export function unmatchedRule(recipe: string, rules: readonly { readonly path: string; readonly what: string }[]): DowncastError {
  const problems = rules.map(
    ({ path, what }): DiagnosticFields => ({
      code: 'quantize/unmatched-rule',
      message: `Rule ${path} of the recipe ${JSON.stringify(recipe)} fits no op of the model (${what}).`,
      hint: 'List ops, layers and tensors with --plan or downcast inspect, and change the rule or take it out.',
    }),
  )
  return joined(problems)
}

/** A rule that fits ops and holds for none. */
export function idleRule(recipe: string, path: string, reason: string): DiagnosticFields {
  return {
    code: 'quantize/idle-rule',
    message: `Rule ${path} of the recipe ${JSON.stringify(recipe)} changes nothing: ${reason}.`,
  }
}

type Refused = readonly { readonly layer: string; readonly reason: string }[]

/** Some of the reasons why nothing was done. */
function whyNothing(reasons: Refused): string {
  const shown = reasons.slice(0, 3).map((r) => `${JSON.stringify(r.layer)}: ${r.reason}`)
  const more = reasons.length > shown.length ? ` and ${reasons.length - shown.length} more` : ''
  return shown.length === 0 ? 'no op has constant float weights' : `${shown.join('; ')}${more}`
}

/** Equalization that found nothing to do. */
export function nothingEqualized(reasons: Refused): DiagnosticFields {
  return {
    code: 'quantize/nothing-equalized',
    message: `No weights were equalized: ${whyNothing(reasons)}.`,
    hint: 'Leave --equalize out.',
  }
}

/** A correction of biases that found nothing to do. */
export function nothingCorrected(reasons: Refused): DiagnosticFields {
  return {
    code: 'quantize/nothing-corrected',
    message: `No biases were corrected: ${whyNothing(reasons)}.`,
    hint: 'Leave --bias-correction out.',
  }
}
