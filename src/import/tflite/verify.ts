import type { ConstData } from '../../core/bytes.ts'
import type { Diagnostics } from '../../core/diagnostics.ts'
import { byteLengthOf } from '../../core/dtype.ts'
import { findDType } from '../../schema/tflite/dtype.ts'
import { type ModelRecord, type OperatorRecord, type SubGraphRecord, tfliteVersion } from '../../schema/tflite/records.ts'
import type { tensorTable } from '../../schema/tflite/tensor.ts'
import type { RecordOf } from '../../wire/flatbuffers/schema.ts'
import { inconsistentModel, indexOutOfRange, unsupportedSchemaVersion } from './diagnostics.ts'

type TensorRecord = RecordOf<typeof tensorTable>

/** After so many errors the rest says nothing new. */
const maxErrors = 20

/**
 * Checks everything by which a model refers to another part of itself: after this every number leads somewhere, constants have the size
 * of their type and shape, per-axis scales fit their axis, and no subgraph calls itself. Errors are added to `diagnostics`.
 */
export function verifyModel(file: string, model: ModelRecord, buffers: readonly ConstData[], diagnostics: Diagnostics): void {
  const check = new Check(file, diagnostics)
  if (model.version !== tfliteVersion) diagnostics.add('error', unsupportedSchemaVersion(file, model.version))
  if (model.subgraphs.length === 0) diagnostics.add('error', inconsistentModel(file, 'subgraphs', 'list', 'at least one', 'none'))
  model.subgraphs.forEach((graph, g) => {
    verifySubgraph(check, model, graph, `subgraphs[${g}]`, buffers)
  })
  model.metadata.forEach((m, i) => {
    check.index(`metadata[${i}].buffer`, 'buffer', m.buffer, buffers.length)
  })
  model.signatureDefs.forEach((signature, s) => {
    const path = `signatureDefs[${s}]`
    if (!check.index(`${path}.subgraphIndex`, 'subgraph', signature.subgraphIndex, model.subgraphs.length)) return
    const count = model.subgraphs[signature.subgraphIndex]!.tensors.length
    for (const side of ['inputs', 'outputs'] as const) {
      signature[side].forEach((port, i) => {
        check.index(`${path}.${side}[${i}].tensorIndex`, 'tensor', port.tensorIndex, count)
      })
    }
  })
  if (diagnostics.errors.length === 0) verifyCalls(check, model)
}

class Check {
  readonly file: string
  readonly #diagnostics: Diagnostics

  constructor(file: string, diagnostics: Diagnostics) {
    this.file = file
    this.#diagnostics = diagnostics
  }

  index(path: string, what: string, index: number, count: number): boolean {
    if (index >= 0 && index < count) return true
    if (this.open) this.#diagnostics.add('error', indexOutOfRange(this.file, path, what, index, count))
    return false
  }

  fits(ok: boolean, path: string, what: string, expected: string | number, actual: string | number): void {
    if (!ok && this.open) this.#diagnostics.add('error', inconsistentModel(this.file, path, what, `${expected}`, `${actual}`))
  }

  get open(): boolean {
    return this.#diagnostics.list.length < maxErrors
  }
}

function verifySubgraph(check: Check, model: ModelRecord, graph: SubGraphRecord, path: string, buffers: readonly ConstData[]): void {
  const count = graph.tensors.length
  const indices = (path: string, list: Int32Array, optional = false) => {
    list.forEach((index, i) => {
      if (!(optional && index === -1)) check.index(`${path}[${i}]`, 'tensor', index, count)
    })
  }
  graph.tensors.forEach((tensor, t) => {
    if (check.open) verifyTensor(check, tensor, `${path}.tensors[${t}]`, buffers)
    if (check.open) verifyBlocks(check, graph, tensor, `${path}.tensors[${t}].quantization.details`)
  })
  indices(`${path}.inputs`, graph.inputs)
  indices(`${path}.outputs`, graph.outputs)
  graph.operators.forEach((operator, o) => {
    if (!check.open) return
    const at = `${path}.operators[${o}]`
    check.index(`${at}.opcodeIndex`, 'operator code', operator.opcodeIndex, model.operatorCodes.length)
    indices(`${at}.inputs`, operator.inputs, true)
    indices(`${at}.outputs`, operator.outputs)
    indices(`${at}.intermediates`, operator.intermediates, true)
    for (const [field, index] of calledSubgraphs(operator)) check.index(`${at}.${field}`, 'subgraph', index, model.subgraphs.length)
  })
}

function verifyTensor(check: Check, tensor: TensorRecord, path: string, buffers: readonly ConstData[]): void {
  const { shape, shapeSignature: signature, quantization, sparsity } = tensor
  check.fits(
    shape.every((d) => d >= -1),
    `${path}.shape`,
    'shape',
    'no negative dims but -1',
    `[${shape}]`,
  )
  if (signature.length > 0) {
    check.fits(signature.length === shape.length, `${path}.shapeSignature`, 'rank', shape.length, signature.length)
  }
  if (quantization && quantization.scale.length > 1 && quantization.details === undefined) {
    const axis = quantization.quantizedDimension
    if (check.index(`${path}.quantization.quantizedDimension`, 'axis', axis, shape.length)) {
      check.fits(
        shape[axis] === quantization.scale.length,
        `${path}.quantization.scale`,
        'number of scales',
        shape[axis]!,
        quantization.scale.length,
      )
    }
  }
  if (!check.index(`${path}.buffer`, 'buffer', tensor.buffer, buffers.length)) return
  const stored = buffers[tensor.buffer]!.byteLength
  const dtype = findDType(tensor.type)
  if (stored === 0 || sparsity || !dtype || dtype === 'string' || dtype === 'resource' || dtype === 'variant' || shape.includes(-1)) return
  const expected = byteLengthOf(
    dtype,
    shape.reduce((n, d) => n * d, 1),
  )
  check.fits(stored === expected, `${path}.buffer`, 'size of the constant', `${expected} bytes for ${tensor.type}[${shape}]`, `${stored}`)
}

/** Scales of blocks are another tensor of the graph, one for each block. */
function verifyBlocks(check: Check, graph: SubGraphRecord, { quantization, shape }: TensorRecord, path: string): void {
  const details = quantization?.details
  if (details?.type !== 'BlockwiseQuantization') return
  const { blockSize } = details.value
  check.fits(blockSize > 0, `${path}.blockSize`, 'size of a block', 'at least 1', blockSize)
  const expected = shape.reduce((n, d) => n * d, 1) / blockSize
  for (const [field, types] of blockTensors) {
    const index = details.value[field]
    // Files say -1 or 0 where there are no zero points.
    if (field === 'zeroPoints' && index <= 0) continue
    if (!check.index(`${path}.${field}`, 'tensor', index, graph.tensors.length)) continue
    const tensor = graph.tensors[index]!
    check.fits((types as readonly string[]).includes(tensor.type), `${path}.${field}`, 'type', types.join(' or '), tensor.type)
    const found = tensor.shape.reduce((n, d) => n * d, 1)
    check.fits(found === expected, `${path}.${field}`, 'number of blocks', expected, found)
  }
}

const blockTensors = [
  ['scales', ['FLOAT16', 'FLOAT32']],
  ['zeroPoints', ['INT32', 'INT8']],
] as const satisfies readonly (readonly ['scales' | 'zeroPoints', readonly string[]])[]

/** A subgraph that calls itself, over however many others, would never end. */
function verifyCalls(check: Check, model: ModelRecord): void {
  const calls = model.subgraphs.map((g) => [...new Set(g.operators.flatMap((o) => calledSubgraphs(o).map(([, index]) => index)))])
  const state = new Array<'open' | 'done' | undefined>(calls.length).fill(undefined)
  for (let start = 0; start < calls.length; start++) {
    const stack = state[start] ? [] : [{ graph: start, next: 0 }]
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      state[top.graph] = 'open'
      const callee = calls[top.graph]![top.next++]
      if (callee === undefined) {
        state[top.graph] = 'done'
        stack.pop()
      } else if (state[callee] === 'open') {
        check.fits(
          false,
          `subgraphs[${top.graph}]`,
          'control flow',
          'calls without a cycle',
          `a call of subgraph ${callee}, which is calling`,
        )
      } else if (state[callee] === undefined) stack.push({ graph: callee, next: 0 })
    }
  }
}

/** Subgraphs that an operator runs, by the field that names them. */
function calledSubgraphs(operator: OperatorRecord): [field: string, index: number][] {
  return (['builtinOptions', 'builtinOptions2'] as const).flatMap((union) =>
    Object.entries(operator[union]?.value ?? {}).flatMap(([field, value]): [string, number][] => {
      if (typeof value === 'number' && /^subgraph$|SubgraphIndex$/.test(field)) return [[`${union}.${field}`, value]]
      return value instanceof Int32Array && field.endsWith('SubgraphIndices')
        ? [...value].map((index, i) => [`${union}.${field}[${i}]`, index])
        : []
    }),
  )
}
