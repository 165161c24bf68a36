import type { ConstData } from '../core/bytes.ts'
import { byteLengthOf } from '../core/dtype.ts'
import { findDType } from '../schema/tflite/dtype.ts'
import type { SubGraphRecord } from '../schema/tflite/records.ts'
import { describeQuantization } from './quantization.ts'
import type { OperatorInfo, TensorInfo, TensorKind, ValueRange } from './types.ts'
import { ownRange, resultRange } from './value-range.ts'

/** The tensors of a subgraph with their users and value ranges. `inputRange` is asked for float inputs. */
export function describeTensors(
  graph: SubGraphRecord,
  operators: readonly OperatorInfo[],
  buffers: readonly ConstData[],
  inputRange: () => ValueRange | null,
): TensorInfo[] {
  const producers = new Map<number, number>()
  const consumers = graph.tensors.map((): number[] => [])
  for (const { index, inputs, outputs } of operators) {
    for (const t of outputs) if (!producers.has(t)) producers.set(t, index)
    for (const t of new Set(inputs)) if (t !== null) consumers[t]!.push(index)
  }
  const inputs = new Set(graph.inputs)
  const outputs = new Set(graph.outputs)
  const tensors = graph.tensors.map((record, index): TensorInfo => {
    const stored = buffers[record.buffer]!.byteLength
    const shape = Array.from(record.shape)
    const elements = elementsOf(shape)
    const dtype = record.type.toLowerCase()
    const isConstant = stored > 0 || record.externalBuffer > 0
    const quantization = describeQuantization(record.quantization)
    return {
      index,
      name: record.name,
      dtype,
      shape,
      shapeSignature: record.shapeSignature.length > 0 ? Array.from(record.shapeSignature) : shape,
      kind: kindOf(index, record.isVariable, isConstant, inputs, outputs, producers, consumers),
      sizeBytes: stored > 0 ? stored : bytesAt(record.type, elements),
      elements,
      buffer: record.buffer,
      quantization,
      range: isConstant ? null : ownRange({ dtype, quantization }),
      isVariable: record.isVariable,
      isSparse: record.sparsity !== undefined,
      producer: producers.get(index) ?? null,
      consumers: consumers[index]!,
    }
  })
  return propagateRanges(tensors, operators, inputRange)
}

/** Elements at the file's shape, -1 counting as one; null beyond exact numbers. */
export function elementsOf(shape: readonly number[]): number | null {
  const n = shape.reduce((product, d) => product * (d < 0 ? 1 : d), 1)
  return Number.isSafeInteger(n) ? n : null
}

/** Bytes of `elements` at a schema type; null where either is not known. Variable-size types count nothing. */
function bytesAt(type: string, elements: number | null): number | null {
  const dtype = findDType(type)
  return dtype && elements !== null ? byteLengthOf(dtype, elements) : null
}

function kindOf(
  index: number,
  isVariable: boolean,
  isConstant: boolean,
  inputs: ReadonlySet<number>,
  outputs: ReadonlySet<number>,
  producers: ReadonlyMap<number, number>,
  consumers: readonly (readonly number[])[],
): TensorKind {
  if (isVariable) return 'variable'
  if (inputs.has(index)) return 'input'
  if (isConstant) return 'constant'
  if (outputs.has(index)) return 'output'
  return producers.has(index) || consumers[index]!.length > 0 ? 'activation' : 'unused'
}

/** Fills in ranges that follow from the ops, in the order of the file. */
function propagateRanges(tensors: TensorInfo[], operators: readonly OperatorInfo[], inputRange: () => ValueRange | null): TensorInfo[] {
  const ofInput = (t: TensorInfo) => inputRange() ?? quantizedInputRange(t, tensors, operators)
  const ranges = tensors.map((t) => t.range ?? (t.kind === 'input' && t.dtype.startsWith('float') ? ofInput(t) : null))
  for (const { op, options, inputs, outputs } of operators) {
    const operands = inputs.map((t) => (t === null ? null : ranges[t]!))
    for (const t of outputs) ranges[t] ??= resultRange(op, options, operands)
  }
  return tensors.map((t, i) => (ranges[i] === t.range ? t : { ...t, range: ranges[i]! }))
}

function quantizedInputRange(input: TensorInfo, tensors: readonly TensorInfo[], operators: readonly OperatorInfo[]): ValueRange | null {
  const [reader] = input.consumers
  if (reader === undefined || input.consumers.length > 1 || operators[reader]!.op !== 'QUANTIZE') return null
  const range = tensors[operators[reader]!.outputs[0] ?? -1]?.range
  return range ? { ...range, source: 'quantized-input' } : null
}
