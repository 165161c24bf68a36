import type { ByteSource } from '../../core/bytes.ts'
import type { NdArray } from '../../core/nd-array.ts'
import type { ImageDecoder } from './picture.ts'

/** One sample as the data set holds it, before preprocessing. */
export interface Sample {
  readonly index: number
  /** For messages and pages: a file name, or the file with the sample's number: `t10k-images[7]`. */
  readonly name: string
  /** Class number, when the data set has labels. */
  readonly label?: number | undefined
  /** By input name; where the format has no names, one array under the empty name. */
  readonly arrays: ReadonlyMap<string, NdArray>
}

/** Samples with random access; iterating holds one at a time. */
export interface DataSet extends AsyncIterable<Sample> {
  readonly name: string
  readonly count: number
  readonly isLabeled: boolean
  /** Names of classes by label, where the data set has them. */
  readonly classNames: ReadonlyMap<number, string>
  /** `index` is from 0 to `count` - 1. Throws `run/unreadable-picture` and what the format's reader throws. */
  read(index: number): Promise<Sample>
}

/** A source that may hold a file open. */
export type DataSource = ByteSource & { close?(): void }

/** A folder of samples; paths are relative, with `/`. */
export interface DataFolder {
  readonly name: string
  /** Every file below the folder. */
  list(): readonly string[]
  open(path: string): DataSource | undefined
}

export interface DataSpec {
  /** A folder of samples, or one file of them. */
  readonly data: DataFolder | DataSource
  /** Labels of their own: one class number a line, lines of `file,number`, an IDX file, a `.npy` of integers. */
  readonly labels?: DataSource | undefined
  /** The folder a single file lies in, where the labels of an IDX file are looked for. */
  readonly folder?: DataFolder | undefined
  /** Needed for pictures. */
  readonly decodeImage?: ImageDecoder | undefined
}

/** What a file is called without its folder. */
export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
}

/** A data set over a function that reads one sample. */
export function makeDataSet(fields: Omit<DataSet, typeof Symbol.asyncIterator>): DataSet {
  return {
    ...fields,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < fields.count; i++) yield await fields.read(i)
    },
  }
}
