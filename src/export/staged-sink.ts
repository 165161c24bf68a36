import type { ByteSink } from '../core/bytes.ts'

const chunkBytes = 262144

/** Gathers small writes near each other into larger ones; the gaps between them are written as zeros. `flush` ends it. */
export class StagedSink implements ByteSink {
  readonly #sink: ByteSink
  readonly #chunk = new Uint8Array(chunkBytes)
  #start = 0
  #length = 0

  constructor(sink: ByteSink) {
    this.#sink = sink
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.byteLength > chunkBytes) {
      this.flush()
      this.#sink.write(bytes, position)
      return
    }
    if (this.#length === 0) this.#start = position
    if (position < this.#start || position - this.#start + bytes.byteLength > chunkBytes) {
      this.flush()
      this.#start = position
    }
    this.#chunk.set(bytes, position - this.#start)
    this.#length = Math.max(this.#length, position - this.#start + bytes.byteLength)
  }

  flush(): void {
    if (this.#length > 0) this.#sink.write(this.#chunk.subarray(0, this.#length), this.#start)
    this.#chunk.fill(0, 0, this.#length)
    this.#length = 0
  }
}
