import type { NdArray } from '../core/nd-array.ts'
import type { SourceNode, SourceVariable } from '../import/source-graph.ts'

/** Why a value is not known. */
export interface Unknown {
  readonly reason: string
  /** It would have taken too long. */
  readonly isGivenUp?: boolean
}

/** What the variables of a model hold while one call of a signature is followed, from their initial values on. */
export class VariableStore {
  readonly #values = new Map<string, NdArray | Unknown>()
  #lost: Unknown | undefined

  read({ name, value }: SourceVariable): NdArray | Unknown {
    if (this.#lost) return this.#lost
    const known = this.#values.get(name)
    if (known) return known
    if (value.dtype === 'string') return { reason: `the variable ${name} is text` }
    return { dtype: value.dtype, shape: value.shape, bytes: value.data.bytes() }
  }

  write({ name }: SourceVariable, value: NdArray | Unknown): void {
    this.#values.set(name, value)
  }

  /** What is not known to have run may have written any of them. */
  lose(why: Unknown): void {
    this.#lost ??= why
  }
}

/** What a write stores: an op of TensorFlow on what the variable holds and the node's other operands; undefined for one that is not followed. */
export interface Update {
  readonly op: string
  readonly operands: readonly NdArray[]
}

const updates: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  AssignAddVariableOp: 'AddV2',
  AssignSubVariableOp: 'Sub',
  ResourceStridedSliceAssign: 'TensorStridedSliceUpdate',
})

export function updateOf(node: SourceNode, held: NdArray, others: readonly NdArray[]): Update | undefined {
  const op = updates[node.op] ?? node.op.replace(/^ResourceScatter(Nd)?/, 'TensorScatter')
  if (op === node.op) return undefined
  if (!/^ResourceScatter(?!Nd)/.test(node.op)) return { op, operands: [held, ...others] }
  const [indices, values] = others
  if (!indices || !values || values.shape.length === 0) return undefined
  return { op, operands: [held, { ...indices, shape: [...indices.shape, 1] }, values] }
}
