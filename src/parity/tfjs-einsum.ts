import type { TfJsCore, TfJsTensor } from './tfjs.ts'

/** `abc,cd->abd` as what its letters do. */
export interface Contraction {
  readonly left: string
  readonly right: string
  readonly output: string
  /** In both operands and the result. */
  readonly batch: readonly string[]
  /** In both operands, summed over. */
  readonly summed: readonly string[]
  readonly leftOnly: readonly string[]
  readonly rightOnly: readonly string[]
}

/** An equation of two operands that is a product of matrices; undefined for sums within an operand, diagonals and ellipses. */
export function contractionOf(equation: string): Contraction | undefined {
  const parts = /^([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]*)$/.exec(equation.replaceAll(' ', ''))
  if (!parts) return undefined
  const [, left, right, output] = parts as unknown as [string, string, string, string]
  if ([left, right, output].some((labels) => new Set(labels).size < labels.length)) return undefined
  const [l, r] = [[...left], [...right]]
  const leftOnly = l.filter((c) => !right.includes(c))
  const rightOnly = r.filter((c) => !left.includes(c))
  if ([...leftOnly, ...rightOnly].some((c) => !output.includes(c))) return undefined
  const shared = l.filter((c) => right.includes(c))
  const batch = shared.filter((c) => output.includes(c))
  return { left, right, output, batch, summed: shared.filter((c) => !output.includes(c)), leftOnly, rightOnly }
}

/** The contraction as one product of matrices, batch sizes first: TensorFlow.js has an einsum in JavaScript only. */
export function contract(core: TfJsCore, c: Contraction, x: TfJsTensor, y: TfJsTensor): TfJsTensor {
  const sizes = new Map([...c.left].map((label, i) => [label, x.shape[i]!] as const))
  for (const [i, label] of [...c.right].entries()) sizes.set(label, y.shape[i]!)
  const size = (labels: readonly string[]): number => labels.reduce((n, label) => n * sizes.get(label)!, 1)
  const arranged = (t: TfJsTensor, labels: string, first: readonly string[], second: readonly string[]): TfJsTensor => {
    const order = [...c.batch, ...first, ...second].map((label) => labels.indexOf(label))
    return core.reshape(core.transpose(t, order), [size(c.batch), size(first), size(second)])
  }
  const product = core.matMul(arranged(x, c.left, c.leftOnly, c.summed), arranged(y, c.right, c.summed, c.rightOnly))
  const labels = [...c.batch, ...c.leftOnly, ...c.rightOnly]
  const result = core.reshape(
    product,
    labels.map((label) => sizes.get(label)!),
  )
  return core.transpose(
    result,
    [...c.output].map((label) => labels.indexOf(label)),
  )
}
