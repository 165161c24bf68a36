import { bytesOf } from '../core/dtype.ts'
import type { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { builtinOperator as operators } from '../schema/tflite/builtin-operator.ts'
import { tensorTypeOfDType } from '../schema/tflite/dtype.ts'
import { modelTable, type operatorTable } from '../schema/tflite/model.ts'
import { tfliteIdentifier } from '../schema/tflite/records.ts'
import type { tensorTable } from '../schema/tflite/tensor.ts'
import { codeOfName, type InputOf, type NameOf, PlacedTable } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'
import { type ModelFile, maxRank, type PortInfo, type SignatureIo } from './model-io.ts'

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
  readonly pieces: readonly Uint8Array[]
  readonly byteLength: number
}

// Weights are aligned to 16 bytes in the file, and stay so behind a header of this multiple.
const alignment = 16

type TensorInput = InputOf<typeof tensorTable>
type OperatorInput = InputOf<typeof operatorTable>
type OperatorName = Exclude<NameOf<typeof builtinOperator>, `UNKNOWN_${number}`>

/**
 * A copy of a model with one signature, its inputs of the given shapes and its outputs as told, named by their number. Only the tables
 * are written anew; the file itself follows behind them with its weights in place.
 */
export function editModel(
  file: ModelFile,
  signature: SignatureIo,
  inputShapes: readonly (readonly number[])[],
  outputs: readonly OutputEdit[],
): EditedModel {
  const { tables } = file
  const original = tables.subgraphs[signature.subgraph]!
  const tensors: TensorInput[] = [...original.tensors]
  const added: OperatorInput[] = []
  const operatorCodes = [...tables.operatorCodes]
  const constants: Uint8Array[] = []

  const addTensor = (tensor: TensorInput): number => tensors.push({ hasRank: true, ...tensor }) - 1
  const addConstant = (name: string, values: readonly number[], shape: readonly number[]): number => {
    constants.push(bytesOf(Int32Array.from(values)))
    return addTensor({ name, type: 'INT32', shape, buffer: tables.buffers.length + constants.length - 1 })
  }
  const add = (op: OperatorName, operands: readonly number[], result: TensorInput, options?: OperatorInput['builtinOptions']): number => {
    const code = codeOfName(operators, op)
    operatorCodes.push({ deprecatedBuiltinCode: Math.min(code, 127), builtinCode: op, customCode: '', version: 1 })
    const output = addTensor(result)
    added.push({ opcodeIndex: operatorCodes.length - 1, inputs: [...operands], outputs: [output], builtinOptions: options })
    return output
  }
  /** The kernels of shape arithmetic keep their results out of the buffers LiteRT provides, and constants are not copied there. */
  const settle = (tensor: number, type: TensorInput['type'], shape: readonly number[], name: string): number =>
    add(type === 'BOOL' ? 'LOGICAL_AND' : 'MAXIMUM', [tensor, tensor], { name, type, shape })

  const copy = (port: PortInfo, shape: readonly number[], name: string): number => {
    const { buffer, quantization } = original.tensors[port.tensor]!
    const type = tensorTypeOfDType(port.dtype)
    const isConstant = (tables.buffers[buffer]?.data?.byteLength ?? 0) > 0
    const isUnsettled = port.dtype === 'i32' || port.dtype === 'i64' || ((port.dtype === 'f32' || port.dtype === 'bool') && isConstant)
    const source = isUnsettled ? settle(port.tensor, type, port.initialShape, `${name}_settled`) : port.tensor
    const sizes = addConstant(`${name}_shape`, shape, [shape.length])
    const options = { type: 'ReshapeOptions', value: { newShape: [...shape] } } as const
    return add('RESHAPE', [source, sizes], { name, type, quantization, shape }, options)
  }
  const results = outputs.map((edit, i): number => {
    const { kind, port } = edit
    const name = `downcast_output_${i}`
    if (kind === 'copy') return copy(port, edit.shape, name)
    if (kind === 'tensor') {
      tensors[port.tensor] = withShape(tensors[port.tensor]!, edit.shape)
      return port.tensor
    }
    const shape = kind === 'sizes' ? [maxRank] : []
    const asked = add(
      kind === 'sizes' ? 'SHAPE' : 'RANK',
      [port.tensor],
      { name: `${name}_asked`, type: 'INT32', shape },
      kind === 'sizes' ? shapeOptions : undefined,
    )
    return settle(asked, 'INT32', shape, name)
  })

  signature.inputs.forEach((port, i) => {
    tensors[port.tensor] = withShape(tensors[port.tensor]!, inputShapes[i]!)
  })
  const subgraphs = tables.subgraphs.map((graph, g) =>
    g === signature.subgraph ? { ...graph, tensors, operators: [...graph.operators, ...added], outputs: results } : graph,
  )
  const ports = (list: readonly PortInfo[]) => list.map((p, i) => ({ name: String(i), tensorIndex: p.tensor }))
  const signatureDefs = [
    {
      signatureKey: 'edited',
      subgraphIndex: signature.subgraph,
      inputs: ports(signature.inputs),
      outputs: results.map((tensorIndex, i) => ({ name: String(i), tensorIndex })),
    },
  ]
  return placed(file, { ...tables, operatorCodes, subgraphs, signatureDefs }, constants)
}

const shapeOptions = { type: 'ShapeOptions', value: { outType: 'INT32' } } as const

function withShape(tensor: TensorInput, shape: readonly number[]): TensorInput {
  return { ...tensor, shape: [...shape], shapeSignature: [], hasRank: true }
}

/** The tables as a header, then the file, then the constants. */
function placed(file: ModelFile, tables: Omit<InputOf<typeof modelTable>, 'buffers'>, constants: readonly Uint8Array[]): EditedModel {
  const { bytes } = file
  const fill = aligned(bytes.byteLength) - bytes.byteLength
  // Where the length words of the data vectors are, from the start of the file.
  const vectors = file.tables.buffers.map(({ data }) =>
    data === undefined || data.byteLength === 0 ? undefined : data.bytes().byteOffset - bytes.byteOffset - 4,
  )
  constants.forEach((_, i) => {
    vectors.push(bytes.byteLength + fill + constantBytes * i)
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
  return { pieces: [header, bytes, tail], byteLength: header.byteLength + bytes.byteLength + tail.byteLength }
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
