import { type ByteSource, type Contents, sourceOf } from '../core/bytes.ts'
import type { Shape } from '../core/shape.ts'
import type { QuantParams } from '../ir/types.ts'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { findDType } from '../schema/tflite/dtype.ts'
import { modelTable, type operatorCodeTable, type subGraphTable } from '../schema/tflite/model.ts'
import { tfliteIdentifier } from '../schema/tflite/records.ts'
import type { tensorTable } from '../schema/tflite/tensor.ts'
import { limitExceeded, malformed } from '../wire/diagnostics.ts'
import { decodeFlatbuffer } from '../wire/flatbuffers/reader.ts'
import { codeOfName, nameOfCode, type RecordOf } from '../wire/flatbuffers/schema.ts'
import type { SignatureInfo, TensorInfo } from './runner.ts'

export type ModelTables = RecordOf<typeof modelTable>
export type SubGraphTables = RecordOf<typeof subGraphTable>
export type TensorRecord = RecordOf<typeof tensorTable>

/** A tensor of a signature. */
export interface PortInfo extends TensorInfo {
  /** Index in the subgraph. */
  readonly tensor: number
  /** The shape that the file starts with, 1 where it is open. */
  readonly initialShape: readonly number[]
  /** Whether the file leaves the number of axes open. */
  readonly isRankOpen: boolean
}

export interface SignatureIo extends SignatureInfo {
  readonly subgraph: number
  /** Whether the file declares it; else it stands for the first subgraph's own inputs and outputs. */
  readonly isDeclared: boolean
  /** Its outputs are others than the file's. */
  readonly hasOwnOutputs?: boolean
  readonly inputs: readonly PortInfo[]
  readonly outputs: readonly PortInfo[]
}

/** A `.tflite` file, its tables decoded, its weights where they are. */
export interface ModelFile {
  readonly name: string
  readonly source: ByteSource
  readonly tables: ModelTables
  readonly signatures: readonly SignatureIo[]
}

/** LiteRT has at most 8 dimensions (LITERT_TENSOR_MAX_RANK). */
export const maxRank = 8
/** The key that LiteRT gives the signature of a file without any. */
const defaultSignatureKey = '<placeholder signature>'

/** Decodes a model and finds its signatures. Throws wire/truncated, wire/malformed, wire/limit-exceeded. */
export function openModel(name: string, contents: Contents): ModelFile {
  const source = sourceOf(name, contents)
  const { value: tables } = decodeFlatbuffer(modelTable, source, { identifier: tfliteIdentifier })
  const at = <T>(list: readonly T[], index: number, what: string): T => {
    const item = list[index]
    if (item === undefined) throw malformed({ file: name, what, expected: `an index below ${list.length}`, actual: String(index) })
    return item
  }
  const port = (graph: SubGraphTables, index: number, portName?: string): PortInfo =>
    portOf(name, at(graph.tensors, index, 'tensor of a signature'), index, portName)
  const declared = tables.signatureDefs.map((s): SignatureIo => {
    const graph = at(tables.subgraphs, s.subgraphIndex, 'subgraph of a signature')
    return {
      key: s.signatureKey,
      subgraph: s.subgraphIndex,
      isDeclared: true,
      inputs: s.inputs.map((m) => port(graph, m.tensorIndex, m.name)),
      outputs: s.outputs.map((m) => port(graph, m.tensorIndex, m.name)),
    }
  })
  if (declared.length > 0) return { name, source, tables, signatures: declared }
  const graph = at(tables.subgraphs, 0, 'subgraph')
  const inputs = [...graph.inputs].map((i) => port(graph, i))
  const outputs = [...graph.outputs].map((i) => port(graph, i))
  return { name, source, tables, signatures: [{ key: defaultSignatureKey, subgraph: 0, isDeclared: false, inputs, outputs }] }
}

/** The op of an operator code, as runtimes take it: files before 2020 fill the deprecated field only. */
export function operatorName(code: RecordOf<typeof operatorCodeTable>): string {
  return nameOfCode(builtinOperator, Math.max(code.deprecatedBuiltinCode, codeOfName(builtinOperator, code.builtinCode)))
}

/** The op of an operator; undefined where its code is not in the file. */
export function opOf({ opcodeIndex }: SubGraphTables['operators'][number], { operatorCodes }: ModelTables): string | undefined {
  const code = operatorCodes[opcodeIndex]
  return code && operatorName(code)
}

/** The file as one that takes inputs of any sizes, where its ops do. */
export function withOpenSizes(file: ModelFile): ModelFile {
  const open = (port: PortInfo): PortInfo => ({ ...port, shape: port.shape.map((_, axis) => (axis === 0 ? 'N' : `d${axis}`)) })
  const signatures = file.signatures.map((s) => ({ ...s, inputs: s.inputs.map(open), outputs: s.outputs.map(open) }))
  return { ...file, signatures }
}

/** The file with other tensors of a signature's subgraph, by index, as that signature's outputs; each is named by its index. */
export function withOutputs(file: ModelFile, key: string, tensors: readonly number[]): ModelFile {
  const signatures = file.signatures.map((s) => {
    if (s.key !== key) return s
    const graph = file.tables.subgraphs[s.subgraph]!
    return { ...s, hasOwnOutputs: true, outputs: tensors.map((t) => portOf(file.name, graph.tensors[t]!, t, String(t))) }
  })
  return { ...file, signatures }
}

function portOf(file: string, tensor: TensorRecord, index: number, name: string = tensor.name): PortInfo {
  const { shapeSignature } = tensor
  if (tensor.shape.length > maxRank) {
    throw limitExceeded({
      file,
      what: `rank of the tensor ${JSON.stringify(name)}`,
      expected: `at most ${maxRank}`,
      actual: String(tensor.shape.length),
    })
  }
  const sizes = shapeSignature.length === tensor.shape.length ? shapeSignature : tensor.shape
  const shape: Shape = Array.from(sizes, (d, axis) => (d >= 0 ? d : axis === 0 ? 'N' : `d${axis}`))
  const initialShape = Array.from(tensor.shape, (d) => Math.max(d, 1))
  return {
    name,
    tensor: index,
    dtype: findDType(tensor.type) ?? 'variant',
    shape,
    quant: quantOf(tensor),
    initialShape,
    isRankOpen: initialShape.length === 0 && !tensor.hasRank,
  }
}

function quantOf({ quantization }: TensorRecord): QuantParams | undefined {
  if (!quantization || quantization.scale.length === 0) return undefined
  const { scale, zeroPoint, quantizedDimension: axis } = quantization
  if (scale.length === 1) return { kind: 'per-tensor', scale: scale[0]!, zeroPoint: Number(zeroPoint[0] ?? 0n) }
  const zeroPoints = Int32Array.from(scale, (_, i) => Number(zeroPoint[i] ?? 0n))
  return { kind: 'per-axis', axis, scales: scale, zeroPoints }
}
