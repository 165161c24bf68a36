import type { ByteSink, ConstData } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { type bufferTable, modelTable } from '../schema/tflite/model.ts'
import { type ModelInput, type OperatorInput, tfliteIdentifier } from '../schema/tflite/records.ts'
import { codeOfName, type InputOf, PlacedTable } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'
import { ConstIndex } from './dedup.ts'
import { StagedSink } from './staged-sink.ts'
import { WeightArea } from './weight-area.ts'

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

const maxFlatbufferBytes = 2 ** 31 - 1
/** More than a buffer takes beyond its data: gap, length, table, entry in the list of buffers. */
const bufferOverheadBytes = 48

type BufferInput = InputOf<typeof bufferTable> | PlacedTable
/** Number of an earlier buffer with the same bytes. */
interface SameAs {
  readonly sameAs: number
}

/**
 * Writes a `.tflite` file: weights first, in the order of their numbers, each computed once and let go, then the tables at the
 * start. Constants with equal bytes are stored once: what refers to a later one is pointed to the first, whose number stays, and
 * the later buffer is left empty. Equal input gives equal bytes.
 * Tensors without data point to buffer 0, an empty one by convention; `deprecated_builtin_code` is derived.
 */
export function writeTfliteFile(model: ModelInput, buffers: readonly ConstData[], sink: ByteSink, options: WriteOptions = {}): WrittenFile {
  const same = identicalObjects(buffers)
  const layout = options.layout ?? chooseLayout(model, buffers)
  // Runtimes look for metadata in the flatbuffer only.
  const inside = layout === 'inline' ? undefined : new Set(model.metadata?.map((m) => same[m.buffer ?? 0]))
  const isInline = (i: number) => inside?.has(i) ?? true
  const place = (i: number, position: number): BufferInput =>
    isInline(i) ? new PlacedTable(position) : { offset: BigInt(position), size: BigInt(buffers[i]!.byteLength) }
  // Until they are known, positions must differ: equal tables would be stored once.
  const places = buffers.map(({ byteLength }, i): BufferInput | SameAs => {
    if (byteLength === 0) return {}
    return same[i] === i ? place(i, maxFlatbufferBytes - i) : { sameAs: same[i]! }
  })
  const start = encodeTables(model, places, () => 2n).byteLength

  const staged = new StagedSink(sink)
  const area = new WeightArea(staged, start)
  const index = new ConstIndex()
  let bufferBytes = 0
  let dedupedBytes = 0
  const order = [...buffers.keys()]
  if (inside) order.sort((i, j) => Number(inside.has(j)) - Number(inside.has(i)))
  for (const i of order) {
    const data = buffers[i]!
    const { byteLength } = data
    if (same[i] !== i) dedupedBytes += byteLength
    if (same[i] !== i || byteLength === 0) continue
    const pieces = (data.pieces?.() ?? [data.bytes()])[Symbol.iterator]()
    const head: Uint8Array = pieces.next().value ?? new Uint8Array()
    const sameAs = index.find(data, head, i)
    if (sameAs !== undefined) {
      dedupedBytes += byteLength
      places[i] = { sameAs }
      continue
    }
    const all = wholeBuffer(i, byteLength, head, pieces)
    places[i] = place(i, isInline(i) ? area.addBuffer(byteLength, all) : area.addBytes(all))
    bufferBytes += byteLength
  }
  const largeOptions = new Map<OperatorInput, bigint>()
  for (const operator of model.subgraphs?.flatMap((g) => g.operators ?? []) ?? []) {
    if (operator.largeCustomOptions) largeOptions.set(operator, BigInt(area.addBytes([operator.largeCustomOptions.bytes()])))
  }
  staged.flush()

  const tables = encodeTables(model, places, (operator) => largeOptions.get(operator)!)
  invariant(tables.byteLength <= start, 'the tables outgrew their room')
  sink.write(tables, 0)
  return { byteLength: area.end, bufferBytes, dedupedBytes }
}

/** `head`, then the rest: exactly as many bytes as the constant says it has. */
function* wholeBuffer(i: number, byteLength: number, head: Uint8Array, rest: Iterator<Uint8Array, undefined>): Iterable<Uint8Array> {
  let found = 0
  for (let piece: Uint8Array | undefined = head; piece; piece = rest.next().value) {
    yield piece
    found += piece.byteLength
  }
  invariant(found === byteLength, `buffer ${i} has ${found} bytes instead of ${byteLength}`)
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

function chooseLayout(model: ModelInput, buffers: readonly ConstData[]): 'inline' | 'external' {
  const unique = new Set(buffers)
  const data = [...unique].reduce((n, { byteLength }) => n + byteLength + bufferOverheadBytes, 0)
  if (data > maxFlatbufferBytes) return 'external'
  if (data < maxFlatbufferBytes / 2) return 'inline'
  return data + encodeTables(model, [{}], () => 2n).byteLength > maxFlatbufferBytes ? 'external' : 'inline'
}

/** The tables with their pointers to the weights. The size depends only on which of them there are. */
function encodeTables(
  model: ModelInput,
  places: readonly (BufferInput | SameAs)[],
  largeOptionsOffset: (operator: OperatorInput) => bigint,
): Uint8Array {
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
      buffers: places.map((place) => ('sameAs' in place ? {} : place)),
      metadata: model.metadata?.map((m) => ({ ...m, buffer: target(m.buffer) })),
    },
    { identifier: tfliteIdentifier },
  )
}
