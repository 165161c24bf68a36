import { isInteger } from '../../core/dtype.ts'
import { type NdArray, toFloat32 } from '../../core/nd-array.ts'
import { isGzip } from '../../wire/gzip.ts'
import { isIdx, readIdx } from '../../wire/idx.ts'
import { isNpy, readNpy } from '../../wire/npy.ts'
import { badLabels, countMismatch } from './diagnostics.ts'
import type { DataSource } from './sample.ts'

/** Finds the labels of `count` samples; `names` are their files, where each has its own. undefined when there are none. */
export type LabelReader = (count: number, names?: readonly string[]) => number[] | undefined

const maxTextBytes = 64 << 20

/**
 * Class numbers from a file, one for each of `count` samples: an IDX file, a `.npy` of integers, or text with one number a
 * line. Samples with file names can have lines of name and number, in any order; a header line is skipped.
 * Throws `run/bad-labels`, `run/count-mismatch` and what the readers throw.
 */
export function readLabels(source: DataSource, count: number, names?: readonly string[]): number[] {
  const head = source.read(0, Math.min(8, source.byteLength))
  if (isIdx(head) || isGzip(head)) return labelsOf(readIdx(source), source.name, count)
  if (isNpy(head)) return labelsOf(readNpy(source), source.name, count)
  if (source.byteLength > maxTextBytes) throw badLabels(source.name, `at most ${maxTextBytes} bytes of text`, `${source.byteLength} bytes`)
  const text = new TextDecoder().decode(source.read(0, source.byteLength))
  const lines = text.split(/\r?\n/).map((l) => l.trim())
  while (lines.at(-1) === '') lines.pop()
  if (lines.every((l) => /^\d+$/.test(l))) return counted(source.name, lines.map(Number), count)
  if (!names) throw badLabels(source.name, 'a class number on each line', JSON.stringify(lines.find((l) => !/^\d+$/.test(l))?.slice(0, 60)))
  return namedLabels(source.name, lines, names)
}

/** An array of labels as numbers. */
export function labelsOf(array: NdArray, file: string, count: number): number[] {
  const values = toFloat32(array)
  const isColumn = array.shape.length === 2 && array.shape[1] === 1
  if (!values || !isInteger(array.dtype) || (array.shape.length !== 1 && !isColumn)) {
    throw badLabels(file, 'one integer for each sample', `${array.dtype} of shape [${array.shape}]`)
  }
  return counted(file, Array.from(values), count)
}

function counted(file: string, labels: number[], count: number): number[] {
  if (labels.length !== count) throw countMismatch(file, 'labels', count, labels.length)
  return labels
}

function namedLabels(file: string, lines: readonly string[], names: readonly string[]): number[] {
  const byName = new Map<string, number>()
  for (const [i, line] of lines.entries()) {
    const parts = /^"?(.*?)"?\s*[,;\t ]\s*(\d+)$/.exec(line)
    if (parts) byName.set(parts[1]!, Number(parts[2]))
    else if (i > 0) throw badLabels(file, 'a file name and a class number', JSON.stringify(line.slice(0, 60)))
  }
  return names.map((name) => byName.get(name) ?? byName.get(name.slice(name.lastIndexOf('/') + 1)) ?? missing(file, name))
}

function missing(file: string, name: string): never {
  throw badLabels(file, `a label for ${JSON.stringify(name)}`, 'none')
}
