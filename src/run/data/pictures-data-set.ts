import { noImageDecoder, unreadablePicture } from './diagnostics.ts'
import type { LabelReader } from './labels.ts'
import { type ImageDecoder, isPicture, pictureArray } from './picture.ts'
import { type DataFolder, type DataSet, type DataSource, makeDataSet, type Sample } from './sample.ts'

/** Pictures of a folder in the order of their names. Subfolders are the classes unless `readLabels` finds labels. */
export function picturesDataSet(
  folder: DataFolder,
  files: readonly string[],
  readLabels: LabelReader,
  decode: ImageDecoder | undefined,
): DataSet {
  if (!decode) throw noImageDecoder(`${folder.name}/${files[0]}`)
  const stated = readLabels(files.length, files)
  const classes = stated ? undefined : classesOf(files)
  const read = async (index: number): Promise<Sample> => {
    const file = files[index]!
    const name = `${folder.name}/${file}`
    const source = folder.open(file)
    if (!source) throw unreadablePicture(name, 'the file is gone')
    try {
      return { index, name: file, label: stated?.[index] ?? classes?.labels[index], arrays: await decodeSource(source, name, decode) }
    } finally {
      source.close?.()
    }
  }
  return makeDataSet({
    name: folder.name,
    count: files.length,
    isLabeled: stated !== undefined || classes !== undefined,
    classNames: classes?.names ?? new Map(),
    read,
  })
}

/** A data set of one picture. */
export function pictureDataSet(source: DataSource, readLabels: LabelReader, decode: ImageDecoder | undefined): DataSet {
  if (!decode) throw noImageDecoder(source.name)
  const labels = readLabels(1, [source.name])
  const read = async (index: number): Promise<Sample> => ({
    index,
    name: source.name,
    label: labels?.[0],
    arrays: await decodeSource(source, source.name, decode),
  })
  return makeDataSet({ name: source.name, count: 1, isLabeled: labels !== undefined, classNames: new Map(), read })
}

async function decodeSource(source: DataSource, name: string, decode: ImageDecoder): Promise<Sample['arrays']> {
  const bytes = source.read(0, source.byteLength)
  if (!isPicture(bytes)) throw unreadablePicture(name, 'it is neither a png nor a jpg')
  try {
    return new Map([['', pictureArray(await decode(bytes))]])
  } catch (cause) {
    throw unreadablePicture(
      name,
      (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!.replace(/[.:]?\s*$/, ''),
      cause,
    )
  }
}

interface Classes {
  readonly labels: readonly number[]
  readonly names: ReadonlyMap<number, string>
}

/**
 * Classes from the folders that pictures lie in: folders named by numbers are those classes, others are numbered in the
 * order of their names. undefined when pictures lie in the folder itself.
 */
function classesOf(files: readonly string[]): Classes | undefined {
  const folders = files.map((f) => (f.includes('/') ? f.slice(0, f.indexOf('/')) : undefined))
  if (folders.includes(undefined)) return undefined
  const distinct = [...new Set(folders as string[])].sort()
  const isNumbered = distinct.every((f) => /^\d{1,6}$/.test(f))
  const numberOf = new Map(distinct.map((f, i) => [f, isNumbered ? Number(f) : i]))
  return {
    labels: (folders as string[]).map((f) => numberOf.get(f)!),
    names: new Map(Array.from(numberOf, ([name, label]) => [label, name])),
  }
}
