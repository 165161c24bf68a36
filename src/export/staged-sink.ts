import type { ByteSink } from '../core/bytes.ts'

const chunkBytes = 262144

/** Gathers small writes near each other into larger ones; gaps between them are written as zeros. `flush` ends it. */
export class StagedSink implements ByteSink {
  readonly #sink: ByteSink
  readonly #chunk = new Uint8Array(chunkBytes)
  #start = 0
  #length = 0
  /** End of all that went to the sink: a chunk lies behind it, so that its gaps overwrite nothing. */
  #written = 0

  constructor(sink: ByteSink) {
    this.#sink = sink
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.byteLength
    const isNear = this.#length > 0 && position >= this.#start && end <= this.#start + chunkBytes
    if (!isNear) {
      if (end > this.#start) this.flush()
      if (this.#length > 0 || position < this.#written || bytes.byteLength > chunkBytes) {
        this.#sink.write(bytes, position)
        this.#written = Math.max(this.#written, end)
        return
      }
      this.#start = position
    }
    this.#chunk.set(bytes, position - this.#start)
    this.#length = Math.max(this.#length, end - this.#start)
  }

  flush(): void {
    if (this.#length === 0) return
    this.#sink.write(this.#chunk.subarray(0, this.#length), this.#start)
    this.#written = Math.max(this.#written, this.#start + this.#length)
    this.#chunk.fill(0, 0, this.#length)
    this.#length = 0
  }
}
