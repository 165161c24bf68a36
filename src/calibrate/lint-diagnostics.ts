import type { DiagnosticFields } from '../core/diagnostics.ts'
import { someOf } from '../core/words.ts'

const quote = (name: string): string => JSON.stringify(name)
const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`
const span = ([min, max]: readonly [number, number]): string => `${Number(min.toPrecision(4))} to ${Number(max.toPrecision(4))}`

/** Names that a message lists; all are counted. */
export const shownNames = 5

const list = (names: readonly string[]): string => someOf(names, shownNames)

/** All samples are one: what a generator that begins anew at each call gives. */
export function oneSample(data: string, count: number, name: string): DiagnosticFields {
  return {
    code: 'calibrate/one-sample-repeated',
    message: `All ${count} samples of ${quote(data)} are the same one, ${quote(name)}: expected different samples.`,
    file: data,
    expected: 'different samples',
    hint: 'A generator that begins anew at each call gives its first element again and again; look at what made the data.',
  }
}

export function repeatedSamples(
  data: string,
  count: number,
  samples: number,
  examples: readonly { readonly name: string; readonly as: string }[],
): DiagnosticFields {
  const shown = examples.map(({ name, as }) => `${quote(name)} is ${quote(as)}`).join(', ')
  return {
    code: 'calibrate/repeated-samples',
    message: `${count} of ${samples} samples of ${quote(data)} were there before: ${shown}${count > examples.length ? ', ...' : ''}.`,
    file: data,
    hint: 'They add nothing to the ranges; other samples would.',
  }
}

export function skippedSamples(data: string, count: number, first: string): DiagnosticFields {
  return {
    code: 'calibrate/skipped-samples',
    message: `${count} ${count === 1 ? 'sample' : 'samples'} of ${quote(data)} ${count === 1 ? 'was' : 'were'} skipped. The first: ${first}`,
    file: data,
    hint: 'The calibration names all of them.',
  }
}

export function tooFewSamples(data: string, samples: number, expected: number): DiagnosticFields {
  return {
    code: 'calibrate/few-samples',
    message: `${quote(data)} has ${samples} ${samples === 1 ? 'sample' : 'samples'}: expected at least ${expected}, to tell whether the ranges have settled.`,
    file: data,
    expected: `at least ${expected}`,
    actual: String(samples),
    hint: 'A hundred or a few hundred that show what the model will meet are usual.',
  }
}

export function rangesStillGrow(
  samples: number,
  mean: number,
  worst: { readonly tensor: string; readonly share: number },
): DiagnosticFields {
  return {
    code: 'calibrate/ranges-still-grow',
    message: `The ranges have not settled: the last ${samples} samples widened them by ${percent(mean)} on average, that of ${quote(worst.tensor)} by ${percent(worst.share)}.`,
    tensor: worst.tensor,
    hint: 'Use more samples, or an estimator that leaves outliers out (percentile, mse).',
  }
}

export function constantInput(input: string, value: number, data: string): DiagnosticFields {
  return {
    code: 'calibrate/constant-input',
    message: `The input ${quote(input)} is ${value} everywhere, in every sample of ${quote(data)}.`,
    file: data,
    tensor: input,
    actual: String(value),
    hint: 'Look at the samples and at --preprocess.',
  }
}

export function rangeContradiction(
  input: string,
  expected: readonly [number, number],
  by: string,
  actual: readonly [number, number],
): DiagnosticFields {
  return {
    code: 'calibrate/range-contradiction',
    message: `The samples contradict the model: its input ${quote(input)} takes values from ${span(expected)}, by ${by}, and was given ${span(actual)}.`,
    tensor: input,
    expected: span(expected),
    actual: span(actual),
    hint: 'What the model does itself is not to be done in --preprocess as well, and the other way round.',
  }
}

export function unscaledPictures(input: string, actual: readonly [number, number]): DiagnosticFields {
  return {
    code: 'calibrate/unscaled-pictures',
    message: `The input ${quote(input)} was given pictures as they are stored, ${span(actual)}, and the model does not scale them first.`,
    tensor: input,
    actual: span(actual),
    hint: 'Give the preprocessing of training, for example --preprocess mean=0,std=255 or mean=127.5,std=127.5.',
  }
}

export function channelOrder(input: string, mean: readonly number[], expected: string, actual: string): DiagnosticFields {
  return {
    code: 'calibrate/channel-order',
    message: `The means ${mean.join(', ')} for the input ${quote(input)} are ImageNet's in the order ${expected}, and the channels are in the order ${actual}.`,
    tensor: input,
    expected,
    actual,
    hint: `Write the means the other way round, or add color=${expected} to --preprocess.`,
  }
}

export function notFiniteActivations(tensors: readonly string[], nan: number, infinite: number, sample: string): DiagnosticFields {
  return {
    code: 'calibrate/not-finite-activations',
    message: `${tensors.length} activations are not finite: ${list(tensors)}; the first holds ${nan} NaN and ${infinite} infinities, first in the sample ${quote(sample)}.`,
    tensor: tensors[0],
    hint: 'The model overflows or divides by zero there; nothing can be quantized that is not finite.',
  }
}

export function unseenActivations(tensors: readonly string[], signatures: readonly string[]): DiagnosticFields {
  return {
    code: 'calibrate/unseen-activations',
    message: `${tensors.length} activations were never computed: ${list(tensors)}. The signatures that ran: ${list(signatures)}.`,
    tensor: tensors[0],
    hint: 'Give samples that reach these branches, or arrays named SIGNATURE.INPUT for the other signatures.',
  }
}

/** Masks that something else than a softmax reads too. */
export function drownedActivation(tensor: string, range: readonly [number, number], readers: readonly string[]): DiagnosticFields {
  const keep = [...new Set([tensor, ...readers])].map((name) => `--keep-float ${quote(name)}`)
  return {
    code: 'calibrate/drowned-activation',
    message: `The values of ${quote(tensor)}, ${span(range)}, are masks or within one step of 0 beside these: no integer mode can tell them apart.`,
    tensor,
    actual: span(range),
    hint: `Masks are left out only of what a softmax alone reads. Keep this float: ${keep.join(' ')}; or mask with a select and a smaller number.`,
  }
}

export function deadActivations(tensors: readonly string[]): DiagnosticFields {
  return {
    code: 'calibrate/dead-activations',
    message: `${tensors.length} activations are 0 in every sample: ${list(tensors)}.`,
    tensor: tensors[0],
    hint: 'Either the model has parts that do nothing, or the samples are not what it was trained on.',
  }
}
