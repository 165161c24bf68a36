import { type Diagnostic, DowncastError, toDiagnostic } from '../core/diagnostics.ts'

/** Models that do not take or give the same. */
export function differentSignatures(
  reference: string,
  model: string,
  what: 'inputs' | 'outputs',
  expected: string,
  actual: string,
): DowncastError {
  return new DowncastError({
    code: 'compare/different-signatures',
    message: `${quote(model)} cannot be compared with ${quote(reference)}: its ${what} are others; expected ${expected}, found ${actual}.`,
    file: model,
    expected,
    actual,
    hint: 'Compare models that were made from the same one.',
  })
}

/** Outputs of different sizes for the same sample. */
export function differentShapes(reference: string, model: string, output: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'compare/different-shapes',
    message: `The output ${quote(output)} of ${quote(model)} has another shape than that of ${quote(reference)}: expected ${expected}, found ${actual}.`,
    file: model,
    tensor: output,
    expected,
    actual,
    hint: 'Compare models that were made from the same one.',
  })
}

/** A label beyond the classes that the model tells apart. */
export function labelOutOfRange(sample: string, label: number, classes: number): DowncastError {
  return new DowncastError({
    code: 'compare/label-out-of-range',
    message: `The label of ${quote(sample)} is no class of the models: expected 0 to ${classes - 1}, found ${label}.`,
    file: sample,
    expected: `0 to ${classes - 1}`,
    actual: String(label),
    hint: 'Check that the labels belong to these models; classes count from 0.',
  })
}

/** Labels that no output can be judged by. */
export function noClassScores(outputs: string): Diagnostic {
  return toDiagnostic(
    {
      code: 'compare/no-class-scores',
      message: `The data set has labels, but no output holds class scores, one value for each class: ${outputs}. There is no accuracy.`,
    },
    'warning',
  )
}

/** A quantized model that gives something else than the float one. */
export function farFromFloat(output: string, cosine: number, samples: number, data: string): Diagnostic {
  return toDiagnostic(
    {
      code: 'compare/far-from-float',
      message: `On ${samples} samples of ${quote(data)} the output ${quote(output)} is far from what the float model gives: a cosine of ${cosine.toFixed(3)}.`,
      tensor: output,
      hint: 'More samples, another --estimator, int16x8, or --keep-float for what loses most (--plan tells of each weight) can help.',
    },
    'warning',
  )
}

/** Outputs that are not numbers in places. */
export function nonFiniteOutputs(model: string, values: number): Diagnostic {
  return toDiagnostic(
    {
      code: 'compare/non-finite-outputs',
      message: `The outputs of ${quote(model)} hold NaN or infinity in ${values} places; they are left out of the errors.`,
      file: model,
    },
    'warning',
  )
}

function quote(text: string): string {
  return JSON.stringify(text)
}
