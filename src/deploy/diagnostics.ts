import { DowncastError } from '../core/diagnostics.ts'

const supported =
  'one picture: [batch, height, width, 1, 3 or 4 channels] or [batch, height, width], of float32 or quantized to uint8 or int8'

/** A model that does not take one picture; `why` completes "... takes ". */
export function notImageInput(file: string, why: string, tensor?: string): DowncastError {
  return new DowncastError({
    code: 'deploy/not-an-image-input',
    message: `The sources for Android feed pictures, but ${quote(file)} takes ${why}; expected ${supported}.`,
    file,
    tensor,
    expected: supported,
    actual: why,
    hint: 'See its inputs with downcast inspect.',
  })
}

/** A size of the picture that is only known at run time. */
export function openImageSize(file: string, tensor: string, shape: string): DowncastError {
  return new DowncastError({
    code: 'deploy/open-image-size',
    message: `The size of the picture that ${quote(file)} takes is not fixed: ${quote(tensor)} is ${shape}.`,
    file,
    tensor,
    actual: shape,
    hint: 'Fix it when converting, for example with --shape NAME=1,28,28,1.',
  })
}

/** Two models that would be copied to the same asset. */
export function sameAssetName(name: string, first: string, second: string): DowncastError {
  return new DowncastError({
    code: 'deploy/same-asset-name',
    message: `${quote(first)} and ${quote(second)} would both become assets/${name}.`,
    file: second,
    hint: 'Rename one of the files.',
  })
}

export function badPackageName(name: string): DowncastError {
  return new DowncastError({
    code: 'deploy/bad-package-name',
    message: `${quote(name)} is no Java package name: expected lower-case words joined by dots, none of them a word of the language.`,
    expected: 'a name such as com.example.classifier',
    actual: name,
    hint: 'Choose one such as com.example.classifier.',
  })
}

/** A mean or deviation that the sources cannot state; `why` completes "... cannot use ". */
export function unsupportedPreprocess(why: string, hint: string): DowncastError {
  return new DowncastError({ code: 'deploy/unsupported-preprocess', message: `The sources for Android cannot use ${why}.`, hint })
}

function quote(text: string): string {
  return JSON.stringify(text)
}
