import { DowncastError } from '../core/diagnostics.ts'

export interface MismatchPlace {
  readonly file: string
  readonly signature: string
  readonly output: string
  /** The first layer that differs; undefined where no layer can be told. */
  readonly layer: string | undefined
  /** The operator of the file that computes it. */
  readonly operator: string | undefined
  /** Rewrite rules that made it. */
  readonly rules: readonly string[]
  /** What differs: `[3] is 0.5, not 0.25 (allowed: 0.00001)`. */
  readonly difference: string
  /** `random normal` */
  readonly inputs: string
}

/** The written model computes something else than the source. */
export function mismatch(p: MismatchPlace): DowncastError {
  const rules = p.rules.length > 0 ? `, made by ${p.rules.join(', ')}` : ''
  const where = p.layer === undefined ? '' : ` The first layer that differs is "${p.layer}"${p.operator ? ` (${p.operator}${rules})` : ''}.`
  const signature = p.signature === 'serving_default' ? '' : ` of the signature ${p.signature}`
  return new DowncastError({
    code: 'parity/mismatch',
    message: `The model for "${p.file}" does not compute what its source does: on ${p.inputs} inputs the output ${p.output}${signature} ${p.difference}.${where}`,
    hint: 'This is a fault of downcast, please report it with the model. --no-check writes the file nevertheless.',
    node: p.layer,
    op: p.operator,
    tensor: p.output,
    file: p.file,
  })
}

/** The integers of a written weight are not those of the float weight it was made of; which lie `steps` of their scale away, on average. */
export function wrongWeights(file: string, tensor: string, layer: string | undefined, steps: number): DowncastError {
  const where = layer === undefined ? '' : ` of the layer "${layer}"`
  return new DowncastError({
    code: 'parity/wrong-weights',
    message: `The file for "${file}" does not hold the weights of its source: the integers of "${tensor}"${where} lie ${steps.toPrecision(2)} steps of their scale from what they stand for, on average.`,
    hint: 'This is a fault of downcast, please report it with the model. --no-check writes the file nevertheless.',
    node: layer,
    tensor,
    file,
  })
}

/** The runtime does not run the written model, though its source can be computed; `words` are the runtime's. */
export function cannotRun(file: string, signature: string, words: string, cause: unknown): DowncastError {
  return new DowncastError(
    {
      code: 'parity/cannot-run',
      message: `The model for "${file}" was made, but its signature ${signature} does not run: ${words}`,
      hint: 'This is a fault of downcast, please report it with the model. --no-check writes the file nevertheless.',
      file,
    },
    { cause },
  )
}
