import { bitsOf } from '../core/dtype.ts'
import type { ConversionMetadata, TfliteFile } from '../import/tflite/read-file.ts'
import { findDType } from '../schema/tflite/dtype.ts'
import { describeBuffers, newBufferUse } from './buffers.ts'
import { activationMemory } from './live-ranges.ts'
import { describeOperators } from './operators.ts'
import { describeSizes } from './sizes.ts'
import { describeTensors } from './tensors.ts'
import {
  type ConversionInfo,
  type CostInfo,
  type Inspection,
  inspectionVersion,
  type MetadataInfo,
  type OpcodeInfo,
  type PortInfo,
  type SignatureInfo,
  type SubgraphInfo,
} from './types.ts'
import { type Preprocess, preprocessedRange } from './value-range.ts'

export interface InspectOptions {
  /** Hexadecimal SHA-256 of the file, where the caller has computed it. */
  readonly sha256?: string | undefined
  /** How the float inputs are fed; gives their value range, which files mostly do not state. */
  readonly preprocess?: Preprocess | undefined
  /** Read every buffer to find duplicates and constants filled with one value; default true. */
  readonly contents?: boolean | undefined
}

/**
 * All that can be said of a `.tflite` file without running it, as plain data. The file was verified when it was read, so nothing is
 * thrown here but what its source throws.
 */
export function inspectModel(file: TfliteFile, options: InspectOptions = {}): Inspection {
  const { model } = file
  const counted = new Set<number>()
  const inputRange = () => (options.preprocess ? preprocessedRange(options.preprocess) : null)
  const subgraphs = model.subgraphs.map((graph, index): SubgraphInfo => {
    const operators = describeOperators(model, graph, file.buffers, counted)
    const tensors = describeTensors(graph, operators, file.buffers, inputRange)
    const outputs = new Set(graph.outputs)
    const live = tensors
      .filter((t) => t.kind !== 'constant' && t.kind !== 'unused')
      .map((t) => ({
        sizeBytes: t.sizeBytes ?? 0,
        producer: t.producer,
        consumers: t.consumers,
        isInput: t.kind === 'input',
        isOutput: outputs.has(t.index),
        isVariable: t.isVariable,
      }))
    return {
      index,
      name: graph.name,
      inputs: Array.from(graph.inputs),
      outputs: Array.from(graph.outputs),
      tensors,
      operators,
      activations: activationMemory(live, operators.length),
    }
  })
  const metadata = describeMetadata(file)
  const buffers = describeBuffers(file.buffers, bufferUses(file, subgraphs), options.contents ?? true)
  const signatures = describeSignatures(file)
  const main = mainPorts(signatures, subgraphs)
  return {
    kind: 'downcast/inspection',
    version: inspectionVersion,
    file: { name: file.name, sizeBytes: file.byteLength, sha256: options.sha256 ?? null, schemaVersion: model.version },
    description: model.description,
    minRuntimeVersion: file.minRuntimeVersion ?? null,
    conversion: describeConversion(file.conversionMetadata),
    signatures,
    ...main,
    subgraphs,
    opcodes: describeOpcodes(file),
    buffers,
    metadata,
    sizes: describeSizes(file.byteLength, subgraphs, buffers, metadata),
    cost: describeCost(subgraphs, main.inputs[0]?.subgraph ?? 0),
    warnings: file.warnings,
  }
}

function describeSignatures({ model }: TfliteFile): SignatureInfo[] {
  return model.signatureDefs.map(({ signatureKey, subgraphIndex, inputs, outputs }) => {
    const ports = (list: typeof inputs): PortInfo[] =>
      list.map((port) => ({ name: port.name, subgraph: subgraphIndex, tensor: port.tensorIndex }))
    return { key: signatureKey, subgraph: subgraphIndex, inputs: ports(inputs), outputs: ports(outputs) }
  })
}

function mainPorts(signatures: readonly SignatureInfo[], subgraphs: readonly SubgraphInfo[]): Pick<Inspection, 'inputs' | 'outputs'> {
  const [first] = signatures
  if (first) return { inputs: first.inputs, outputs: first.outputs }
  const [graph] = subgraphs
  const ports = (list: readonly number[]): PortInfo[] =>
    list.map((tensor) => ({ name: graph!.tensors[tensor]!.name, subgraph: graph!.index, tensor }))
  return graph ? { inputs: ports(graph.inputs), outputs: ports(graph.outputs) } : { inputs: [], outputs: [] }
}

function bufferUses({ model }: TfliteFile, subgraphs: readonly SubgraphInfo[]) {
  const uses = new Map<number, ReturnType<typeof newBufferUse>>()
  const useOf = (buffer: number) => {
    const use = uses.get(buffer) ?? newBufferUse()
    uses.set(buffer, use)
    return use
  }
  for (const graph of subgraphs) {
    for (const { index, buffer, dtype } of graph.tensors) {
      if (buffer === 0) continue
      const use = useOf(buffer)
      const bits = bitsOf(findDType(dtype.toUpperCase()) ?? 'string')
      if (use.tensors.length === 0) use.elementBytes = Math.max(1, bits >> 3)
      use.tensors.push({ subgraph: graph.index, tensor: index })
    }
  }
  for (const { name, buffer } of model.metadata) useOf(buffer).metadata.push(name)
  return uses
}

function describeOpcodes({ model }: TfliteFile): OpcodeInfo[] {
  const uses = new Map<number, number>()
  for (const { opcodeIndex } of model.subgraphs.flatMap((g) => g.operators)) uses.set(opcodeIndex, (uses.get(opcodeIndex) ?? 0) + 1)
  return model.operatorCodes.map(({ builtinCode, customCode, version }, index) => {
    const isCustom = builtinCode === 'CUSTOM'
    return { index, op: isCustom ? customCode || builtinCode : builtinCode, isCustom, version, uses: uses.get(index) ?? 0 }
  })
}

/** Metadata of more bytes is not shown as text. */
const maxMetadataText = 4096

function describeMetadata({ model, buffers }: TfliteFile): MetadataInfo[] {
  return model.metadata.map(({ name, buffer }) => {
    const data = buffers[buffer]!
    const text = data.byteLength <= maxMetadataText ? new TextDecoder().decode(data.bytes()).replace(/\0+$/, '') : ''
    const isText = text !== '' && !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/.test(text)
    return { name, buffer, sizeBytes: data.byteLength, text: isText ? text : null }
  })
}

function describeConversion(record: ConversionMetadata | undefined): ConversionInfo | null {
  if (!record) return null
  const { environment, options } = record
  return {
    converterVersion: environment?.tensorflowVersion ?? '',
    apiVersion: environment?.apiVersion ?? 0,
    modelType: environment?.modelType ?? 'NONE',
    optimizationModes: options?.modelOptimizationModes ?? [],
    allowCustomOps: options?.allowCustomOps ?? false,
    enableSelectTfOps: options?.enableSelectTfOps ?? false,
    forceSelectTfOps: options?.forceSelectTfOps ?? false,
  }
}

function describeCost(subgraphs: readonly SubgraphInfo[], main: number): CostInfo {
  const operators = subgraphs.flatMap((g) => g.operators)
  return {
    macs: operators.reduce((n, o) => n + (o.macs ?? 0), 0),
    parameters: operators.reduce((n, o) => n + o.parameters, 0),
    peakActivationBytes: subgraphs[main]?.activations.peakBytes ?? 0,
    opsWithoutCost: [...new Set(operators.filter((o) => o.macs === null).map((o) => o.op))].sort(),
  }
}
