import { type ByteSource, memorySource } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import type { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { builtinOperator as operators } from '../schema/tflite/builtin-operator.ts'
import { tensorTypeOfDType } from '../schema/tflite/dtype.ts'
import { modelTable, type operatorCodeTable, type operatorTable } from '../schema/tflite/model.ts'
import { tfliteIdentifier } from '../schema/tflite/records.ts'
import type { tensorTable } from '../schema/tflite/tensor.ts'
import { codeOfName, type InputOf, type NameOf, PlacedTable } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'
import { type ModelFile, maxRank, opOf, type PortInfo, type SignatureIo } from './model-io.ts'
import type { ModelState, VariableInfo } from './variables.ts'

/** What an edited model gives out under a name. */
export type OutputEdit =
  /** The tensor itself; the file's word about its shape is replaced. */
  | { readonly kind: 'tensor'; readonly port: PortInfo; readonly shape: readonly number[] }
  /** A copy of the tensor with this shape, in memory of its own. */
  | { readonly kind: 'copy'; readonly port: PortInfo; readonly shape: readonly number[] }
  /** Its sizes at run time, `i32[8]`: rank many, and zeros or anything behind them. */
  | { readonly kind: 'sizes'; readonly port: PortInfo }
  /** Its rank at run time, `i32[1]`. */
  | { readonly kind: 'rank'; readonly port: PortInfo }

/** A changed copy of a model, in pieces to be put one behind the other. */
export interface EditedModel {
  readonly pieces: readonly ByteSource[]
  readonly byteLength: number
}

// Weights are aligned to 16 bytes in the file, and stay so behind a header of this multiple.
const alignment = 16

type TensorInput = InputOf<typeof tensorTable>
type OperatorInput = InputOf<typeof operatorTable>
type OperatorName = Exclude<NameOf<typeof builtinOperator>, `UNKNOWN_${number}`>

/** Operators and tensors that are added to a subgraph; operator codes and constants are those of the model. */
class GraphDraft {
  readonly tensors: TensorInput[]
  readonly operators: OperatorInput[]
  readonly #model: ModelDraft

  constructor(model: ModelDraft, tensors: readonly TensorInput[] = [], operators: readonly OperatorInput[] = []) {
    this.#model = model
    this.tensors = [...tensors]
    this.operators = [...operators]
  }

  tensor(tensor: TensorInput): number {
    return this.tensors.push({ hasRank: true, ...tensor }) - 1
  }

  constant(name: string, values: readonly number[], shape: readonly number[]): number {
    return this.tensor({ name, type: 'INT32', shape, buffer: this.#model.constant(values) })
  }

  add(op: OperatorName, operands: readonly number[], results: readonly number[], options?: OperatorInput['builtinOptions']): void {
    this.operators.push({
      opcodeIndex: this.#model.operatorCode(op),
      inputs: [...operands],
      outputs: [...results],
      builtinOptions: options,
    })
  }

  /** Adds an operator with one new result. */
  result(op: OperatorName, operands: readonly number[], tensor: TensorInput, options?: OperatorInput['builtinOptions']): number {
    const output = this.tensor(tensor)
    this.add(op, operands, [output], options)
    return output
  }

  /** The kernels of shape arithmetic keep their results out of the buffers LiteRT provides, and constants are not copied there. */
  settle(tensor: number, type: TensorInput['type'], shape: readonly number[], name: string): number {
    return this.result(type === 'BOOL' ? 'LOGICAL_AND' : 'MAXIMUM', [tensor, tensor], { name, type, shape })
  }

  /** A copy in memory of its own. */
  copy(source: number, tensor: TensorInput & { readonly shape: readonly number[] }): number {
    const sizes = this.constant(`${tensor.name}_shape`, tensor.shape, [tensor.shape.length])
    return this.result('RESHAPE', [source, sizes], tensor, { type: 'ReshapeOptions', value: { newShape: [...tensor.shape] } })
  }
}

/** What subgraphs that are added to a model share. */
class ModelDraft {
  readonly operatorCodes: InputOf<typeof operatorCodeTable>[]
  readonly constants: Uint8Array[] = []
  readonly #firstBuffer: number

  constructor({ operatorCodes, buffers }: ModelFile['tables']) {
    this.operatorCodes = [...operatorCodes]
    this.#firstBuffer = buffers.length
  }

  constant(values: readonly number[]): number {
    return this.#firstBuffer + this.constants.push(bytesOf(Int32Array.from(values))) - 1
  }

  operatorCode(op: OperatorName): number {
    const code = codeOfName(operators, op)
    return this.operatorCodes.push({ deprecatedBuiltinCode: Math.min(code, 127), builtinCode: op, customCode: '', version: 1 }) - 1
  }
}

/** Where the signatures of an edited model that hand its variables out and take them in are. */
export const stateSignatures = { read: 1, write: 2 } as const

/**
 * A copy of a model with one signature, its inputs of the given shapes and its outputs as told, named by their number. Only the tables
 * are written anew; the file itself follows behind them with its weights in place. With `state` come signatures for its variables, in their
 * order: `read` gives them, `write` takes them and gives the first.
 */
export function editModel(
  file: ModelFile,
  signature: SignatureIo,
  inputShapes: readonly (readonly number[])[],
  outputs: readonly OutputEdit[],
  state?: ModelState,
): EditedModel {
  const { tables } = file
  const original = tables.subgraphs[signature.subgraph]!
  const model = new ModelDraft(tables)
  const draft = new GraphDraft(model, original.tensors, original.operators)

  const copy = (port: PortInfo, shape: readonly number[], name: string): number => {
    const { buffer, quantization } = original.tensors[port.tensor]!
    const type = tensorTypeOfDType(port.dtype)
    const isConstant = (tables.buffers[buffer]?.data?.byteLength ?? 0) > 0
    const isUnsettled = ['i32', 'i64'].includes(port.dtype) || (isConstant && ['f32', 'bool', 'i8', 'u8', 'i16'].includes(port.dtype))
    const source = isUnsettled ? draft.settle(port.tensor, type, port.initialShape, `${name}_settled`) : port.tensor
    return draft.copy(source, { name, type, quantization, shape })
  }
  const results = outputs.map((edit, i): number => {
    const { kind, port } = edit
    const name = `downcast_output_${i}`
    if (kind === 'copy') return copy(port, edit.shape, name)
    if (kind === 'tensor') {
      draft.tensors[port.tensor] = withShape(draft.tensors[port.tensor]!, edit.shape)
      return port.tensor
    }
    const shape = kind === 'sizes' ? [maxRank] : []
    const asked = draft.result(
      kind === 'sizes' ? 'SHAPE' : 'RANK',
      [port.tensor],
      { name: `${name}_asked`, type: 'INT32', shape },
      kind === 'sizes' ? shapeOptions : undefined,
    )
    return draft.settle(asked, 'INT32', shape, name)
  })

  signature.inputs.forEach((port, i) => {
    draft.tensors[port.tensor] = withShape(draft.tensors[port.tensor]!, inputShapes[i]!)
  })
  const { tensors, operators: all } = draft
  // Where a size of its operand is told to vary, this kernel puts results in memory of its own, out of the buffers LiteRT provides.
  for (const operator of original.operators) {
    const operand = opOf(operator, tables) === 'TOPK_V2' ? operator.inputs[0] : undefined
    const tensor = operand === undefined ? undefined : tensors[operand]
    if (tensor) tensors[operand!] = { ...tensor, shapeSignature: [] }
  }
  const subgraphs = tables.subgraphs.map((graph, g) =>
    g === signature.subgraph ? { ...graph, tensors, operators: all, outputs: results } : graph,
  )
  const ports = (list: readonly number[]) => list.map((tensorIndex, i) => ({ name: String(i), tensorIndex }))
  const defs = [
    {
      signatureKey: 'edited',
      subgraphIndex: signature.subgraph,
      inputs: ports(signature.inputs.map((p) => p.tensor)),
      outputs: ports(results),
    },
  ]
  const added = state ? [readGraph(model, state), writeGraph(model, state)] : []
  const more = added.map(({ name, inputs, outputs: given }, i) => ({
    signatureKey: name,
    subgraphIndex: subgraphs.length + i,
    inputs: ports(inputs),
    outputs: ports(given),
  }))
  const { operatorCodes, constants } = model
  return placed(file, { ...tables, operatorCodes, subgraphs: [...subgraphs, ...added], signatureDefs: [...defs, ...more] }, constants)
}

/** A subgraph that gives what variables hold. */
function readGraph(model: ModelDraft, state: ModelState) {
  const draft = new GraphDraft(model)
  initialize(draft, state)
  const outputs = state.variables.map((variable, i) => {
    const { type, shape } = typeOf(variable)
    const held = draft.result('READ_VARIABLE', [handle(draft, variable)], { name: `held_${i}`, type, shape })
    return draft.copy(held, { name: `read_${i}`, type, shape })
  })
  return { name: 'downcast_read_variables', tensors: draft.tensors, operators: draft.operators, inputs: [], outputs }
}

/** A subgraph that stores its inputs in variables. */
function writeGraph(model: ModelDraft, state: ModelState) {
  const draft = new GraphDraft(model)
  // What is stored first is not stored again by the signature that is run next.
  initialize(draft, state)
  const inputs = state.variables.map((variable, i) => {
    const value = draft.tensor({ name: `written_${i}`, ...typeOf(variable) })
    draft.add('ASSIGN_VARIABLE', [handle(draft, variable), value], [], { type: 'AssignVariableOptions', value: {} })
    return value
  })
  const outputs = [draft.copy(inputs[0]!, { name: 'written', ...typeOf(state.variables[0]!) })]
  return { name: 'downcast_write_variables', tensors: draft.tensors, operators: draft.operators, inputs, outputs }
}

function initialize(draft: GraphDraft, { initializers }: ModelState): void {
  for (const initSubgraphIndex of initializers) draft.add('CALL_ONCE', [], [], { type: 'CallOnceOptions', value: { initSubgraphIndex } })
}

function handle(draft: GraphDraft, { container, sharedName }: VariableInfo): number {
  const options = { type: 'VarHandleOptions', value: { container, sharedName } } as const
  return draft.result('VAR_HANDLE', [], { name: sharedName, type: 'RESOURCE', shape: [] }, options)
}

function typeOf({ dtype, shape }: VariableInfo) {
  return { type: tensorTypeOfDType(dtype), shape }
}

const shapeOptions = { type: 'ShapeOptions', value: { outType: 'INT32' } } as const

function withShape(tensor: TensorInput, shape: readonly number[]): TensorInput {
  return { ...tensor, shape: [...shape], shapeSignature: [], hasRank: true }
}

/** The tables as a header, then the file, then the constants. */
function placed(file: ModelFile, tables: Omit<InputOf<typeof modelTable>, 'buffers'>, constants: readonly Uint8Array[]): EditedModel {
  const { name, source } = file
  const fill = aligned(source.byteLength) - source.byteLength
  // Where the length words of the data vectors are, from the start of the file.
  const vectors = file.tables.buffers.map(({ data }) => (data === undefined || data.byteLength === 0 ? undefined : data.offset! - 4))
  constants.forEach((_, i) => {
    vectors.push(source.byteLength + fill + constantBytes * i)
  })
  const encode = (bufferTablesAt: number): Uint8Array => {
    const buffers = vectors.map((v, i) => (v === undefined ? {} : new PlacedTable(bufferTablesAt + bufferTableBytes * (i + 1))))
    return encodeFlatbuffer(modelTable, { ...tables, buffers }, { identifier: tfliteIdentifier })
  }
  // Places of tables do not change how long their list is.
  const bufferTablesAt = aligned(encode(farAway).byteLength)
  const header = new Uint8Array(aligned(bufferTablesAt + bufferTableBytes * (vectors.length + 1)))
  header.set(encode(bufferTablesAt))
  putBufferTables(header, bufferTablesAt, vectors)

  const tail = new Uint8Array(fill + constantBytes * constants.length)
  const data = new DataView(tail.buffer)
  constants.forEach((constant, i) => {
    const at = fill + constantBytes * i
    data.setUint32(at, constant.byteLength, true)
    tail.set(constant, at + 4)
  })
  const pieces = [memorySource(name, header), source, memorySource(name, tail)]
  return { pieces, byteLength: header.byteLength + source.byteLength + tail.byteLength }
}

/** Room for one constant: its length and at most 8 sizes. */
const constantBytes = 64
/** Offset to the vtable, offset to the data; the vtable that all share has as many. */
const bufferTableBytes = 8
// Beyond all tables, and such that what lies there still has a valid offset.
const farAway = 2 ** 30

/** Writes a `Buffer` table for each vector, behind the vtable they share. */
function putBufferTables(header: Uint8Array, at: number, vectors: readonly (number | undefined)[]): void {
  const data = new DataView(header.buffer)
  // The vtable: its own length, the table's length, the offset of the one field.
  data.setUint16(at, 6, true)
  data.setUint16(at + 2, bufferTableBytes, true)
  data.setUint16(at + 4, 4, true)
  vectors.forEach((vector, i) => {
    if (vector === undefined) return
    const table = at + bufferTableBytes * (i + 1)
    data.setInt32(table, table - at, true)
    data.setUint32(table + 4, header.byteLength + vector - (table + 4), true)
  })
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}
