import type { ConstData } from '../core/bytes.ts'
import { findBuiltin } from '../ops/index.ts'
import type { OptionFields } from '../ops/options.ts'
import type { ModelRecord, OperatorRecord, SubGraphRecord } from '../schema/tflite/records.ts'
import { type CostedTensor, costOf } from './cost.ts'
import { customOptions } from './custom-options.ts'
import { familyOfOp } from './op-family.ts'
import { plainOptions } from './options.ts'
import { layerOfNames } from './source-layer.ts'
import { elementsOf } from './tensors.ts'
import type { Arithmetic, OperatorInfo } from './types.ts'

/** Option fields that name a subgraph. */
const callFields = [
  'subgraph',
  'thenSubgraphIndex',
  'elseSubgraphIndex',
  'condSubgraphIndex',
  'bodySubgraphIndex',
  'initSubgraphIndex',
  'decompositionSubgraphIndex',
]
/** Ops that only unpack a constant for the op that reads their result. */
const unpacking = new Set(['DEQUANTIZE', 'DENSIFY'])

/**
 * The operators of a subgraph. `counted` holds the buffers whose weights were counted for an earlier operator; it is added to.
 */
export function describeOperators(
  model: ModelRecord,
  graph: SubGraphRecord,
  buffers: readonly ConstData[],
  counted: Set<number>,
): OperatorInfo[] {
  const weights = weightFinder(model, graph, buffers)
  return graph.operators.map((operator, index) => {
    const code = model.operatorCodes[operator.opcodeIndex]!
    const isCustom = code.builtinCode === 'CUSTOM'
    const op = isCustom ? code.customCode || 'CUSTOM' : code.builtinCode
    const options = operator.builtinOptions ?? operator.builtinOptions2
    const fields = options?.value as OptionFields | undefined
    const inputs = Array.from(operator.inputs, (t) => (t < 0 ? null : t))
    const costed = (t: number): CostedTensor => {
      const { name, type, shape } = graph.tensors[t]!
      return { name, type, shape: Array.from(shape), data: dataOf(graph, buffers, t) }
    }
    const cost = costOf({
      builtin: code.builtinCode,
      options: fields,
      inputs: inputs.map((t) => (t === null ? null : costed(t))),
      outputs: Array.from(operator.outputs, costed),
    })
    const read = weights.readBy(index)
    const fresh = read.filter((t) => !counted.has(graph.tensors[t]!.buffer))
    for (const t of fresh) counted.add(graph.tensors[t]!.buffer)
    return {
      index,
      opcode: operator.opcodeIndex,
      op,
      isCustom,
      version: code.version,
      family: familyOfOp(op, isCustom),
      layer: layerOf(graph, operator, read) ?? null,
      inputs,
      inputNames: inputNames(code.builtinCode, inputs.length),
      outputs: Array.from(operator.outputs),
      intermediates: Array.from(operator.intermediates, (t) => (t < 0 ? null : t)),
      optionsTable: options?.type ?? null,
      options: fields ? plainOptions(fields) : isCustom ? customOptions(op, operator.customOptions) : {},
      customOptionsBytes: operator.largeCustomOptions?.byteLength ?? operator.customOptions.byteLength,
      calls: callFields.flatMap((field) => (typeof fields?.[field] === 'number' ? [fields[field]] : [])),
      arithmetic: arithmeticOf(graph, operator, read),
      macs: cost?.macs ?? null,
      elementOps: cost?.elementOps ?? null,
      parameters: fresh.reduce((sum, t) => sum + (isWeight(graph, t) ? (elementsOf(Array.from(graph.tensors[t]!.shape)) ?? 0) : 0), 0),
      weightBytes: fresh.reduce((sum, t) => sum + buffers[graph.tensors[t]!.buffer]!.byteLength, 0),
    }
  })
}

/** Names of the record's operands; the last one repeats when it is variadic. */
function inputNames(builtin: string, count: number): string[] {
  const operands = findBuiltin(builtin)?.operands ?? []
  const last = operands[operands.length - 1]
  return operands.length === 0
    ? []
    : Array.from({ length: count }, (_, i) => (operands[i] ?? (last?.variadic ? last : undefined))?.name ?? '')
}

function dataOf(graph: SubGraphRecord, buffers: readonly ConstData[], tensor: number): ConstData | undefined {
  const data = buffers[graph.tensors[tensor]!.buffer]!
  return data.byteLength > 0 ? data : undefined
}

/** Constants that an operator reads, directly or through an op that unpacks them; such an op itself reads none unless nobody else does. */
function weightFinder(model: ModelRecord, graph: SubGraphRecord, buffers: readonly ConstData[]) {
  const isConst = (t: number) => buffers[graph.tensors[t]!.buffer]!.byteLength > 0
  const unpacked = new Map<number, number>()
  const consumed = new Set(graph.operators.flatMap((o) => Array.from(o.inputs)))
  for (const { opcodeIndex, inputs, outputs } of graph.operators) {
    const [from, to] = [inputs[0], outputs[0]]
    if (from === undefined || to === undefined || from < 0 || !isConst(from)) continue
    if (unpacking.has(model.operatorCodes[opcodeIndex]!.builtinCode) && consumed.has(to)) unpacked.set(to, from)
  }
  const skipped = new Set(unpacked.values())
  return {
    readBy(operator: number): number[] {
      const { inputs, outputs } = graph.operators[operator]!
      if (outputs.some((t) => skipped.has(unpacked.get(t) ?? -1))) return []
      return [...new Set(inputs)].flatMap((t) => (t < 0 ? [] : unpacked.has(t) ? [unpacked.get(t)!] : isConst(t) ? [t] : []))
    },
  }
}

/** Numbers that were trained, in contrast to shapes, axes and indices. */
function isWeight(graph: SubGraphRecord, t: number): boolean {
  const { type, quantization } = graph.tensors[t]!
  return type.includes('FLOAT') || (quantization !== undefined && (quantization.scale.length > 0 || quantization.details !== undefined))
}

function layerOf(graph: SubGraphRecord, { outputs }: OperatorRecord, weights: readonly number[]): string | undefined {
  return layerOfNames([...Array.from(outputs).slice(0, 1), ...weights].map((t) => graph.tensors[t]!.name))
}

function arithmeticOf(graph: SubGraphRecord, { inputs, outputs }: OperatorRecord, weights: readonly number[]): Arithmetic {
  const type = (t: number | undefined) => (t === undefined || t < 0 ? '' : graph.tensors[t]!.type)
  const isFloat = [inputs[0], outputs[0]].some((t) => type(t).includes('FLOAT'))
  if (!isFloat) return 'integer'
  const operands = new Set(inputs)
  const direct = weights.filter((t) => operands.has(t))
  return direct.some((t) => t !== inputs[0] && /^U?INT[248]$/.test(type(t)) && isWeight(graph, t)) ? 'hybrid' : 'float'
}
