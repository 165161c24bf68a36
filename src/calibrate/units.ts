import { DowncastError } from '../core/diagnostics.ts'
import type { DataSet } from '../run/data/sample.ts'
import type { SignatureInfo } from '../run/runner.ts'
import type { Unit } from './fold.ts'
import type { PreparedSample } from './observer.ts'
import { chained, type PreprocessByInput, type ReadSample, readSample } from './samples.ts'

/** Some samples to be observed together by one observer. */
export interface WorkUnit extends Unit {
  readonly prepared: readonly PreparedSample[]
}

export interface ReadingOptions {
  readonly data: DataSet
  readonly signatures: readonly SignatureInfo[]
  readonly preprocess: PreprocessByInput
  /** Samples that are read in all. */
  readonly total: number
  readonly skipBad: boolean
  /** Sees each good sample as it is read. */
  readonly onSample: (sample: ReadSample) => void
}

/** Feeds that one unit holds at most. */
const maxUnitBytes = 32 << 20

/** Reads the samples of a data set in their order, a unit at a time, whoever asks. */
export class SampleReader {
  readonly #options: ReadingOptions
  #next: number
  #sha256: string
  #last: Promise<unknown> = Promise.resolve()

  /** Begins at position `next`, where the digest of the samples before is `sha256`. */
  constructor(options: ReadingOptions, next: number, sha256: string) {
    this.#options = options
    this.#next = next
    this.#sha256 = sha256
  }

  get position(): number {
    return this.#next
  }

  get sha256(): string {
    return this.#sha256
  }

  /** Up to `limit` samples, up to position `end`; undefined when all are read. Throws what `readSample` throws, unless such samples are skipped. */
  take(limit: number, end = this.#options.total): Promise<WorkUnit | undefined> {
    const taken = this.#last.then(() => this.#read(limit, end))
    this.#last = taken.catch(() => {})
    return taken
  }

  async #read(limit: number, end: number): Promise<WorkUnit | undefined> {
    if (this.#next >= end) return undefined
    const prepared: PreparedSample[] = []
    const names: string[] = []
    const positions: number[] = []
    const skipped: { name: string; reason: string }[] = []
    let bytes = 0
    while (this.#next < end && prepared.length < limit && bytes < maxUnitBytes) {
      const position = this.#next++
      const sample = await this.#readOne(position, skipped)
      if (!sample) continue
      this.#sha256 = await chained(this.#sha256, sample.sha256)
      this.#options.onSample(sample)
      prepared.push(sample.prepared)
      names.push(sample.name)
      positions.push(position)
      for (const run of sample.prepared.runs) for (const feed of run.feeds.values()) bytes += feed.bytes.byteLength
    }
    return { next: this.#next, sha256: this.#sha256, names, positions, skipped, prepared }
  }

  async #readOne(position: number, skipped: { name: string; reason: string }[]): Promise<ReadSample | undefined> {
    const { data, signatures, preprocess, skipBad } = this.#options
    try {
      return await readSample(data, position, signatures, preprocess)
    } catch (e) {
      if (!skipBad || !(e instanceof DowncastError)) throw e
      skipped.push({ name: e.file ?? `${data.name}[${position}]`, reason: e.message })
      return undefined
    }
  }
}
