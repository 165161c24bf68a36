import { type ConstData, constFromBytes } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { bytesOf, type DType } from '../core/dtype.ts'
import { toHalf } from '../core/half.ts'
import { fileShape, isStatic, type Shape } from '../core/shape.ts'
import type { Graph, Model, Node, QuantParams, Signature, Value, ValueId } from '../ir/types.ts'
import { findBuiltin, findSpec } from '../ops/index.ts'
import { hasKeptOptions, type KeptModel, type KeptOperator, keptModel, keptOperator, keptTensor } from '../ops/kept.ts'
import { encodeOptions } from '../ops/options.ts'
import type { OpSpec, TypedNodeView } from '../ops/spec.ts'
import { viewNode, withResults } from '../ops/view.ts'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { tensorTypeOfDType } from '../schema/tflite/dtype.ts'
import type { operatorTable, signatureDefTable, subGraphTable } from '../schema/tflite/model.ts'
import type { ModelInput } from '../schema/tflite/records.ts'
import type { tensorTable } from '../schema/tflite/tensor.ts'
import type { InputOf } from '../wire/flatbuffers/schema.ts'
import { latestRelease } from './release.ts'

export interface ExportedModel {
  readonly record: ModelInput
  /** By buffer index; 0 is the empty buffer that values without data point to. */
  readonly buffers: readonly ConstData[]
  /** First runtime release that runs every op of the model. */
  readonly minRuntimeVersion: string
}

const schemaVersion = 3
const utf8 = new TextEncoder()

/** The file's tables from a model; `metadata` comes on top of the model's own. */
export function modelRecord(model: Model, metadata: ReadonlyMap<string, ConstData>): ExportedModel {
  const kept = keptModel(model)
  const codes = new OperatorCodes(kept)
  const buffers: ConstData[] = [constFromBytes(new Uint8Array())]
  const bufferOf = new Map<ConstData, number>()
  const addBuffer = (data: ConstData): number => {
    const known = bufferOf.get(data)
    if (known !== undefined) return known
    bufferOf.set(data, buffers.length)
    return buffers.push(data) - 1
  }
  const tensorIndices: ReadonlyMap<ValueId, number>[] = []
  const subgraphs = model.graphs.map((graph) => {
    const order = tensorOrder(graph)
    const indices = new Map(order.map((v, i) => [v.id, i]))
    tensorIndices.push(indices)
    return subgraphRecord(graph, order, indices, codes, addBuffer)
  })
  const minRuntimeVersion = latestRelease(codes.releases)
  const all = new Map([['min_runtime_version', constFromBytes(padded(minRuntimeVersion, 16))], ...model.metadata, ...metadata])
  const record: ModelInput = {
    version: schemaVersion,
    operatorCodes: codes.records(),
    subgraphs,
    description: model.description,
    metadata: [...all].map(([name, data]) => ({ name, buffer: addBuffer(data) })),
    externalBufferGroups: kept?.externalBufferGroups,
    externalBuffers: kept?.externalBuffers,
    signatureDefs: model.signatures.map((s) => signatureRecord(s, tensorIndices[s.graph]!)),
  }
  return { record, buffers, minRuntimeVersion }
}

function padded(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(utf8.encode(text))
  return bytes
}

/** Inputs first, then constants and states as they are first read, then results, then what only a kernel fills. */
function tensorOrder(graph: Graph): Value[] {
  const order = new Set<ValueId>(graph.inputs)
  for (const id of graph.nodes.flatMap((n) => n.inputs)) {
    const v = id === null ? undefined : graph.values.get(id)
    if (v?.data || v?.isVariable) order.add(v.id)
  }
  for (const n of graph.nodes) for (const id of n.outputs) order.add(id)
  for (const id of graph.outputs) order.add(id)
  for (const n of graph.nodes) for (const id of n.inputs) if (id !== null) order.add(id)
  const intermediates = new Map(graph.nodes.flatMap((n) => intermediatesOf(graph, n)).map((v) => [v.id, v]))
  for (const id of intermediates.keys()) order.add(id)
  return [...order].map((id) => {
    const v = graph.values.get(id) ?? intermediates.get(id)
    invariant(v, `value ${id} is not in graph ${graph.name}`)
    return v
  })
}

/** What the values of a graph are called in the file. */
export function tensorNames(graph: Graph): Map<ValueId, string> {
  const unique = uniqueNames()
  return new Map(tensorOrder(graph).map((v) => [v.id, unique(v.name)]))
}

function subgraphRecord(
  graph: Graph,
  order: readonly Value[],
  indices: ReadonlyMap<ValueId, number>,
  codes: OperatorCodes,
  addBuffer: (data: ConstData) => number,
): InputOf<typeof subGraphTable> {
  const indexOf = (id: ValueId | null) => {
    if (id === null) return -1
    const i = indices.get(id)
    invariant(i !== undefined, `value ${id} has no tensor in graph ${graph.name}`)
    return i
  }
  const unique = uniqueNames()
  const tensors = order.map((v) => tensorRecord(v, unique(v.name), v.data ? addBuffer(v.data) : 0))
  order.forEach(({ name, type }, i) => {
    const { quant } = type
    if (quant?.kind !== 'blockwise') return
    const add = (as: string, dtype: DType, data: ArrayBufferView): number => {
      const value: Value = { id: -1, name: unique(`${name}_${as}`), type: { dtype, shape: blockShape(type.shape, quant) } }
      return tensors.push(tensorRecord(value, value.name, addBuffer(constFromBytes(bytesOf(data))))) - 1
    }
    const scales = add('scales', 'f16', toHalf(quant.scales))
    const zeroPoints = quant.zeroPoints ? add('zero_points', 'i32', quant.zeroPoints) : -1
    const value = { scales, zeroPoints, blockSize: quant.blockSize, blockShape: [] }
    tensors[i] = { ...tensors[i], quantization: { details: { type: 'BlockwiseQuantization', value } } }
  })
  return {
    name: graph.name,
    tensors,
    inputs: graph.inputs.map(indexOf),
    outputs: graph.outputs.map(indexOf),
    operators: graph.nodes.map((node) => operatorRecord(graph, node, indexOf, codes)),
  }
}

function operatorRecord(
  graph: Graph,
  node: Node,
  indexOf: (id: ValueId | null) => number,
  codes: OperatorCodes,
): InputOf<typeof operatorTable> {
  const kept = keptOperator(node)
  const common = { inputs: node.inputs.map(indexOf), outputs: node.outputs.map(indexOf) }
  if (kept && (node.op === 'custom' || (hasKeptOptions(node) && kept.inputs === node.inputs))) {
    return { ...keptFields(kept, indexOf), ...common, opcodeIndex: codes.indexOfKept(kept) }
  }
  if (node.op === 'custom') {
    const { customCode, options } = node.attrs
    invariant(typeof customCode === 'string' && options instanceof Uint8Array, 'a custom op has a code and options')
    return {
      opcodeIndex: codes.indexOfCustom(customCode),
      ...common,
      customOptions: options,
    }
  }
  const spec = findSpec(node.op)
  invariant(spec, `there is no op record ${node.op}`)
  const version = Math.max(versionOf(graph, node, spec), kept?.code.version ?? 1)
  const opcodeIndex = codes.indexOf(spec, version)
  if (kept && hasKeptOptions(node)) return { ...keptFields(kept, indexOf), ...common, opcodeIndex }
  const fields = spec.options ? encodeOptions(spec, node.attrs) : undefined
  const intermediates = intermediatesOf(graph, node).map((v) => indexOf(v.id))
  return {
    opcodeIndex,
    ...common,
    ...(intermediates.length > 0 ? { intermediates } : {}),
    ...(fields
      ? { builtinOptions: { type: spec.options, value: fields } as NonNullable<InputOf<typeof operatorTable>['builtinOptions']> }
      : {}),
  }
}

/** An operator as it was read, but for the numbers of its code and tensors. */
function keptFields({ operator, intermediates }: KeptOperator, indexOf: (id: ValueId) => number): InputOf<typeof operatorTable> {
  return { ...operator, intermediates: intermediates.map((v) => indexOf(v.id)), debugMetadataIndex: -1 }
}

/** Tensors that only the kernel fills: as they were read, or as the record lists them, with numbers below those of values. */
function intermediatesOf(graph: Graph, node: Node): readonly Value[] {
  if (hasKeptOptions(node)) return keptOperator(node)?.intermediates ?? []
  const spec = findSpec(node.op)
  if (!spec?.intermediates) return []
  const types = spec.intermediates(viewOf(graph, node, spec))
  return types.map((type, i) => ({ id: -1 - node.id * maxIntermediates - i, name: `${spec.name}/intermediate`, type }))
}

const maxIntermediates = 16

function versionOf(graph: Graph, node: Node, spec: OpSpec): number {
  return spec.version(viewOf(graph, node, spec))
}

function viewOf(graph: Graph, node: Node, spec: OpSpec): TypedNodeView {
  const values = node.inputs.map((id) => (id === null ? null : graph.values.get(id)!))
  return withResults(
    viewNode(spec, node.attrs, values, node.origin),
    node.outputs.map((id) => graph.values.get(id)!.type),
  )
}

function tensorRecord(v: Value, name: string, buffer: number): InputOf<typeof tensorTable> {
  const { dtype, shape, quant, range } = v.type
  const kept = keptTensor(v)
  if (kept) return { ...kept, name, buffer }
  return {
    shape: shape.map((d) => (typeof d === 'number' ? d : 1)),
    type: tensorTypeOfDType(dtype),
    buffer,
    name,
    quantization: { ...(quant ? quantRecord(quant) : {}), ...(range ? { min: [range[0]], max: [range[1]] } : {}) },
    isVariable: v.isVariable ?? false,
    shapeSignature: isStatic(shape) ? [] : fileShape(shape),
    hasRank: true,
  }
}

function quantRecord(q: QuantParams): InputOf<typeof tensorTable>['quantization'] {
  switch (q.kind) {
    case 'per-tensor':
      return { scale: [q.scale], zeroPoint: [BigInt(q.zeroPoint)] }
    case 'per-axis':
      return {
        scale: q.scales,
        zeroPoint: q.zeroPoints.some((z) => z !== 0) ? BigInt64Array.from(q.zeroPoints, BigInt) : new BigInt64Array(q.zeroPoints.length),
        quantizedDimension: q.axis,
      }
    case 'blockwise':
      // Its scales are a tensor, which is added when all others have their numbers.
      return {}
  }
}

/** Shape of the scales of a tensor in blocks. */
function blockShape(shape: Shape, { axis, blockSize }: Extract<QuantParams, { kind: 'blockwise' }>): Shape {
  return shape.map((d, i) => (i === axis ? (d as number) / blockSize : d))
}

function signatureRecord(s: Signature, indices: ReadonlyMap<ValueId, number>): InputOf<typeof signatureDefTable> {
  const ports = (list: Signature['inputs']) => list.map((p) => ({ name: p.name, tensorIndex: indices.get(p.value)! }))
  return { signatureKey: s.key, subgraphIndex: s.graph, inputs: ports(s.inputs), outputs: ports(s.outputs) }
}

/** One code per builtin or custom op in the order of first use, with the highest version any use needs. */
class OperatorCodes {
  readonly #codes = new Map<OpSpec | string, { index: number; version: number; isMade: boolean }>()
  /** Builtins without a record, by their key. */
  readonly #others = new Map<string, KeptOperator['code']['builtinCode']>()
  /** Of the file the model was read from; it knows what it needs, also of versions that the records do not have. */
  readonly #read: KeptModel | undefined

  constructor(read: KeptModel | undefined) {
    this.#read = read
  }

  indexOf(spec: OpSpec, version: number): number {
    return this.#add(spec, version, true)
  }

  /** A custom op by its name; it has no versions. */
  indexOfCustom(code: string): number {
    return this.#add(code, 1, true)
  }

  /** The code an operator was read with, unknown builtins included. */
  indexOfKept({ code }: KeptOperator): number {
    if (code.builtinCode === 'CUSTOM') return this.#add(code.customCode, code.version, false)
    // No custom code begins with NUL: it would end there.
    const key = findBuiltin(code.builtinCode) ?? `\0${code.builtinCode}`
    if (typeof key === 'string') this.#others.set(key, code.builtinCode)
    return this.#add(key, code.version, false)
  }

  #add(key: OpSpec | string, version: number, isMade: boolean): number {
    const known = this.#codes.get(key)
    if (known) {
      known.isMade ||= isMade
      known.version = Math.max(known.version, version)
      return known.index
    }
    const index = this.#codes.size
    this.#codes.set(key, { index, version, isMade })
    return index
  }

  records(): NonNullable<ModelInput['operatorCodes']> {
    return [...this.#codes].map(([spec, { version }]) => {
      const other = typeof spec === 'string' ? this.#others.get(spec) : undefined
      if (other !== undefined) return { builtinCode: other, version }
      if (typeof spec === 'string') return { builtinCode: 'CUSTOM', customCode: spec, version }
      invariant(spec.builtin in builtinOperator.codes, `${spec.builtin} is no builtin operator`)
      return { builtinCode: spec.builtin as keyof typeof builtinOperator.codes, version }
    })
  }

  get releases(): string[] {
    const stated = this.#read?.minRuntimeVersion
    const made = [...this.#codes].flatMap(([spec, { version, isMade }]) => {
      if (typeof spec === 'string' || (stated && !isMade)) return []
      const release = spec.releases[version]
      invariant(release || this.#read, `${spec.builtin} version ${version} has no release`)
      return release ? [release] : []
    })
    return stated ? [stated, ...made] : made
  }
}

/** Names as they come; a repeated one gets the first free number behind it. */
function uniqueNames(): (name: string) => string {
  const taken = new Map<string, number>()
  return (name) => {
    let next = taken.get(name)
    if (next === undefined) {
      taken.set(name, 1)
      return name
    }
    while (taken.has(`${name}${next}`)) next++
    taken.set(name, next + 1)
    taken.set(`${name}${next}`, 1)
    return `${name}${next}`
  }
}
