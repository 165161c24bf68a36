import { gunzipStart, isGzip } from '../../wire/gzip.ts'
import { isIdx } from '../../wire/idx.ts'
import { isNpy } from '../../wire/npy.ts'
import { isTar } from '../../wire/tar.ts'
import { idxDataSet, npyDataSet, npzDataSet } from './arrays-data-set.ts'
import { ambiguousData, noSamples, unknownDataFormat } from './diagnostics.ts'
import { jsonLinesDataSet } from './json-lines-data-set.ts'
import { type LabelReader, readLabels } from './labels.ts'
import { npyFilesDataSet } from './npy-files-data-set.ts'
import { isPicture } from './picture.ts'
import { pictureDataSet, picturesDataSet } from './pictures-data-set.ts'
import { baseName, type DataFolder, type DataSet, type DataSource, type DataSpec } from './sample.ts'
import { tableDataSet } from './table-data-set.ts'
import { tarFolder } from './tar-folder.ts'

type Kind = 'picture' | 'idx-samples' | 'idx-labels' | 'npy' | 'npz' | 'tar' | 'table' | 'json-lines' | 'other'

/**
 * Opens a data set; what it is, its bytes say. A folder holds pictures, or one file of samples (with an IDX file of labels beside it,
 * or `labels.txt`, `labels.csv`, `labels.npy`); a file is one picture, an IDX, `.npy` or `.npz` file, a `.csv` or `.tsv` table, JSON lines
 * (`.jsonl`, `.ndjson`), or a tar archive (gzipped or not) of what a folder holds, in which several `.npy` files are one sample each.
 * Throws `run/no-samples`, `run/unknown-data-format`, `run/ambiguous-data`, `run/count-mismatch`, `run/bad-labels`,
 * `run/no-image-decoder` and what the format's reader throws.
 */
export function openDataSet(spec: DataSpec): DataSet {
  const { data } = spec
  return 'list' in data ? openDataFolder(data, spec) : openDataFile(data, spec, undefined)
}

function kindOf(source: DataSource): Kind {
  const head = source.read(0, Math.min(512, source.byteLength))
  if (isPicture(head)) return 'picture'
  if (isNpy(head)) return 'npy'
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) return 'npz'
  const start = isGzip(head) ? gunzipStart(source) : head
  if (isIdx(start)) return start[3] === 1 ? 'idx-labels' : 'idx-samples'
  if (isTar(start.subarray(0, 512))) return 'tar'
  // Text has no mark of its own.
  if (/\.[ct]sv$/i.test(source.name)) return 'table'
  return /\.(jsonl|ndjson)$/i.test(source.name) ? 'json-lines' : 'other'
}

function openDataFile(file: DataSource, spec: DataSpec, labelsBeside: DataSource | undefined): DataSet {
  const read: LabelReader = (count, names) => {
    const source = spec.labels ?? labelsBeside
    return source && readLabels(source, count, names)
  }
  switch (kindOf(file)) {
    case 'picture':
      return pictureDataSet(file, read, spec.decodeImage)
    case 'npy':
      return npyDataSet(file, read)
    case 'npz':
      return npzDataSet(file, read)
    case 'idx-samples': {
      const partner = spec.folder && partnerOf(file.name, spec.folder)
      return idxDataSet(file, spec.labels || labelsBeside || !partner ? read : (count) => readLabels(partner, count))
    }
    case 'tar':
      return openDataFolder(tarFolder(file), { ...spec, folder: undefined }, true)
    case 'table':
      return tableDataSet(file, read)
    case 'json-lines':
      return jsonLinesDataSet(file, read)
    case 'idx-labels':
      throw unknownDataFormat(file.name, 'labels (an IDX file of one axis)')
    case 'other':
      throw unknownDataFormat(file.name, describeBytes(file))
  }
}

function describeBytes(file: DataSource): string {
  const head = file.read(0, Math.min(8, file.byteLength))
  return file.byteLength === 0
    ? 'an empty file'
    : `a file that begins with ${Array.from(head, (b) => b.toString(16).padStart(2, '0')).join(' ')}`
}

function openDataFolder(folder: DataFolder, spec: DataSpec, isArchive = false): DataSet {
  const kinds = new Map<Kind, string[]>()
  for (const file of folder.list()) {
    if (file.split('/').some((part) => part.startsWith('.'))) continue
    const source = folder.open(file)
    if (!source) continue
    try {
      const kind = kindOf(source)
      kinds.set(kind, [...(kinds.get(kind) ?? []), file])
    } finally {
      source.close?.()
    }
  }
  const of = (kind: Kind): readonly string[] => kinds.get(kind) ?? []
  const labelFile = [...of('other'), ...of('table'), ...of('npy')].find((f) => /^labels\.(txt|csv|tsv|npy)$/.test(f))
  const npy = of('npy').filter((f) => f !== labelFile)
  const stored = [...of('idx-samples'), ...npy, ...of('npz'), ...(isArchive ? [] : of('tar'))]
  const pictures = of('picture')
  const isText = stored.length === 0 && pictures.length === 0
  // Beside other samples a table is about them.
  const arrays = isText ? [...of('table').filter((f) => f !== labelFile), ...of('json-lines')] : stored
  const labels = spec.labels ?? (labelFile === undefined ? undefined : folder.open(labelFile))
  const read: LabelReader = (count, names) => labels && readLabels(labels, count, names)
  if (isArchive && npy.length > 1 && npy.length === arrays.length && pictures.length === 0) return npyFilesDataSet(folder, npy, read)
  if (arrays.length > 1 || (arrays.length > 0 && pictures.length > 0)) {
    throw ambiguousData(
      folder.name,
      [...arrays, ...pictures.slice(0, 1)].map((f) => `${folder.name}/${f}`),
    )
  }
  if (arrays[0] !== undefined) {
    const beside = of('idx-labels').length === 1 ? of('idx-labels')[0] : labelFile
    const hasOwn = of('idx-samples').length === 0 && labelFile === undefined
    return openDataFile(folder.open(arrays[0])!, { ...spec, folder }, beside === undefined || hasOwn ? undefined : folder.open(beside))
  }
  if (pictures.length === 0) throw noSamples(folder.name)
  return picturesDataSet(folder, pictures, read, spec.decodeImage)
}

/** The labels that belong to an IDX file by name: `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz`. */
function partnerOf(name: string, folder: DataFolder): DataSource | undefined {
  const base = baseName(name)
  const stem = base
    .replace(/images/g, 'labels')
    .replace(/idx\d/g, 'idx1')
    .replace(/\.gz$/, '')
  if (!base.includes('images')) return undefined
  const found = folder.list().find((f) => f === stem || f === `${stem}.gz`)
  return found === undefined ? undefined : folder.open(found)
}
