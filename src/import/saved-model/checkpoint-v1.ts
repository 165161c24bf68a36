import type { ByteSource } from '../../core/bytes.ts'
import { lazyConst } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { SavedTensorSlices, type SliceNumbers } from '../../schema/tensorflow/checkpoint.ts'
import { dtypeOfCode, nameOfCode } from '../../schema/tensorflow/data-type.ts'
import { malformed } from '../../wire/diagnostics.ts'
import { decodeBytes } from '../../wire/protobuf.ts'
import { openTable, type Table } from '../../wire/sstable.ts'
import { isNumeric, staticDims, storedBytes } from '../graph-def/constant.ts'
import { unsupportedDataType } from '../graph-def/diagnostics.ts'
import type { NumericConst, SourceConst } from '../source-graph.ts'
import type { CheckpointFile } from './checkpoint.ts'
import { type Box, boxOf, parseSlice, partOf, type Stored, sliceKey, wholeOf } from './slices.ts'

type SliceMeta = NonNullable<ReturnType<typeof metaOf>>[number]

/** Where a part of a tensor is. */
interface Part {
  readonly table: Table
  readonly file: string
  readonly slice: SliceMeta['slice'][number]
}

interface Tensor extends Pick<SliceMeta, 'name' | 'shape' | 'type'> {
  readonly parts: Part[]
}

/**
 * A checkpoint as TensorFlow wrote it before 0.12 (`SaverDef.V1`): tables of names and numbers, one file or several shards.
 * @see tensorflow/core/util/tensor_slice_reader.cc
 */
export class CheckpointV1 implements CheckpointFile {
  readonly file: string
  readonly #tensors = new Map<string, Tensor>()
  /** That its files can hold: of Snappy's elements the densest makes 64 bytes from 3, and no number takes less than a byte. */
  readonly #maxElements: number

  /** Reads which tensors there are; their numbers are read when asked for. Throws `wire/*`. */
  constructor(shards: readonly ByteSource[]) {
    this.file = shards[0]!.name
    this.#maxElements = 22 * shards.reduce((n, s) => n + s.byteLength, 0)
    for (const source of shards) {
      const table = openTable(source)
      for (const { slice: slices, ...meta } of metaOf(table, source.name)) {
        const known = this.#tensors.get(meta.name) ?? { ...meta, parts: [] }
        if (known.type !== meta.type || String(dims(known)) !== String(dims(meta)))
          throw malformed({
            file: source.name,
            what: `entry of the variable ${JSON.stringify(meta.name)}`,
            expected: 'one type and shape in all shards',
          })
        for (const slice of slices) known.parts.push({ table, file: source.name, slice })
        this.#tensors.set(meta.name, known)
      }
    }
  }

  has(key: string): boolean {
    return this.#tensors.has(key)
  }

  /** Throws `import/unsupported-data-type`, `wire/*`; the bytes throw `wire/*` when they are asked for. */
  tensor(key: string, slice?: string): SourceConst {
    const tensor = this.#tensors.get(key)!
    const fail = (what: string, expected: string): never => {
      throw malformed({ file: this.file, what: `${what} of the variable ${JSON.stringify(key)}`, expected })
    }
    const { dims, count } = staticDims(tensor.shape, this.file, JSON.stringify(key))
    if (count > this.#maxElements) fail('shape', `at most ${this.#maxElements} elements in files of this size`)
    const dtype = dtypeOfCode(tensor.type)
    if (dtype === undefined || !(dtype === 'string' || isNumeric(dtype)))
      throw unsupportedDataType(this.file, `the variable ${JSON.stringify(key)}`, nameOfCode(tensor.type))
    const wanted = slice === undefined ? wholeOf(dims) : (parseSlice(slice, dims) ?? fail('slice', `a part of [${dims}]`))
    const stored = tensor.parts.map((part): Stored => {
      const box = boxOf(part.slice, dims) ?? fail('slice', `a part of [${dims}]`)
      return { box, read: () => constOf(part, key, box, dtype) }
    })
    return partOf(wanted, stored) ?? fail('slices', 'slices that cover it once, of one numeric type')
  }
}

function metaOf(table: Table, file: string) {
  const stored = table.get(new Uint8Array(0))
  const meta = stored && decodeBytes(SavedTensorSlices, stored, file).meta
  if (!meta) throw malformed({ file, what: 'checkpoint', expected: 'a list of tensors under the empty key' })
  return meta.tensor
}

const dims = ({ shape }: Pick<SliceMeta, 'shape'>): readonly number[] => shape?.dim.map((d) => d.size) ?? []

function constOf(part: Part, key: string, box: Box, dtype: NumericConst['dtype'] | 'string'): SourceConst {
  const shape = box.map((d) => d.length)
  const count = shape.reduce((a, b) => a * b, 1)
  const numbers = (): SliceNumbers => {
    const stored = part.table.get(Uint8Array.from(sliceKey(key, part.slice), (c) => c.charCodeAt(0)))
    const data = stored && decodeBytes(SavedTensorSlices, stored, part.file).data?.data
    if (!data) throw malformed({ file: part.file, what: `slice of the variable ${JSON.stringify(key)}`, expected: 'an entry of its own' })
    return data
  }
  const check = (found: number): void => {
    if (found === count) return
    throw malformed({
      file: part.file,
      what: `slice of the variable ${JSON.stringify(key)}`,
      expected: `${count} elements`,
      actual: `${found}`,
    })
  }
  if (dtype === 'string') {
    const strings = numbers().stringVal
    check(strings.length)
    return { dtype, shape, strings }
  }
  const elementBytes = storedBytes(dtype)
  const bytes = (): Uint8Array => {
    const found = elementsOf(numbers(), dtype, count)
    check(found.byteLength / elementBytes)
    return found
  }
  return { dtype, shape, data: lazyConst(count * elementBytes, bytes) }
}

/** As bytes of the type; of at most `count` varints. Packed numbers of fixed width and booleans are that already. */
function elementsOf(numbers: SliceNumbers, dtype: NumericConst['dtype'], count: number): Uint8Array {
  switch (dtype) {
    case 'f32':
      return numbers.floatVal
    case 'f64':
      return numbers.doubleVal
    case 'c64':
      return numbers.scomplexVal
    case 'bool':
      return numbers.boolVal
    case 'i64':
      return bytesOf(BigInt64Array.from(varints(numbers.int64Val, count)))
    case 'f16':
    case 'bf16':
      return bytesOf(Uint16Array.from(varints(numbers.halfVal, count), low))
    case 'i32':
      return bytesOf(Int32Array.from(varints(numbers.intVal, count), low))
    case 'i16':
    case 'u16':
      return bytesOf(Uint16Array.from(varints(numbers.intVal, count), low))
    case 'i8':
    case 'u8':
      return Uint8Array.from(varints(numbers.intVal, count), low)
    default:
      // The first version has no other types.
      return new Uint8Array(0)
  }
}

const low = (n: bigint): number => Number(BigInt.asIntN(32, n))

/** Of 64 bits each; one more than asked for where there are more. */
function varints(packed: Uint8Array, count: number): bigint[] {
  const out: bigint[] = []
  for (let p = 0; p < packed.length && out.length <= count; ) {
    let n = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const b = packed[p++] ?? 0
      n |= BigInt(b & 0x7f) << shift
      if (b < 0x80) break
    }
    out.push(BigInt.asIntN(64, n))
  }
  return out
}
