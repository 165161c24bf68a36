import { byteLengthOf, type DType } from '../../src/core/dtype.ts'
import { type Folder, memoryFolder } from '../../src/import/folder.ts'
import { codeOfDtype } from '../../src/schema/tensorflow/data-type.ts'
import { maskedCrc32c } from '../../src/wire/crc32c.ts'
import { concat, tableFile, varint } from './sstable.ts'

/* Writes small SavedModels, good and bad, for tests of their reader. Field numbers: src/schema/tensorflow. */

/** Fields of a message by number, in order: a number is a varint, anything else is length-delimited. */
export type Proto = readonly (readonly [number, number | string | Uint8Array | Proto])[]

const text = new TextEncoder()

export function encode(message: Proto): Uint8Array<ArrayBuffer> {
  return concat(
    message.map(([number, value]) => {
      if (typeof value === 'number') {
        const bits = BigInt.asUintN(64, BigInt(value))
        const out: number[] = []
        let left = bits
        for (; left >= 128n; left >>= 7n) out.push(Number(left & 127n) | 128)
        return Uint8Array.from([...varint(number << 3), ...out, Number(left)])
      }
      const bytes = typeof value === 'string' ? text.encode(value) : value instanceof Uint8Array ? value : encode(value)
      return concat([varint((number << 3) | 2), varint(bytes.length), bytes])
    }),
  )
}

export const shape = (dims: readonly number[] | undefined): Proto => (dims ? dims.map((d) => [2, [[1, d]]]) : [[3, 1]])

/** Values of attributes. */
export const attr = {
  string: (s: string | Uint8Array): Proto => [[2, s]],
  int: (n: number): Proto => [[3, n]],
  bool: (b: boolean): Proto => [[5, b ? 1 : 0]],
  type: (dtype: DType): Proto => [[6, codeOfDtype(dtype)]],
  shape: (dims: readonly number[] | undefined): Proto => [[7, shape(dims)]],
  tensor: (t: Proto): Proto => [[8, t]],
  func: (name: string): Proto => [[10, [[1, name]]]],
  placeholder: (name: string): Proto => [[9, name]],
  list: (elements: Proto): Proto => [[1, elements]],
}

/** A TensorProto; `fields` hold its elements, e.g. `[[4, bytes]]` for its content. */
export const tensor = (dtype: DType, dims: readonly number[], fields: Proto = []): Proto => [
  [1, codeOfDtype(dtype)],
  [2, shape(dims)],
  ...fields,
]

export function node(name: string, op: string, input: readonly string[] = [], attrs: Readonly<Record<string, Proto>> = {}): Proto {
  const entries = Object.entries(attrs).map(
    ([key, value]) =>
      [
        5,
        [
          [1, key],
          [2, value],
        ],
      ] as const,
  )
  return [[1, name], [2, op], ...input.map((i) => [3, i] as const), ...entries]
}

export const constant = (name: string, value: Proto): Proto => node(name, 'Const', [], { value: attr.tensor(value) })
export const variable = (name: string, sharedName = name): Proto => node(name, 'VarHandleOp', [], { shared_name: attr.string(sharedName) })
export const call = (name: string, f: string, input: readonly string[]): Proto =>
  node(name, 'StatefulPartitionedCall', input, { f: attr.func(f) })

export interface FunctionSpec {
  readonly name: string
  readonly args: Readonly<Record<string, DType>>
  /** Inner tensors by result name. */
  readonly results: Readonly<Record<string, string>>
  readonly nodes: readonly Proto[]
}

function functionDef({ name, args, results, nodes }: FunctionSpec): Proto {
  const signature: Proto = [
    [1, name],
    ...Object.entries(args).map(
      ([arg, dtype]) =>
        [
          2,
          [
            [1, arg],
            [3, codeOfDtype(dtype)],
          ],
        ] as const,
    ),
    ...Object.keys(results).map(
      (r) =>
        [
          3,
          [
            [1, r],
            [3, 1],
          ],
        ] as const,
    ),
  ]
  return [
    [1, signature],
    ...nodes.map((n) => [3, n] as const),
    ...Object.entries(results).map(
      ([key, from]) =>
        [
          4,
          [
            [1, key],
            [2, from],
          ],
        ] as const,
    ),
  ]
}

export interface TensorSpec {
  readonly name: string
  readonly dtype?: DType
  readonly dims?: readonly number[] | 'unknown'
}

const tensorInfo = ({ name, dtype = 'f32', dims = [] }: TensorSpec): Proto => [
  [1, name],
  [2, codeOfDtype(dtype)],
  [3, shape(dims === 'unknown' ? undefined : dims)],
]

export interface SignatureSpec {
  readonly inputs: Readonly<Record<string, TensorSpec | Proto>>
  readonly outputs: Readonly<Record<string, TensorSpec | Proto>>
}

function signatureDef({ inputs, outputs }: SignatureSpec): Proto {
  const ports = (number: number, of: SignatureSpec['inputs']): Proto =>
    Object.entries(of).map(([key, t]) => [
      number,
      [
        [1, key],
        [2, 'name' in t ? tensorInfo(t) : t],
      ],
    ])
  return [...ports(1, inputs), ...ports(2, outputs)]
}

export interface OpSpec {
  readonly name: string
  /** A name, or `name*attr` for a list whose length the attribute says. */
  readonly outputs: readonly string[]
  readonly outputType?: DType
  readonly defaults?: Readonly<Record<string, Proto>>
}

function opDef({ name, outputs, outputType, defaults = {} }: OpSpec): Proto {
  const type = outputType === undefined ? [] : ([[3, codeOfDtype(outputType)]] as const)
  return [
    [1, name],
    ...outputs.map((o) => {
      const [arg, count] = o.split('*')
      return [3, [[1, arg!], ...type, ...(count ? [[count === 'T' ? 6 : 5, count] as const] : [])]] as const
    }),
    ...Object.entries(defaults).map(
      ([key, value]) =>
        [
          4,
          [
            [1, key],
            [2, 'any'],
            [3, value],
          ],
        ] as const,
    ),
  ]
}

export interface ModelSpec {
  readonly nodes: readonly (Proto | Uint8Array)[]
  readonly functions?: readonly FunctionSpec[]
  readonly signatures: Readonly<Record<string, SignatureSpec>>
  readonly ops?: readonly OpSpec[]
  readonly tags?: readonly string[]
  readonly restoreOp?: string
  /** SavedObjectGraph. */
  readonly objects?: Proto
}

export function metaGraph({ nodes, functions = [], signatures, ops = [], tags = ['serve'], restoreOp, objects }: ModelSpec): Proto {
  return [
    [1, [[2, ops.map((o) => [1, opDef(o)] as const)], ...tags.map((t) => [4, t] as const), [5, '2.0.0']]],
    [2, [...nodes.map((n) => [1, n] as const), [2, functions.map((f) => [1, functionDef(f)] as const)], [4, [[1, 1234]]]]],
    ...(restoreOp === undefined ? [] : [[3, [[3, restoreOp]]] as const]),
    ...Object.entries(signatures).map(
      ([key, s]) =>
        [
          5,
          [
            [1, key],
            [2, signatureDef(s)],
          ],
        ] as const,
    ),
    ...(objects ? [[7, objects] as const] : []),
  ]
}

export interface StoredTensor {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly bytes: Uint8Array
  /** More fields of the BundleEntryProto. */
  readonly more?: Proto
}

/** A string tensor in the form of a checkpoint. */
export function storedStrings(strings: readonly Uint8Array[]): StoredTensor {
  const words = new Uint8Array(Uint32Array.from(strings, (s) => s.length).buffer)
  const check = new Uint8Array(Uint32Array.of(maskedCrc32c(words)).buffer)
  const crc = maskedCrc32c(concat([words, check, ...strings]))
  const bytes = concat([strings.flatMap((s) => varint(s.length)), check, ...strings])
  return { dtype: 'string', dims: strings.length === 1 ? [] : [strings.length], bytes, more: [[-6, crc]] }
}

export interface CheckpointSpec {
  readonly tensors: Readonly<Record<string, StoredTensor>>
  readonly header?: Proto
}

/** The two files of a checkpoint with one shard. */
export function checkpointFiles({ tensors, header = [[1, 1]] }: CheckpointSpec): Map<string, Uint8Array> {
  const parts: Uint8Array[] = []
  let offset = 0
  const rows: [string, Uint8Array][] = [['', encode(header)]]
  for (const [key, { dtype, dims, bytes, more = [] }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const plain = more.filter(([n]) => n > 0)
    // The CRC is a fixed32, which `encode` does not write.
    const crc = more.find(([n]) => n === -6)?.[1]
    const fixed = typeof crc === 'number' ? concat([[(6 << 3) | 5], new Uint8Array(Uint32Array.of(crc).buffer)]) : new Uint8Array(0)
    const entry: Proto = [[1, codeOfDtype(dtype)], [2, shape(dims)], [4, offset], [5, bytes.length], ...plain]
    rows.push([key, concat([encode(entry), fixed])])
    parts.push(bytes)
    offset += bytes.length
  }
  return new Map([
    ['variables/variables.index', tableFile([rows])],
    ['variables/variables.data-00000-of-00001', concat(parts)],
  ])
}

/** A float variable that counts from `start`. */
export function floats(dims: readonly number[], start = 0): StoredTensor {
  const count =
    byteLengthOf(
      'f32',
      dims.reduce((a, b) => a * b, 1),
    ) / 4
  return { dtype: 'f32', dims, bytes: new Uint8Array(Float32Array.from({ length: count }, (_, i) => start + i).buffer) }
}

/** The files of a SavedModel by path. */
export function modelFiles(model: ModelSpec | readonly ModelSpec[], checkpoint?: CheckpointSpec): Map<string, Uint8Array> {
  const models: readonly ModelSpec[] = Array.isArray(model) ? model : [model as ModelSpec]
  const files = checkpoint ? checkpointFiles(checkpoint) : new Map<string, Uint8Array>()
  files.set('saved_model.pb', encode([[1, 1], ...models.map((m) => [2, metaGraph(m)] as const)]))
  return files
}

export function modelFolder(model: ModelSpec | readonly ModelSpec[], checkpoint?: CheckpointSpec): Folder {
  return memoryFolder('model', modelFiles(model, checkpoint))
}
