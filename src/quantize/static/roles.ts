import type { Node, Value, ValueId } from '../../ir/types.ts'
import { type OperandSpec, type OpSpec, operandIndex } from '../../ops/spec.ts'

/**
 * What an operand is to the op that reads it: a weight has a grid of its own content, a bias one made of others', `shared` ones have the
 * grid of the op, a state one that its record tells, `free` ones their own; the rest stays what it is.
 */
export type Role = 'weight' | 'bias' | 'state' | 'shared' | 'free' | 'other'

export function operandAt(spec: OpSpec, index: number): OperandSpec | undefined {
  return spec.operands[index] ?? (spec.operands.at(-1)?.variadic ? spec.operands.at(-1) : undefined)
}

export function roleOf(spec: OpSpec, index: number, value: Value): Role {
  if (value.type.dtype !== 'f32') return 'other'
  const name = operandAt(spec, index)?.name
  const { quant } = spec
  if (name === undefined || !quant) return 'other'
  if (quant.biases?.some((b) => b.operand === name)) return 'bias'
  if (stateKind(spec, index)) return 'state'
  if (quant.sameScales?.operands.includes(name)) return 'shared'
  if (value.data && quant.weights?.some((w) => w.operand === name && w.integerAs !== 'activation')) return 'weight'
  return 'free'
}

/** Of an operand that is a variable: what its grid is; undefined for others. */
export function stateKind(spec: OpSpec, index: number): 'result' | 'power-of-two' | undefined {
  const name = operandAt(spec, index)?.name
  return spec.quant?.states?.find((s) => s.operand === name)?.grid
}

/** The operands of a node that have the grid of the op. */
export function sharedOperands(
  spec: OpSpec,
  node: Node,
  find: (id: ValueId) => Value,
): { readonly index: number; readonly value: Value }[] {
  return node.inputs.flatMap((id, index) => {
    const value = id === null ? undefined : find(id)
    return value && roleOf(spec, index, value) === 'shared' ? [{ index, value }] : []
  })
}

/** Position of an operand by its name; -1 when the node has none there. */
export function indexOf(spec: OpSpec, node: Node, name: string): number {
  const i = operandIndex(spec, name)
  return i < node.inputs.length ? i : -1
}
