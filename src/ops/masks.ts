import { carriesElements } from './fold.ts'
import { type OpSpec, operandIndex } from './spec.ts'

/**
 * From this magnitude on, an element is a mask where masks may be: half the least that is in use, because scores are added to it. The weight
 * of an element that far below another is 0 in every float type.
 * @see transformers modeling_utils.py: -10000; Keras 2 softmax.py: -1e9; Keras 3 multi_head_attention.py: -3.4e38
 */
export const leastMask = 5000

/** How a result shows the masks of an operand: as they are, in a sum with elements of the others, or in a product. */
export interface MaskOperand {
  readonly index: number
  readonly how: 'picked' | 'added' | 'multiplied'
  /** -1 where they show on the other side of the rest. */
  readonly sign: 1 | -1
}

/** The operands whose masks the results of an op show, of `count` operands: those it moves the elements of too. */
export function maskOperands(spec: OpSpec, count: number): MaskOperand[] {
  const passed = spec.quant?.passesMasks
  return Array.from({ length: count }, (_, index) => index).flatMap((index): MaskOperand[] => {
    if (carriesElements(spec, index)) return [{ index, how: 'picked', sign: 1 }]
    const name = (spec.operands[index] ?? spec.operands.findLast((o) => o.variadic))?.name
    if (!passed || name === undefined || !passed.operands.includes(name)) return []
    return [{ index, how: passed.how, sign: passed.negated?.includes(name) ? -1 : 1 }]
  })
}

/** The operand whose masks count as nothing; -1 when there is none. */
export function ignoredMasks(spec: OpSpec): number {
  const { ignoresMasks } = spec.quant ?? {}
  return ignoresMasks === undefined ? -1 : operandIndex(spec, ignoresMasks)
}
