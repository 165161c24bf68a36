import { DowncastError, nearest } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import { formatShape, type Shape } from '../core/shape.ts'

/** LiteRT refuses a model; `words` are its own. */
export function notLoadable(model: string, words: string, cause?: unknown): DowncastError {
  return new DowncastError(
    {
      code: 'run/not-loadable',
      message: `LiteRT cannot load ${quote(model)}: ${words}`,
      file: model,
      hint: 'Check the file with downcast inspect; if downcast wrote it, please report it.',
    },
    { cause },
  )
}

/** The runtime does not have an op, or not in the version, that the model uses. */
export function missingOp(model: string, ops: readonly string[], words: string): DowncastError {
  const list = ops.map(quote).join(', ')
  return new DowncastError({
    code: 'run/missing-op',
    message: `LiteRT.js has no ${ops.length > 1 ? 'ops' : 'op'} ${list}, which ${quote(model)} needs${words === '' ? '' : `: ${words}`}`,
    file: model,
    op: ops[0],
    hint: 'Run this model where these ops are registered, or convert it without them.',
  })
}

/** The model keeps state from run to run, as the LSTM ops do, and LiteRT.js cannot hold it. */
export function noStates(model: string, words: string): DowncastError {
  return new DowncastError({
    code: 'run/missing-op',
    message: `LiteRT.js cannot hold the states that ops of ${quote(model)} keep from run to run: ${words}`,
    file: model,
    hint: 'Run this model in the TFLite interpreter or in LiteRT on the device.',
  })
}

/** A run that LiteRT ends with an error. */
export function runFailed(model: string, words: string, cause?: unknown): DowncastError {
  return new DowncastError({ code: 'run/failed', message: `LiteRT cannot run ${quote(model)}: ${words}`, file: model }, { cause })
}

/** The runtime trapped or aborted; what it held is lost, a new one is started for the next call. */
export function runtimeCrashed(model: string, words: string, cause?: unknown): DowncastError {
  return new DowncastError(
    {
      code: 'run/crashed',
      message: `LiteRT crashed on ${quote(model)}: ${words}`,
      file: model,
      hint: 'The model holds something this runtime does not check for. Look at it with downcast inspect.',
    },
    { cause },
  )
}

/** The thread that ran a model is gone; `why` completes "... ended: ". */
export function workerEnded(model: string, why: string): DowncastError {
  return new DowncastError({
    code: 'run/crashed',
    message: `The thread that ran ${quote(model)} ended before it answered: ${why}.`,
    file: model,
    hint: 'Run it again; a new thread is started for the next call.',
  })
}

/** The model or its tensors do not fit into the memory LiteRT.js has, 2 GiB at most. */
export function outOfMemory(model: string, sizeBytes: number): DowncastError {
  return new DowncastError({
    code: 'run/out-of-memory',
    message: `${quote(model)} (${sizeBytes} bytes) does not fit into the memory of LiteRT.js, which is at most 2 GiB.`,
    file: model,
    hint: 'Run fewer models at once, a smaller batch, or a quantized model.',
  })
}

/** An engine that gets no memory for a WebAssembly module; undefined where `e` says something else. */
export function noWasmMemory(e: unknown): DowncastError | undefined {
  if (!(e instanceof RangeError) || !/^WebAssembly\b.*\bmemory\b/i.test(e.message)) return undefined
  return new DowncastError(
    {
      code: 'run/no-wasm-memory',
      message: 'This process may not reserve the addresses that WebAssembly takes, 10 GB for each module.',
      hint: 'Set NODE_OPTIONS=--disable-wasm-trap-handler, with which they are not reserved, or raise the limit (ulimit -v).',
    },
    { cause: e },
  )
}

export function unknownSignature(model: string, signature: string, known: readonly string[]): DowncastError {
  const near = nearest(signature, known)
  return new DowncastError({
    code: 'run/unknown-signature',
    message: `${quote(model)} has no signature ${quote(signature)}; it has ${list(known)}.`,
    file: model,
    expected: list(known),
    actual: signature,
    hint: near === undefined ? undefined : `Did you mean ${quote(near)}?`,
  })
}

export function unknownInput(model: string, name: string, known: readonly string[]): DowncastError {
  const near = nearest(name, known)
  return new DowncastError({
    code: 'run/unknown-input',
    message: `${quote(model)} has no input ${quote(name)}; it has ${list(known)}.`,
    file: model,
    tensor: name,
    expected: list(known),
    actual: name,
    hint: near === undefined ? undefined : `Did you mean ${quote(near)}?`,
  })
}

export function missingInput(model: string, names: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'run/missing-input',
    message: `${quote(model)} was given no value for ${names.length > 1 ? 'the inputs' : 'the input'} ${list(names)}.`,
    file: model,
    tensor: names[0],
  })
}

export function wrongShape(model: string, name: string, expected: Shape, actual: Shape): DowncastError {
  return new DowncastError({
    code: 'run/wrong-shape',
    message: `The value for the input ${quote(name)} of ${quote(model)} has the wrong shape: expected ${formatShape(expected)}, found ${formatShape(actual)}.`,
    file: model,
    tensor: name,
    expected: formatShape(expected),
    actual: formatShape(actual),
    hint: 'Sizes of 1 are not added or dropped here; reshape the value.',
  })
}

export function wrongDtype(model: string, name: string, expected: DType, actual: DType): DowncastError {
  return new DowncastError({
    code: 'run/wrong-dtype',
    message: `The value for the input ${quote(name)} of ${quote(model)} has the wrong type: expected ${expected}, found ${actual}.`,
    file: model,
    tensor: name,
    expected,
    actual,
  })
}

/** A number that the type of an input cannot hold. */
export function invalidValue(model: string, name: string, dtype: DType, value: number): DowncastError {
  return new DowncastError({
    code: 'run/invalid-value',
    message: `The input ${quote(name)} of ${quote(model)} cannot hold the value ${value}: expected whole numbers in the range of ${dtype}.`,
    file: model,
    tensor: name,
    expected: dtype,
    actual: String(value),
  })
}

/** A type of input or output that cannot be handed over to LiteRT.js. */
export function unsupportedDtype(model: string, name: string, dtype: DType): DowncastError {
  return new DowncastError({
    code: 'run/unsupported-dtype',
    message: `${quote(name)} of ${quote(model)} is of type ${dtype}, which LiteRT.js cannot take in or give out.`,
    file: model,
    tensor: name,
    actual: dtype,
  })
}

/** Outputs of samples that cannot be put into one array. */
export function unevenOutputs(model: string, name: string, expected: readonly number[], actual: readonly number[]): DowncastError {
  return new DowncastError({
    code: 'run/uneven-outputs',
    message: `The outputs ${quote(name)} of ${quote(model)} differ in shape from sample to sample and cannot be one array: expected ${formatShape(expected)}, found ${formatShape(actual)}.`,
    file: model,
    tensor: name,
    expected: formatShape(expected),
    actual: formatShape(actual),
    hint: 'Run the samples one by one, with --max-samples 1 or a file for each.',
  })
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map(quote).join(', ')
}

function quote(name: string): string {
  return JSON.stringify(name)
}
