import { type DiagnosticFields, DowncastError, nearest } from '../../core/diagnostics.ts'
import { formatShape, type Shape } from '../../core/shape.ts'
import { someOf } from '../../core/words.ts'
import { fitShape } from './fit-shape.ts'

const quote = (name: string): string => JSON.stringify(name)
const formats = 'pictures (png, jpg), IDX files (plain or gzipped), .npy, .npz, .tar, .csv or .jsonl'

/** The preprocessing that a file says of itself cannot be followed. */
export function badKeptPreprocess(file: string, reason: string): DiagnosticFields {
  return {
    code: 'run/bad-kept-preprocess',
    message: `The preprocessing that ${quote(file)} holds is left aside: ${reason}.`,
    file,
    hint: 'Say it with --preprocess.',
  }
}

/** Inputs are prepared as the file says. */
export function usesKeptPreprocess(file: string, text: string): DiagnosticFields {
  return {
    code: 'run/uses-kept-preprocess',
    message: `Inputs are prepared as ${quote(file)} says: ${text}.`,
    file,
    hint: 'Say another with --preprocess.',
  }
}

/** Files that are run on the same data and say different things of how it is prepared. */
export function differentKeptPreprocess(file: string, other: string): DiagnosticFields {
  return {
    code: 'run/different-kept-preprocess',
    message: `${quote(other)} holds another preprocessing than ${quote(file)}, which is followed for all.`,
    file: other,
    hint: 'Say the right one with --preprocess.',
  }
}

/** A folder or file without a single sample. */
export function noSamples(data: string): DowncastError {
  return new DowncastError({
    code: 'run/no-samples',
    message: `There are no samples in ${quote(data)}: expected ${formats}.`,
    file: data,
    expected: formats,
    hint: 'Give a folder that holds samples, or one file of them; subfolders name the classes of pictures.',
  })
}

/** A file that is in no format samples are read from. */
export function unknownDataFormat(data: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'run/unknown-data-format',
    message: `${quote(data)} is in no format that samples are read from: expected ${formats}, found ${actual}.`,
    file: data,
    expected: formats,
    actual,
    hint: 'Convert the samples, for example with numpy.savez.',
  })
}

/** A folder that holds several data sets. */
export function ambiguousData(data: string, found: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'run/ambiguous-data',
    message: `${quote(data)} holds several data sets: ${someOf(found)}.`,
    file: data,
    expected: 'one data set',
    actual: someOf(found),
    hint: `Name the file itself, e.g. ${found[0] ?? data}.`,
  })
}

/** A picture that cannot be decoded; `why` are the decoder's words. */
export function unreadablePicture(file: string, why: string, cause?: unknown): DowncastError {
  return new DowncastError(
    {
      code: 'run/unreadable-picture',
      message: `The picture ${quote(file)} cannot be read: ${why}.`,
      file,
      hint: 'Open it in a viewer and save it again as png or jpg, or take it out of the folder.',
    },
    { cause },
  )
}

/** Pictures where no decoder is at hand. */
export function noImageDecoder(file: string): DowncastError {
  return new DowncastError({
    code: 'run/no-image-decoder',
    message: `${quote(file)} is a picture, and no decoder for pictures was given.`,
    file,
    hint: 'Pass `decodeImage` with the data set; in Node it is `decodeImage` of downcast/node.',
  })
}

/** A line of a table, or of JSON lines, that is no sample. `line` counts from 1. */
export function badRecord(file: string, line: number, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'run/bad-record',
    message: `Line ${line} of ${quote(file)} is no sample: expected ${expected}, found ${actual}.`,
    file,
    expected,
    actual,
    hint: 'Every line of a .csv holds the same columns of numbers, every line of a .jsonl an object with an array for each input.',
  })
}

/** Numbers of samples, or of samples and labels, that do not agree. */
export function countMismatch(data: string, what: string, expected: number, actual: number): DowncastError {
  return new DowncastError({
    code: 'run/count-mismatch',
    message: `The ${what} of ${quote(data)} do not match its samples in number: expected ${expected}, found ${actual}.`,
    file: data,
    expected: String(expected),
    actual: String(actual),
    hint: 'Every sample needs exactly one.',
  })
}

/** Labels that are no class numbers. */
export function badLabels(file: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'run/bad-labels',
    message: `The labels in ${quote(file)} are not understood: expected ${expected}, found ${actual}.`,
    file,
    expected,
    actual,
    hint: 'Give one class number per line in the order of the samples, lines of "file,number", an IDX file or a .npy of integers.',
  })
}

/** An array of a data set that no input of the model takes, or an input that gets none. */
export function inputMismatch(data: string, expected: readonly string[], actual: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'run/input-mismatch',
    message: `The arrays of ${quote(data)} are not the inputs of the model: expected ${someOf(expected)}, found ${someOf(actual)}.`,
    file: data,
    expected: someOf(expected),
    actual: someOf(actual),
    hint: 'Save a .npz with one array for each input, under its name, samples along the first axis.',
  })
}

/** A sample whose shape the model's input does not take. */
export function sampleShape(sample: string, input: string, expected: Shape, actual: readonly number[], isPicture: boolean): DowncastError {
  return new DowncastError({
    code: 'run/sample-shape',
    message: `The sample ${quote(sample)} does not fit the input ${quote(input)}: expected ${formatShape(expected)}, found ${formatShape(actual)}.`,
    file: sample,
    tensor: input,
    expected: formatShape(expected),
    actual: formatShape(actual),
    hint: isPicture
      ? 'Pictures are scaled only when told so: --preprocess size=HEIGHTxWIDTH; color=gray|rgb sets their channels.'
      : (otherLayout(expected, actual) ?? 'Sizes of 1 are added and dropped; anything else is to be reshaped before.'),
  })
}

/** What to do where only the axis of the channels is at the other end; undefined where that does not help. */
function otherLayout(expected: Shape, actual: readonly number[]): string | undefined {
  const { length } = actual
  if (length < 3) return undefined
  const batch = actual.slice(0, length - 3)
  const [a, b, c] = actual.slice(length - 3) as [number, number, number]
  if (fitShape([...batch, b, c, a], expected)) return 'Its channels come first, and the input has them last (NHWC): transpose the samples.'
  if (fitShape([...batch, c, a, b], expected)) return 'Its channels come last, and the input has them first (NCHW): transpose the samples.'
  return undefined
}

/** A picture that is smaller than what is to be cut out of it. */
export function pictureTooSmall(
  sample: string,
  crop: { readonly height: number; readonly width: number },
  actual: readonly [height: number, width: number],
): DowncastError {
  const [expected, found] = [`${crop.height}x${crop.width}`, actual.join('x')]
  return new DowncastError({
    code: 'run/picture-too-small',
    message: `The picture ${quote(sample)} is smaller than the crop: expected at least ${expected}, found ${found}.`,
    file: sample,
    expected: `at least ${expected}`,
    actual: found,
    hint: 'Scale the pictures first: size=HEIGHTxWIDTH beside crop=HEIGHTxWIDTH.',
  })
}

/** A sample whose values the type of the model's input cannot hold. */
export function sampleValues(sample: string, input: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'run/sample-values',
    message: `The sample ${quote(sample)} has values that the input ${quote(input)} does not take: expected ${expected}, found ${actual}.`,
    file: sample,
    tensor: input,
    expected,
    actual,
  })
}

/** An unknown key of `--preprocess`. */
export function unknownPreprocessKey(key: string, known: readonly string[]): DowncastError {
  const near = nearest(key, known)
  return new DowncastError({
    code: 'run/unknown-preprocess-key',
    message: `Preprocessing has no key ${quote(key)}; it has ${someOf(known)}.`,
    expected: someOf(known),
    actual: key,
    hint: near === undefined ? 'Write for example --preprocess mean=0,std=255.' : `Did you mean ${quote(near)}?`,
  })
}

/** Preprocessing for an input that the model does not have. */
export function unknownPreprocessInput(name: string, inputs: readonly string[]): DowncastError {
  const near = nearest(name, inputs)
  return new DowncastError({
    code: 'run/unknown-preprocess-input',
    message: `Preprocessing is stated for an input ${quote(name)}, and the model has ${someOf(inputs)}.`,
    expected: someOf(inputs),
    actual: name,
    hint: near === undefined ? 'Write INPUT:mean=0,std=255 with the name of an input.' : `Did you mean ${quote(near)}?`,
  })
}

/** A value of `--preprocess` that its key does not take. */
export function badPreprocessValue(key: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'run/bad-preprocess-value',
    message: `Preprocessing does not take ${key}=${actual}: expected ${expected}.`,
    expected,
    actual,
    hint: 'Write for example --preprocess mean=0,std=255.',
  })
}
