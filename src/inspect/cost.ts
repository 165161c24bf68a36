import type { ConstData } from '../core/bytes.ts'
import { noOrigin, type Value } from '../ir/types.ts'
import { findBuiltin } from '../ops/index.ts'
import { decodeOptions, type OptionFields } from '../ops/options.ts'
import type { Cost, OpSpec } from '../ops/spec.ts'
import { viewNode, withResults } from '../ops/view.ts'
import { findDType } from '../schema/tflite/dtype.ts'

/** What the cost of an operator depends on. Dims of -1 count as one. */
export interface CostedOperator {
  readonly builtin: string
  readonly options: OptionFields | undefined
  readonly inputs: readonly (CostedTensor | null)[]
  readonly outputs: readonly CostedTensor[]
}
export interface CostedTensor {
  readonly name: string
  /** `FLOAT32` */
  readonly type: string
  readonly shape: readonly number[]
  readonly data: ConstData | undefined
}

/** Work of one run, by the op's record; undefined when it has none or the operator does not fit it. */
export function costOf(operator: CostedOperator): Cost | undefined {
  const spec = findBuiltin(operator.builtin)
  if (!spec?.cost || !fits(spec, operator)) return undefined
  const values = operator.inputs.map((t, id) => (t ? typedValue(t, id) : null))
  const results = operator.outputs.map((t, id) => typedValue(t, id).type)
  const cost = spec.cost(withResults(viewNode(spec, decodeOptions(spec, operator.options), values, noOrigin), results))
  return Number.isSafeInteger(cost.macs) && Number.isSafeInteger(cost.elementOps) ? cost : undefined
}

/** Whether operands, results and option fields are those of the record: files need not keep to it. */
function fits(spec: OpSpec, { inputs, outputs, options }: CostedOperator): boolean {
  if (outputs.length === 0) return false
  if (spec.operands.some((o, i) => !o.optional && !o.variadic && !inputs[i])) return false
  if ([...inputs, ...outputs].some((t) => t && !findDType(t.type))) return false
  return Object.values(spec.attrs).every((a) => a.kind !== 'dtype' || options?.[a.field] === undefined || findDType(`${options[a.field]}`))
}

function typedValue({ name, type, shape, data }: CostedTensor, id: number): Value {
  const value = { id, name, type: { dtype: findDType(type)!, shape: shape.map((d) => (d < 0 ? 'N' : d)) } }
  return data ? { ...value, data } : value
}
