import type { NdArray } from '../core/nd-array.ts'

/** Results of layers in the order in which these end, the last ones, as many as have `mostBytes`. Default 256 MiB. */
export class RecentLayers {
  readonly results = new Map<string, NdArray>()
  readonly #mostBytes: number
  #bytes = 0

  constructor(mostBytes = 2 ** 28) {
    this.#mostBytes = mostBytes
  }

  /** A layer of several parts stands where its last one does. */
  add(layer: string, result: NdArray): void {
    this.#drop(layer)
    this.results.set(layer, result)
    this.#bytes += result.bytes.byteLength
    for (const first of this.results.keys()) {
      if (this.#bytes <= this.#mostBytes || first === layer) return
      this.#drop(first)
    }
  }

  #drop(layer: string): void {
    this.#bytes -= this.results.get(layer)?.bytes.byteLength ?? 0
    this.results.delete(layer)
  }
}
