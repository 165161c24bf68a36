import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import type { Dim } from '../../core/shape.ts'
import type { Graph, Kept, Model, Node, Origin, QuantParams, TensorType, Value } from '../../ir/types.ts'
import { bodyKeys } from '../../ops/bodies.ts'
import { findBuiltin } from '../../ops/index.ts'
import type { KeptModel, KeptOperator } from '../../ops/kept.ts'
import { decodeOptions, type OptionFields } from '../../ops/options.ts'
import type { OpSpec } from '../../ops/spec.ts'
import { dtypeOfTensorType, findDType } from '../../schema/tflite/dtype.ts'
import type { OperatorRecord, SubGraphRecord, TensorRecord } from '../../schema/tflite/records.ts'
import { inconsistentModel } from './diagnostics.ts'
import type { TfliteFile } from './read-file.ts'

/** Metadata that tells of the file as a whole and is made anew by whoever writes one. */
const ownMetadata: ReadonlySet<string> = new Set(['min_runtime_version', 'CONVERSION_METADATA'])

/**
 * A `.tflite` file as a model, op for op; values have the numbers of their tensors. Ops without a record (of newer runtimes, custom ones) become `custom`; what the IR does not
 * model of an op, a tensor or the file is kept beside it and written back.
 */
export function importTflite(file: TfliteFile): Model {
  const { model, metadata } = file
  const kept: KeptModel = {
    minRuntimeVersion: file.minRuntimeVersion,
    archive: file.archive,
    externalBufferGroups: model.externalBufferGroups,
    externalBuffers: model.externalBuffers,
  }
  return {
    graphs: model.subgraphs.map((graph, g) => importGraph(file, graph, g)),
    signatures: model.signatureDefs.map((s) => {
      const ports = (list: typeof s.inputs) => list.map((p) => ({ name: p.name, value: p.tensorIndex }))
      return { key: s.signatureKey, graph: s.subgraphIndex, inputs: ports(s.inputs), outputs: ports(s.outputs) }
    }),
    description: model.description,
    metadata: new Map([...metadata].filter(([name]) => !ownMetadata.has(name))),
    kept,
  }
}

function importGraph(file: TfliteFile, graph: SubGraphRecord, g: number): Graph {
  verifyOrder(file.name, graph, `subgraphs[${g}]`)
  const made = new Set<number>([...graph.inputs, ...graph.operators.flatMap((o) => [...o.outputs])])
  const values = new Map(graph.tensors.map((tensor, id) => [id, importTensor(file, graph, tensor, id, made.has(id))]))
  const nodes = graph.operators.map((operator, id) => withShapeOperand(operator, importOperator(file, operator, id, values), values))
  return {
    name: graph.name,
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    values,
    nodes,
  }
}

/** Runtimes run operators as they stand, so each reads what is there before it. */
function verifyOrder(file: string, graph: SubGraphRecord, path: string): void {
  const makers = new Map<number, number>()
  for (const [i, { outputs }] of graph.operators.entries()) {
    for (const o of outputs) {
      const first = makers.get(o)
      if (first !== undefined)
        throw inconsistentModel(
          file,
          `${path}.operators[${i}].outputs`,
          'tensor',
          'one that no operator makes yet',
          `${o} of operator ${first}`,
        )
      makers.set(o, i)
    }
  }
  for (const [i, { inputs }] of graph.operators.entries()) {
    for (const t of inputs) {
      const maker = makers.get(t)
      if (maker !== undefined && maker >= i)
        throw inconsistentModel(file, `${path}.operators[${i}].inputs`, 'order', 'operands made before', `tensor ${t} of operator ${maker}`)
    }
  }
}

function importTensor(file: TfliteFile, graph: SubGraphRecord, tensor: TensorRecord, id: number, isMade: boolean): Value {
  const dtype = findDType(tensor.type)
  const quant = quantOf(tensor) ?? blocksOf(file, graph, tensor)
  // A type without a name here stays what it is through what is kept.
  const range = rangeOf(tensor)
  const type: TensorType = { dtype: dtype ?? 'u8', shape: shapeOf(tensor, id), ...(quant && { quant }), ...(range && { range }) }
  const data = file.buffers[tensor.buffer]!
  const isEmpty = tensor.shape.some((d) => d === 0)
  const isConst = !isMade && !tensor.isVariable && (data.byteLength > 0 || isEmpty)
  const fixed = fixedReason(tensor, dtype !== undefined)
  const kept: Kept = { of: type, record: tensor }
  return {
    id,
    name: tensor.name,
    type,
    kept,
    ...(isConst && { data }),
    ...(tensor.isVariable && { isVariable: true }),
    ...(fixed !== undefined && { fixed }),
  }
}

function fixedReason(tensor: TensorRecord, isKnown: boolean): string | undefined {
  if (tensor.sparsity) return 'it is stored sparse'
  if (tensor.externalBuffer !== 0) return 'its data is in another file'
  if (!isKnown) return `it is ${tensor.type}`
  const { quantization, type } = tensor
  const isSmall = (quantization?.scale.length ?? 0) > 0 || quantization?.details !== undefined || type === 'FLOAT16' || type === 'BFLOAT16'
  return isSmall && type !== 'FLOAT32' ? `it is ${type} already` : undefined
}

/** An unknown size gets a name of its own: what is known of the others the file does not say. */
function shapeOf(tensor: TensorRecord, id: number): Dim[] {
  const open = tensor.shapeSignature.length === tensor.shape.length ? tensor.shapeSignature : tensor.shape
  return Array.from(open, (d, axis) => (d < 0 ? `d${id}_${axis}` : d))
}

function quantOf({ quantization }: TensorRecord): QuantParams | undefined {
  const scale = quantization?.scale
  if (!quantization || !scale || scale.length === 0 || quantization.details) return undefined
  const zeroPoints = Int32Array.from(scale, (_, i) => Number(quantization.zeroPoint?.[i] ?? 0n))
  if (scale.length === 1) return { kind: 'per-tensor', scale: scale[0]!, zeroPoint: zeroPoints[0]! }
  return { kind: 'per-axis', axis: quantization.quantizedDimension, scales: Float32Array.from(scale), zeroPoints }
}

/** Scales that another tensor of the graph holds, one for each block along the axis in which its shape is smaller. */
function blocksOf(file: TfliteFile, graph: SubGraphRecord, { quantization, shape }: TensorRecord): QuantParams | undefined {
  const details = quantization?.details
  if (details?.type !== 'BlockwiseQuantization') return undefined
  const { scales, zeroPoints, blockSize } = details.value
  const elements = (index: number) => {
    const tensor = graph.tensors[index]!
    return toFloat32({ dtype: dtypeOfTensorType(tensor.type), shape: [...tensor.shape], bytes: file.buffers[tensor.buffer]!.bytes() })!
  }
  const blocks = graph.tensors[scales]!.shape
  const axis = shape.findIndex((d, i) => d === (blocks[i] ?? 0) * blockSize && d !== blocks[i])
  return {
    kind: 'blockwise',
    axis: axis < 0 ? shape.length - 1 : axis,
    blockSize,
    scales: elements(scales),
    ...(zeroPoints > 0 && { zeroPoints: Int32Array.from(elements(zeroPoints)) }),
  }
}

function rangeOf({ quantization }: TensorRecord): readonly [number, number] | undefined {
  const [min, max] = [quantization?.min, quantization?.max]
  return min?.length === 1 && max?.length === 1 ? [min[0]!, max[0]!] : undefined
}

function importOperator(file: TfliteFile, operator: OperatorRecord, id: number, values: ReadonlyMap<number, Value>): Node {
  const code = file.model.operatorCodes[operator.opcodeIndex]!
  const spec = findBuiltin(code.builtinCode)
  const options = spec && optionsOf(spec, operator)
  const inputs = Array.from(operator.inputs, (i) => (i < 0 ? null : i))
  const outputs = [...operator.outputs]
  const names = outputs.flatMap((o) => values.get(o)?.name || [])
  const origin: Origin = { source: names.slice(0, 1), rules: [] }
  const intermediates = Array.from(operator.intermediates).flatMap((i) => values.get(i) ?? [])
  const common = { id, inputs, outputs, origin }
  // One that gives nothing has lost its results: it is kept as it is.
  const isWhole = (known: OpSpec) => outputs.length > 0 || known.sideEffect || bodyKeys({ op: known.name }).length > 0
  if (spec && isWhole(spec) && options !== 'other' && code.builtinCode !== 'CUSTOM') {
    const attrs = decodeOptions(spec, options)
    const record: KeptOperator = { code, operator, inputs, intermediates }
    return { ...common, op: spec.name, attrs, kept: { of: attrs, record } }
  }
  const isCustom = code.builtinCode === 'CUSTOM'
  const attrs = {
    customCode: isCustom ? code.customCode : code.builtinCode,
    options: isCustom ? Uint8Array.from(operator.customOptions) : new Uint8Array(),
  }
  const record: KeptOperator = { code, operator, inputs, intermediates }
  return { ...common, op: 'custom', attrs, kept: { of: attrs, record } }
}

/**
 * Early files say only in the options which shape RESHAPE is to give; here it is an operand, a value more. [0] is the scalar's, too.
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/kernels/reshape.cc
 */
function withShapeOperand({ builtinOptions }: OperatorRecord, node: Node, values: Map<number, Value>): Node {
  const [x, stated] = node.inputs
  if (node.op !== 'reshape' || x === undefined || (stated ?? null) !== null) return node
  const sizes = builtinOptions?.type === 'ReshapeOptions' ? [...builtinOptions.value.newShape] : []
  const shape = sizes.length === 1 && sizes[0] === 0 ? [] : sizes
  const id = values.size
  const name = `${node.origin.source[0] ?? 'reshape'}/shape`
  values.set(id, { id, name, type: { dtype: 'i32', shape: [shape.length] }, data: constFromBytes(bytesOf(Int32Array.from(shape))) })
  return { ...node, inputs: [x, id] }
}

/** The fields of the record's own options; `other` where the file has options that the record does not know. */
function optionsOf(spec: OpSpec, operator: OperatorRecord): OptionFields | undefined | 'other' {
  const found = operator.builtinOptions ?? operator.builtinOptions2
  if (!found) return undefined
  if (found.type !== spec.options) return spec.options === undefined ? undefined : 'other'
  const fields = found.value as OptionFields
  const isKnown = Object.values(spec.attrs).every(
    (a) => a.kind !== 'dtype' || fields[a.field] === undefined || findDType(fields[a.field] as string) !== undefined,
  )
  return isKnown ? fields : 'other'
}
