import { DowncastError } from '../core/diagnostics.ts'
import type { Graph, Model, Node, TensorType, Value } from '../ir/types.ts'
import { type Problem, verifyStructure } from '../ir/verify.ts'
import { bodiesOf, bodyKeys } from './bodies.ts'
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

/** That nodes call graphs that there are, none by itself, with operands and results that these have. Structure is taken for granted. */
export function verifyCalls(model: Model): readonly Problem[] {
  return model.graphs.flatMap((graph, i) =>
    graph.nodes.flatMap((node) => callFaults(model, i, node).map((m) => ({ message: `graph ${graph.name}: ${node.op}: ${m}`, node }))),
  )
}

function callFaults(model: Model, caller: number, node: Node): string[] {
  return bodyKeys(node).flatMap((key) => {
    const index = node.attrs[key] as number
    const body = model.graphs[index]
    if (!body) return [`${key} is graph ${index}, there are ${model.graphs.length}`]
    return reaches(model, index, caller) ? [`${key} calls itself`] : portFaults(model.graphs[caller]!, node, key, body)
  })
}

/** A called graph takes the operands that may be of any number, and gives the node's results or a truth value. */
function portFaults(caller: Graph, node: Node, key: string, body: Graph): string[] {
  const spec = findSpec(node.op)!
  const a = spec.attrs[key]
  const typesIn = (graph: Graph, ids: readonly (number | null)[]) => ids.map((id) => id !== null && graph.values.get(id)!.type)
  const given = typesIn(caller, node.inputs.slice(spec.operands.filter((o) => !o.variadic).length))
  const truth: TensorType = { dtype: 'bool', shape: [] }
  const wanted = a?.kind === 'graph' && a.gives === 'truth' ? [truth] : typesIn(caller, node.outputs)
  const fits = (from: ReturnType<typeof typesIn>, to: ReturnType<typeof typesIn>) =>
    from.length === to.length && from.every((t, i) => t && to[i] && t.dtype === to[i].dtype && shapesAgree(t.shape, to[i].shape))
  const text = (types: ReturnType<typeof typesIn>) => types.map((t) => (t ? formatType(t) : 'none')).join(', ') || 'nothing'
  const faults: string[] = []
  const takes = typesIn(body, body.inputs)
  const gives = typesIn(body, body.outputs)
  if (!fits(given, takes)) faults.push(`${key} takes ${text(takes)}, it is given ${text(given)}`)
  if (!fits(gives, wanted)) faults.push(`${key} gives ${text(gives)}, it must give ${text(wanted)}`)
  return faults
}

/** Whether graph `from` calls graph `to`, at any depth. */
function reaches(model: Model, from: number, to: number): boolean {
  const seen = new Set<number>()
  const left = [from]
  for (let i = left.pop(); i !== undefined; i = left.pop()) {
    if (i === to) return true
    if (seen.has(i)) continue
    seen.add(i)
    for (const n of model.graphs[i]?.nodes ?? []) left.push(...bodiesOf(n))
  }
  return false
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
