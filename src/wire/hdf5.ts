import type { ByteSource, ConstData } from '../core/bytes.ts'
import { lazyConst } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import { limitExceeded, malformed } from './diagnostics.ts'
import { type EmscriptenFs, type Mount, mountSources } from './hdf5-mount.ts'

/** A numeric dataset; `data` reads the file at each call, also after `close`. Elements are row-major and little-endian. */
export interface Hdf5Dataset {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: ConstData
}

/** An open HDF5 file. Paths are absolute or relative to the root: `model_weights/dense`. Soft and external links are refused. */
export interface Hdf5File {
  readonly name: string
  /** undefined when nothing is at the path. */
  kindOf(path: string): 'group' | 'dataset' | undefined
  /** Names below a group, in creation order when the file keeps it, else sorted. */
  childrenOf(path: string): readonly string[]
  /** An attribute as strings (numbers in decimal); undefined when there is none or it is empty. One element for a scalar. */
  attribute(path: string, name: string): readonly string[] | undefined
  dataset(path: string): Hdf5Dataset
  close(): void
}

/** The beginning of an HDF5 file. @see HDF5 File Format Specification 3.0, II.A */
export function isHdf5(head: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((b, i) => head[i] === b)
}

const maxAttributeBytes = 64 << 20
const maxChildren = 1 << 20
const maxDepth = 64
/** No filter that is built in expands more than deflate does; a dataset that claims more would be fill values. */
const maxExpansion = 1032

interface Metadata {
  readonly type: number
  readonly size: number
  readonly signed: boolean
  readonly vlen: boolean
  readonly shape: readonly number[] | null
  readonly total_size: number
  readonly enum_type?: { readonly members: Readonly<Record<string, number>> }
  readonly virtual_sources?: unknown
}
/** The part of h5wasm's module that is used here. */
interface Library {
  readonly FS: EmscriptenFs
  readonly HEAPU8: Uint8Array
  open(path: string, mode: number, trackOrder: boolean, low: number, high: number): bigint
  close_file(id: bigint): number
  get_type(id: bigint, path: string): number
  get_symbolic_link(id: bigint, path: string): string | null
  get_external_link(id: bigint, path: string): { filename?: string }
  get_names(id: bigint, path: string, recursive: boolean): string[]
  get_attribute_names(id: bigint, path: string): string[]
  get_attribute_metadata(id: bigint, path: string, name: string): Metadata
  get_attribute_data(id: bigint, path: string, name: string, pointer: bigint): number
  reclaim_vlen_memory(id: bigint, path: string, name: string, pointer: bigint): number
  get_dataset_metadata(id: bigint, path: string): Metadata
  get_dataset_data(id: bigint, path: string, count: null, offset: null, strides: null, pointer: bigint): number
  _malloc(size: number): number
  _free(pointer: number): void
}
/** H5G_obj_t and H5T_class_t of HDF5's C headers. */
const objectKinds = { group: 0, dataset: 1 } as const
const classes = { integer: 0, float: 1, string: 3, opaque: 5, enum: 8 } as const

let loading: Promise<{ readonly library: Library; readonly mount: Mount }> | undefined

function load(): Promise<{ readonly library: Library; readonly mount: Mount }> {
  loading ??= import('h5wasm').then(async ({ ready }) => {
    const library = (await ready) as unknown as Library
    return { library, mount: mountSources(library.FS) }
  })
  return loading
}

/**
 * Opens an HDF5 file. Damage is found as far as it is read: every method throws `wire/malformed` or `wire/limit-exceeded`.
 * Loads the HDF5 library at the first call.
 */
export async function openHdf5(source: ByteSource): Promise<Hdf5File> {
  const { library, mount } = await load()
  return new OpenFile(library, mount, source)
}

class OpenFile implements Hdf5File {
  readonly #library: Library
  readonly #mount: Mount
  readonly #source: ByteSource
  readonly #plainPaths = new Set<string>(['/'])
  #open: { readonly id: bigint; remove(): void } | undefined

  constructor(library: Library, mount: Mount, source: ByteSource) {
    this.#library = library
    this.#mount = mount
    this.#source = source
    if (!isHdf5(source.read(0, Math.min(8, source.byteLength)))) {
      throw malformed({ file: source.name, offset: 0, what: 'HDF5 file', expected: 'the bytes \\x89HDF' })
    }
    this.#openFile()
  }

  get name(): string {
    return this.#source.name
  }

  kindOf(path: string): 'group' | 'dataset' | undefined {
    return this.#call(path, (id, at) => {
      if (!this.#isPlain(id, at)) return undefined
      const type = this.#library.get_type(id, at)
      return type === objectKinds.group ? 'group' : type === objectKinds.dataset ? 'dataset' : undefined
    })
  }

  childrenOf(path: string): readonly string[] {
    const names = this.#call(path, (id, at) => (this.#isPlain(id, at) ? this.#library.get_names(id, at, false) : []))
    if (names.length > maxChildren) throw this.#limit(path, 'HDF5 group', `at most ${maxChildren} members`, String(names.length))
    return names
  }

  attribute(path: string, name: string): readonly string[] | undefined {
    return this.#call(path, (id, at) => {
      if (!this.#isPlain(id, at) || !this.#library.get_attribute_names(id, at).includes(name)) return undefined
      const meta = this.#library.get_attribute_metadata(id, at, name)
      if (!meta.shape) return undefined
      const byteLength = meta.size * meta.total_size
      if (!(byteLength <= maxAttributeBytes))
        throw this.#limit(`${at}@${name}`, 'HDF5 attribute', `at most ${maxAttributeBytes} bytes`, String(byteLength))
      return this.#withMemory(byteLength, (pointer) => {
        const status = this.#library.get_attribute_data(id, at, name, BigInt(pointer))
        if (status < 0) throw new Error('the attribute cannot be read')
        try {
          return this.#decode(this.#library.HEAPU8.slice(pointer, pointer + byteLength), meta)
        } finally {
          if (meta.vlen) this.#library.reclaim_vlen_memory(id, at, name, BigInt(pointer))
        }
      })
    })
  }

  dataset(path: string): Hdf5Dataset {
    const meta = this.#call(path, (id, at) => {
      if (!this.#isPlain(id, at)) throw new Error('there is no dataset')
      return this.#library.get_dataset_metadata(id, at)
    })
    const dtype = dtypeOf(meta, meta.size === 2 ? this.attribute(path, 'dtype')?.[0] : undefined)
    if (!meta.shape || dtype === undefined || meta.virtual_sources) {
      throw this.#fault(
        path,
        'HDF5 dataset',
        'an array of numbers in this file',
        meta.virtual_sources ? 'a virtual dataset' : `class ${meta.type} of ${meta.size} bytes`,
      )
    }
    const byteLength = meta.size * meta.total_size
    if (!(byteLength <= this.#source.byteLength * maxExpansion && byteLength < 2 ** 31)) {
      throw this.#limit(
        path,
        'HDF5 dataset',
        `at most ${Math.min(this.#source.byteLength * maxExpansion, 2 ** 31)} bytes`,
        String(byteLength),
      )
    }
    return { dtype, shape: [...meta.shape], data: lazyConst(byteLength, () => this.#readDataset(path, byteLength)) }
  }

  close(): void {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    this.#mount.quietly(() => {
      try {
        this.#library.close_file(open.id)
      } catch {
        // A file that is damaged may not close; what it holds in the library's memory is lost, the bytes are let go below.
      }
    })
    open.remove()
  }

  #readDataset(path: string, byteLength: number): Uint8Array {
    const isReopened = this.#open === undefined
    try {
      return this.#call(path, (id, at) =>
        this.#withMemory(byteLength, (pointer) => {
          const status = this.#library.get_dataset_data(id, at, null, null, null, BigInt(pointer))
          if (status < 0) throw new Error('the elements cannot be read')
          return this.#library.HEAPU8.slice(pointer, pointer + byteLength)
        }),
      )
    } finally {
      if (isReopened) this.close()
    }
  }

  #openFile(): bigint {
    const { path, remove } = this.#mount.add(this.#source)
    try {
      const id = this.#guard('/', () => this.#library.open(path, 0, false, -1, -1))
      if (id < 0n) throw malformed({ file: this.name, what: 'HDF5 file' })
      this.#open = { id, remove }
      return id
    } catch (e) {
      remove()
      throw e
    }
  }

  /** Runs `work` on the open file; what the library throws becomes a `wire/malformed`. */
  #call<T>(path: string, work: (id: bigint, path: string) => T): T {
    const at = path === '/' ? path : `/${path.replace(/^\/+/, '')}`
    const id = this.#open?.id ?? this.#openFile()
    return this.#guard(at, () => work(id, at))
  }

  #guard<T>(path: string, work: () => T): T {
    const outcome = this.#mount.quietly(() => {
      try {
        return { value: work() }
      } catch (error) {
        return { error }
      }
    })
    if ('value' in outcome.result) return outcome.result.value as T
    const { error } = outcome.result
    if (error instanceof DowncastError) throw error
    // The innermost line of the library's error stack is the cause.
    const cause = outcome.printed
      .match(/#\d+: .*?\(\): (.*)/g)
      ?.at(-1)
      ?.replace(/^.*?\(\): /, '')
    throw this.#fault(path, 'HDF5 object', undefined, cause ?? (error instanceof Error ? error.message : String(error)))
  }

  /** Whether the path leads to an object through groups alone; throws when a link leaves the tree. */
  #isPlain(id: bigint, path: string): boolean {
    if (this.#plainPaths.has(path)) return true
    const parts = path.split('/').slice(1)
    if (parts.length > maxDepth) throw this.#limit(path, 'HDF5 path', `at most ${maxDepth} groups`, String(parts.length))
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = `/${parts.slice(0, depth).join('/')}`
      if (this.#plainPaths.has(prefix)) continue
      const type = this.#library.get_type(id, prefix)
      if (type < 0) return false
      const target = this.#library.get_symbolic_link(id, prefix) ?? this.#library.get_external_link(id, prefix).filename
      if (target !== undefined) throw this.#fault(prefix, 'HDF5 object', 'an object of this file', `a link to ${JSON.stringify(target)}`)
      this.#plainPaths.add(prefix)
    }
    return true
  }

  #withMemory<T>(byteLength: number, work: (pointer: number) => T): T {
    const pointer = this.#library._malloc(Math.max(1, byteLength))
    if (pointer === 0) throw new Error(`no memory for ${byteLength} bytes`)
    try {
      return work(pointer)
    } finally {
      this.#library._free(pointer)
    }
  }

  #decode(raw: Uint8Array, meta: Metadata): string[] {
    if (meta.type === classes.string) {
      if (meta.vlen) return Array.from(new Uint32Array(raw.buffer), (pointer) => this.#cString(pointer))
      return Array.from({ length: meta.total_size }, (_, i) => decodeText(raw.subarray(i * meta.size, (i + 1) * meta.size)))
    }
    const view = new DataView(raw.buffer)
    const numberAt = numberReader(view, meta)
    if (numberAt === undefined || meta.vlen) throw new Error(`the attribute is of class ${meta.type}`)
    return Array.from({ length: meta.total_size }, (_, i) => String(numberAt(i * meta.size)))
  }

  #cString(pointer: number): string {
    if (pointer === 0) return ''
    const heap = this.#library.HEAPU8
    const end = heap.indexOf(0, pointer)
    return decodeText(heap.slice(pointer, end < 0 ? pointer : end))
  }

  #fault(path: string, what: string, expected: string | undefined, actual: string): DowncastError {
    return malformed({ file: this.name, path, what, expected, actual })
  }

  #limit(path: string, what: string, expected: string, actual: string): DowncastError {
    return limitExceeded({ file: this.name, path, what, expected, actual })
  }
}

function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function numberReader(view: DataView, { type, size, signed }: Metadata): ((at: number) => number | bigint) | undefined {
  const isFloat = type === classes.float
  if (!isFloat && type !== classes.integer && type !== classes.enum) return undefined
  switch (size) {
    case 1:
      return isFloat ? undefined : signed ? (at) => view.getInt8(at) : (at) => view.getUint8(at)
    case 2:
      return isFloat ? undefined : signed ? (at) => view.getInt16(at, true) : (at) => view.getUint16(at, true)
    case 4:
      return isFloat ? (at) => view.getFloat32(at, true) : signed ? (at) => view.getInt32(at, true) : (at) => view.getUint32(at, true)
    case 8:
      return isFloat ? (at) => view.getFloat64(at, true) : signed ? (at) => view.getBigInt64(at, true) : (at) => view.getBigUint64(at, true)
    default:
      return undefined
  }
}

/** `stated` is the `dtype` attribute that Keras puts on bfloat16 weights, which HDF5 has no type for. */
function dtypeOf({ type, size, signed, enum_type, vlen }: Metadata, stated: string | undefined): DType | undefined {
  if (vlen) return undefined
  if (stated === 'bfloat16' && size === 2) return 'bf16'
  if (type === classes.float) return size === 4 ? 'f32' : size === 8 ? 'f64' : size === 2 ? 'f16' : undefined
  if (type === classes.enum) return size === 1 && enum_type && 'TRUE' in enum_type.members ? 'bool' : undefined
  if (type !== classes.integer) return undefined
  const dtype = `${signed ? 'i' : 'u'}${8 * size}`
  return /^[iu](8|16|32|64)$/.test(dtype) ? (dtype as DType) : undefined
}
