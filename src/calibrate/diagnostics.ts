import { type DiagnosticFields, DowncastError } from '../core/diagnostics.ts'

const quote = (name: string): string => JSON.stringify(name)

/** A model that neither LiteRT.js nor the reference kernels run. `why` says why LiteRT.js does not, `reason` what the kernels lack. */
export function notComputable(model: string, why: string, reason: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/not-computable',
    message: `${quote(model)} cannot be calibrated: LiteRT.js does not serve (${why.replace(/\.$/, '')}), and downcast's own kernels do not compute it: ${reason}.`,
    file: model,
    hint: 'Cut the model before that op with --outputs, or state ranges in the model with fake quantization.',
  })
}

/** A model without a single float tensor. */
export function nothingToCalibrate(model: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/nothing-to-calibrate',
    message: `${quote(model)} computes no float32 tensor, so that there are no ranges to find.`,
    file: model,
    hint: 'Calibrate the float model that this one was made from.',
  })
}

/** A sample with a value that is no finite number; `value` is the first one. */
export function notFiniteSample(sample: string, input: string, value: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/not-finite-sample',
    message: `The sample ${quote(sample)} holds ${value} for the input ${quote(input)}: expected finite numbers.`,
    file: sample,
    tensor: input,
    expected: 'finite numbers',
    actual: value,
    hint: 'Repair it, take it out, or go on without such samples with --skip-bad. A std of 0 in preprocessing makes them too.',
  })
}

/** Nothing is left after samples were skipped; `first` is why the first of them was. */
export function noGoodSamples(data: string, skipped: number, first: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/no-good-samples',
    message: `All ${skipped} samples of ${quote(data)} were skipped, so that nothing was calibrated. The first: ${first}`,
    file: data,
    hint: 'Run without --skip-bad to see the whole problem.',
  })
}

/** A calibration file that is none; `path` says where it fails. */
export function malformedCalibration(file: string, path: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/malformed-calibration',
    message: `${quote(file)} is not a calibration${path === '' ? '' : `, at ${path}`}: expected ${expected}, found ${actual}.`,
    file,
    path,
    expected,
    actual,
    hint: 'Make it anew with downcast calibrate.',
  })
}

/** A calibration where samples are needed: it holds ranges and distributions. */
export function noSamplesInside(file: string, algorithm: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/no-samples-inside',
    message: `${quote(file)} holds ranges of activations, and ${algorithm} needs the samples themselves.`,
    file,
    expected: 'samples',
    hint: 'Give with --calibration the data that it was made of.',
  })
}

/** A calibration of an earlier version of downcast where means of channels are needed. */
export function noMeansInside(file: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/no-means-inside',
    message: `${quote(file)} holds no means of channels, which the correction of biases needs: an earlier version of downcast made it.`,
    file,
    expected: 'means of channels',
    hint: 'Make it anew with downcast calibrate, or give with --calibration the data that it was made of.',
  })
}

/** A calibration that was made of another model. */
export function otherModel(file: string, calibrated: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/other-model',
    message: `${quote(file)} was made of another model (${quote(calibrated)}): its float model has SHA-256 ${actual.slice(0, 12)}…, this one ${expected.slice(0, 12)}….`,
    file,
    expected,
    actual,
    hint: 'Calibrate this model; options that change its graph (signatures, inputs, outputs, shapes) and the version of downcast must be the same.',
  })
}

/** An estimator that is not known. */
export function unknownEstimator(name: string, known: readonly string[], near: string | undefined): DowncastError {
  return new DowncastError({
    code: 'calibrate/unknown-estimator',
    message: `There is no estimator of ranges ${quote(name)}; there are ${known.join(', ')}.`,
    expected: known.join(', '),
    actual: name,
    hint: near && `Did you mean ${near}?`,
  })
}

/** A percentile beyond what there is. */
export function badPercentile(text: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/bad-percentile',
    message: `${quote(text)} is no percentile: expected a number above 0 and at most 100.`,
    expected: 'a number above 0 and at most 100',
    actual: text,
    hint: 'Write for example percentile:99.99.',
  })
}

/** What was saved of an interrupted calibration does not belong to this one; `why` completes "... is not continued: ". */
export function partialIgnored(file: string, why: string): DiagnosticFields {
  return {
    code: 'calibrate/partial-ignored',
    message: `The interrupted calibration in ${quote(file)} is not continued: ${why}.`,
    file,
    hint: 'It is replaced by this one.',
  }
}
