import { DowncastError } from '../core/diagnostics.ts'
import type { Graph, Value } from '../ir/types.ts'
import { type Problem, verifyStructure } from '../ir/verify.ts'
import { formatType } from './diagnostics.ts'
import { findSpec } from './index.ts'
import { type OpSpec, shapesAgree } from './spec.ts'
import { viewNode } from './view.ts'

/** float: no value carries quantization parameters. quantized: it may, and types are compared without them. */
export type VerifyProfile = 'float' | 'quantized'

/**
 * A graph against the op records: structure, operand counts and types, attributes, and each result type as the record
 * infers it (a symbolic dim fits any). Returns what is wrong; empty when nothing is.
 */
export function verifyGraph(graph: Graph, profile: VerifyProfile = 'float'): readonly Problem[] {
  const problems: Problem[] = [...verifyStructure(graph)]
  if (problems.length > 0) return problems
  const value = (id: number) => graph.values.get(id)!
  if (profile === 'float')
    for (const v of graph.values.values()) if (v.type.quant) problems.push({ message: `value %${v.id} "${v.name}" is quantized` })
  for (const node of graph.nodes) {
    if (node.op === 'custom') continue
    const report = (reason: string) => problems.push({ message: `${node.op}: ${reason}`, node })
    const spec = findSpec(node.op)
    if (!spec) {
      report('there is no such op')
      continue
    }
    const keys = Object.keys(spec.attrs)
    for (const key of keys) if (node.attrs[key] === undefined) report(`the attribute ${key} is missing`)
    for (const key of Object.keys(node.attrs)) if (!keys.includes(key)) report(`it has no attribute ${key}`)
    const operands = node.inputs.map((id) => (id === null ? null : value(id)))
    const fault = operandFault(spec, operands)
    if (fault) {
      report(fault)
      continue
    }
    let types: ReturnType<OpSpec['infer']>
    try {
      const declared = node.outputs.map((id) => value(id).type)
      types = spec.infer(viewNode(spec, node.attrs, operands, node.origin, declared) as never)
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      report(e.message)
      continue
    }
    if (types.length !== node.outputs.length) report(`it has ${node.outputs.length} results, not ${types.length}`)
    types.forEach((t, i) => {
      const recorded = node.outputs[i] === undefined ? undefined : value(node.outputs[i]!).type
      if (recorded && (recorded.dtype !== t.dtype || !shapesAgree(recorded.shape, t.shape)))
        report(`result ${i} is recorded as ${formatType(recorded)}, its operands make it ${formatType(t)}`)
    })
  }
  return problems
}

/** Why a record cannot take these operands by count, presence and element type; undefined when it can. */
export function operandFault(spec: OpSpec, operands: readonly (Value | null)[]): string | undefined {
  const last = spec.operands.at(-1)
  if (operands.length > spec.operands.length && !last?.variadic) return `it takes ${spec.operands.length} operands, not ${operands.length}`
  const count = Math.max(operands.length, spec.operands.length - (last?.variadic ? 1 : 0))
  for (let i = 0; i < count; i++) {
    const o = spec.operands[Math.min(i, spec.operands.length - 1)]!
    const v = operands[i] ?? null
    if (v === null) {
      if (!o.optional) return `operand ${o.name} is missing`
    } else if (!o.dtypes.includes(v.type.dtype)) return `operand ${o.name} is ${v.type.dtype}, it must be ${o.dtypes.join(', ')}`
  }
  return undefined
}
