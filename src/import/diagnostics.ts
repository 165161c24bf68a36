import { DowncastError } from '../core/diagnostics.ts'
import { didYouMean, someOf } from '../core/words.ts'

export function pathOutsideFolder(folder: string, path: string): DowncastError {
  return new DowncastError({
    code: 'import/path-outside-folder',
    message: `A file of ${JSON.stringify(folder)} names ${JSON.stringify(path)}, which is not below the folder.`,
    file: folder,
    path,
    hint: 'Models that reach outside their folder are refused; save the model again.',
  })
}

export function unknownSignature(file: string, wanted: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/unknown-signature',
    message: `${JSON.stringify(file)} has no signature ${JSON.stringify(wanted)}: it has ${someOf(found)}.${didYouMean(wanted, found)}`,
    file,
    expected: wanted,
    actual: someOf(found),
    hint: found.length === 0 ? undefined : 'Choose one of these with --signature.',
  })
}

/** `--inputs` or `--outputs` for a Keras model other than those it has. */
export function cutKeras(file: string, option: string, wanted: readonly string[], found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/cut-keras',
    message: `${JSON.stringify(file)} is a Keras model, which is converted whole: ${option} can be ${someOf(found)} only, not ${someOf(wanted)}.`,
    file,
    expected: someOf(found),
    actual: someOf(wanted),
    hint: `Leave ${option} out, or save the part that is wanted as a model of its own.`,
  })
}

/** A file of a format that is no trained model, or one that is not read yet; `hint` says what to give instead. */
export function unsupportedFormat(file: string, what: string, hint: string): DowncastError {
  return new DowncastError({
    code: 'import/unsupported-format',
    message: `${JSON.stringify(file)} is ${what}, which is not converted; expected a SavedModel folder, a frozen GraphDef (.pb, .pbtxt), a checkpoint's .meta, a Keras .h5 or .keras file, or a TensorFlow.js model.json.`,
    file,
    actual: what,
    hint,
  })
}

/** A shape stated for an input that no signature has. */
export function unknownInput(file: string, wanted: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'import/unknown-input',
    message: `${JSON.stringify(file)} has no input ${JSON.stringify(wanted)}; it has ${someOf(found)}.${didYouMean(wanted, found)}`,
    file,
    tensor: wanted,
    expected: someOf(found),
    actual: wanted,
  })
}

/** A shape stated for an input that contradicts the model's own. */
export function conflictingShape(file: string, input: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'import/conflicting-shape',
    message: `The shape for the input ${JSON.stringify(input)} of ${JSON.stringify(file)} contradicts the model: expected ${expected}, found ${actual}.`,
    file,
    tensor: input,
    expected,
    actual,
    hint: 'Only sizes that the model leaves open (letters) can be chosen.',
  })
}

/** Models of layers have no placeholders that could be constants. */
export function constantInLayers(file: string): DowncastError {
  return new DowncastError({
    code: 'import/constant-in-layers',
    message: `${JSON.stringify(file)} is no graph of TensorFlow, and --constant is for those.`,
    file,
    hint: 'Leave --constant out, or save the model with the value as a SavedModel.',
  })
}
