import type { ByteSource } from '../core/bytes.ts'

/*
 * The HDF5 library of h5wasm sees files through emscripten's in-memory file system. This file puts byte sources there,
 * read-only and without copying them. The library's own prints (its error stack) are caught.
 */

interface FsNode {
  id: number
  mode: number
  source?: ByteSource | undefined
  node_ops: object
  stream_ops: object
}
interface FsStream {
  node: FsNode
  position: number
  stream_ops: object
}
/** The part of emscripten's FS that is used here. @see https://emscripten.org/docs/api_reference/Filesystem-API.html */
export interface EmscriptenFs {
  mkdir(path: string): void
  mount(type: object, options: object, path: string): FsNode
  createNode(parent: FsNode | null, name: string, mode: number, device: number): FsNode
  destroyNode(node: FsNode): void
  ErrnoError: new (errno: number) => Error
  streams: (FsStream | null | undefined)[]
}

const root = '/downcast'
const fileMode = 0o100444
const folderMode = 0o40555
/** Numbers of emscripten's C library. */
const errno = { io: 29, invalid: 28, noEntry: 44 }

export interface Mount {
  /** Makes the source visible; the path is good until `remove`. */
  add(source: ByteSource): { readonly path: string; remove(): void }
  /** Runs `work` and returns what the library printed meanwhile beside its result. */
  quietly<T>(work: () => T): { readonly result: T; readonly printed: string }
}

/** The mount of a file system; to be made once for each. */
export function mountSources(fs: EmscriptenFs): Mount {
  const make = (parent: FsNode | null, name: string, mode: number): FsNode => {
    const node = fs.createNode(parent, name, mode, 0)
    node.node_ops = nodeOps
    node.stream_ops = streamOps
    return node
  }
  const nodeOps = {
    getattr(node: FsNode) {
      const size = node.source?.byteLength ?? 4096
      const epoch = new Date(0)
      const never = { atime: epoch, mtime: epoch, ctime: epoch }
      return {
        dev: 1,
        ino: node.id,
        mode: node.mode,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        size,
        ...never,
        blksize: 4096,
        blocks: Math.ceil(size / 512),
      }
    },
    lookup() {
      throw new fs.ErrnoError(errno.noEntry)
    },
  }
  const streamOps = {
    llseek(stream: FsStream, offset: number, whence: number): number {
      const base = whence === 1 ? stream.position : whence === 2 ? (stream.node.source?.byteLength ?? 0) : 0
      if (base + offset < 0) throw new fs.ErrnoError(errno.invalid)
      return base + offset
    },
    read(stream: FsStream, buffer: Uint8Array | Int8Array, offset: number, length: number, position: number): number {
      const { source } = stream.node
      if (!source) throw new fs.ErrnoError(errno.io)
      const count = Math.max(0, Math.min(length, source.byteLength - position))
      if (count > 0) buffer.set(source.read(position, count), offset)
      return count
    },
  }
  fs.mkdir(root)
  const folder = fs.mount({ mount: () => make(null, '/', folderMode) }, {}, root)

  let made = 0
  return {
    add(source) {
      const name = `${++made}.h5`
      const node = make(folder, name, fileMode)
      node.source = source
      return {
        path: `${root}/${name}`,
        remove() {
          fs.destroyNode(node)
          node.source = undefined
        },
      }
    },
    quietly(work) {
      const pieces: string[] = []
      const saved = [1, 2].map((i) => fs.streams[i]?.stream_ops)
      const write = (_: FsStream, buffer: Uint8Array | Int8Array, offset: number, length: number): number => {
        if (pieces.length < 1000) pieces.push(new TextDecoder().decode(new Uint8Array(buffer.subarray(offset, offset + length))))
        return length
      }
      const redirect = (ops: (i: number) => object | undefined): void => {
        for (const i of [1, 2]) {
          const stream = fs.streams[i]
          const next = ops(i)
          if (stream && next) stream.stream_ops = next
        }
      }
      redirect((i) => ({ ...saved[i - 1], write }))
      try {
        return { result: work(), printed: pieces.join('') }
      } finally {
        redirect((i) => saved[i - 1])
      }
    },
  }
}
