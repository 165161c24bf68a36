import type { ByteSink, ConstData } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { type bufferTable, modelTable } from '../schema/tflite/model.ts'
import { type ModelInput, type OperatorInput, tfliteIdentifier } from '../schema/tflite/records.ts'
import { codeOfName, type InputOf } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'
import { ConstIndex } from './dedup.ts'
import { StagedSink } from './staged-sink.ts'

export interface WriteOptions {
  /**
   * `inline`: weights are vectors of the flatbuffer, which ends before 2 GiB. `external`: they lie behind it and are found by their
   * offset in the file; metadata stays inside. Default: `inline` when it fits.
   */
  readonly layout?: 'inline' | 'external'
}

export interface WrittenFile {
  readonly byteLength: number
  /** Bytes of weights and metadata that were written. */
  readonly bufferBytes: number
  /** Bytes that were saved because an equal buffer was there already. */
  readonly dedupedBytes: number
}

/** `force_align` of buffer data in the schema; runtimes map weights without copying them. */
const dataAlignment = 16
const maxFlatbufferBytes = 2 ** 31 - 1

type BufferInput = InputOf<typeof bufferTable>
/** Where the bytes of a buffer are, or the number of an earlier buffer with the same bytes. */
type Place = { readonly position: number; readonly inline: boolean } | { readonly sameAs: number }

/**
 * Writes a `.tflite` file: weights first, in the order of their numbers, each computed once and let go, then the tables at the
 * start. Constants with equal bytes are stored once: what refers to a later one is pointed to the first, whose number stays, and
 * the later buffer is left empty. Equal input gives equal bytes.
 * `buffers[0]` is the empty one; `deprecated_builtin_code` is derived.
 */
export function writeTfliteFile(model: ModelInput, buffers: readonly ConstData[], sink: ByteSink, options: WriteOptions = {}): WrittenFile {
  invariant(buffers[0]?.byteLength === 0, 'buffer 0 is not empty')
  const same = identicalObjects(buffers)
  const layout = options.layout ?? chooseLayout(model, buffers, same)
  // Runtimes look for metadata in the flatbuffer only.
  const inside = layout === 'inline' ? undefined : new Set(model.metadata?.map((m) => same[m.buffer ?? 0]))
  const isInline = (i: number) => inside?.has(i) ?? true
  const places = buffers.map(
    (_, i): Place => (same[i] === i ? { position: maxFlatbufferBytes, inline: isInline(i) } : { sameAs: same[i]! }),
  )
  const reserved = encodeTables(model, buffers, places, () => 2n).byteLength

  const staged = new StagedSink(sink)
  const index = new ConstIndex()
  const lengthWord = new Uint8Array(4)
  let end = reserved
  let bufferBytes = 0
  let dedupedBytes = 0
  const order = [...buffers.keys()]
  if (inside) order.sort((i, j) => Number(inside.has(j)) - Number(inside.has(i)))
  for (const i of order) {
    const data = buffers[i]!
    const { byteLength } = data
    if (same[i] !== i) dedupedBytes += byteLength
    if (same[i] !== i || byteLength === 0) continue
    const bytes = data.bytes()
    invariant(bytes.byteLength === byteLength, `buffer ${i} has ${bytes.byteLength} bytes instead of ${byteLength}`)
    const sameAs = index.find(data, bytes, i)
    if (sameAs !== undefined) {
      dedupedBytes += byteLength
      places[i] = { sameAs }
      continue
    }
    const inline = isInline(i)
    const position = align(inline ? end + 4 : end)
    if (inline) {
      new DataView(lengthWord.buffer).setUint32(0, byteLength, true)
      staged.write(lengthWord, position - 4)
    }
    staged.write(bytes, position)
    places[i] = { position, inline }
    end = position + byteLength
    bufferBytes += byteLength
  }
  const largeOptions = new Map<OperatorInput, bigint>()
  for (const operator of model.subgraphs?.flatMap((g) => g.operators ?? []) ?? []) {
    if (!operator.largeCustomOptions) continue
    const position = align(end)
    staged.write(operator.largeCustomOptions.bytes(), position)
    end = position + operator.largeCustomOptions.byteLength
    largeOptions.set(operator, BigInt(position))
  }
  staged.flush()

  const tables = encodeTables(model, buffers, places, (operator) => largeOptions.get(operator)!)
  invariant(tables.byteLength <= reserved, 'the tables outgrew their room')
  sink.write(tables, 0)
  return { byteLength: end, bufferBytes, dedupedBytes }
}

/** For each buffer the number of the first that is the same object. */
function identicalObjects(buffers: readonly ConstData[]): number[] {
  const first = new Map<ConstData, number>()
  return buffers.map((data, i) => {
    if (data.byteLength === 0) return i
    const known = first.get(data)
    if (known === undefined) first.set(data, i)
    return known ?? i
  })
}

function chooseLayout(model: ModelInput, buffers: readonly ConstData[], same: readonly number[]): 'inline' | 'external' {
  const data = buffers.reduce((n, { byteLength }, i) => (same[i] === i && byteLength > 0 ? align(n + 4) + byteLength : n), 0)
  if (data > maxFlatbufferBytes) return 'external'
  const places = buffers.map((): Place => ({ position: maxFlatbufferBytes, inline: true }))
  const tables = encodeTables(model, buffers, places, () => 2n).byteLength
  return data + tables + dataAlignment > maxFlatbufferBytes ? 'external' : 'inline'
}

/** The tables with their pointers to the weights. The size depends only on which of them there are. */
function encodeTables(
  model: ModelInput,
  buffers: readonly ConstData[],
  places: readonly Place[],
  largeOptionsOffset: (operator: OperatorInput) => bigint,
): Uint8Array {
  const empty: BufferInput = {}
  const target = (buffer: number | undefined): number | undefined => {
    const place = places[buffer ?? 0]
    return place && 'sameAs' in place ? target(place.sameAs) : buffer
  }
  return encodeFlatbuffer(
    modelTable,
    {
      ...model,
      operatorCodes: model.operatorCodes?.map((code) => ({
        ...code,
        deprecatedBuiltinCode: Math.min(codeOfName(builtinOperator, code.builtinCode ?? 'ADD'), 127),
      })),
      subgraphs: model.subgraphs?.map((graph) => ({
        ...graph,
        tensors: graph.tensors?.map((tensor) => ({ ...tensor, buffer: target(tensor.buffer) })),
        operators: graph.operators?.map((operator) => ({
          ...operator,
          ...(operator.largeCustomOptions && {
            largeCustomOptionsOffset: largeOptionsOffset(operator),
            largeCustomOptionsSize: BigInt(operator.largeCustomOptions.byteLength),
          }),
        })),
      })),
      buffers: buffers.map(({ byteLength }, i) => {
        const place = places[i]!
        if (byteLength === 0 || 'sameAs' in place) return empty
        if (place.inline) return { data: { position: place.position - 4 } }
        return { offset: BigInt(place.position), size: BigInt(byteLength) }
      }),
      metadata: model.metadata?.map((m) => ({ ...m, buffer: target(m.buffer) })),
    },
    { identifier: tfliteIdentifier },
  )
}

function align(position: number): number {
  return Math.ceil(position / dataAlignment) * dataAlignment
}
