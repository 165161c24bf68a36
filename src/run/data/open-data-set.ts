import { gunzipStart, isGzip } from '../../wire/gzip.ts'
import { isIdx } from '../../wire/idx.ts'
import { isNpy } from '../../wire/npy.ts'
import { idxDataSet, npyDataSet, npzDataSet } from './arrays-data-set.ts'
import { ambiguousData, noSamples, unknownDataFormat } from './diagnostics.ts'
import { type LabelReader, readLabels } from './labels.ts'
import { isPicture } from './picture.ts'
import { pictureDataSet, picturesDataSet } from './pictures-data-set.ts'
import type { DataFolder, DataSet, DataSource, DataSpec } from './sample.ts'

type Kind = 'picture' | 'idx-samples' | 'idx-labels' | 'npy' | 'npz' | 'other'

/**
 * Opens a data set; what it is, its bytes say. A folder holds pictures, or one file of samples (with an IDX file of labels beside it,
 * or `labels.txt`, `labels.csv`, `labels.npy`); a file is one picture, an IDX, `.npy` or `.npz` file.
 * Throws `run/no-samples`, `run/unknown-data-format`, `run/ambiguous-data`, `run/count-mismatch`, `run/bad-labels`,
 * `run/no-image-decoder` and what the format's reader throws.
 */
export function openDataSet(spec: DataSpec): DataSet {
  const { data } = spec
  return 'list' in data ? openDataFolder(data, spec) : openDataFile(data, spec, undefined)
}

function kindOf(source: DataSource): Kind {
  const head = source.read(0, Math.min(16, source.byteLength))
  if (isPicture(head)) return 'picture'
  if (isNpy(head)) return 'npy'
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) return 'npz'
  const start = isGzip(head) ? gunzipStart(source) : head
  return isIdx(start) ? (start[3] === 1 ? 'idx-labels' : 'idx-samples') : 'other'
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

function openDataFolder(folder: DataFolder, spec: DataSpec): DataSet {
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
  const labelFile = [...of('other'), ...of('npy')].find((f) => /^labels\.(txt|csv|tsv|npy)$/.test(f))
  const arrays = [...of('idx-samples'), ...of('npy').filter((f) => f !== labelFile), ...of('npz')]
  const pictures = of('picture')
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
  const labels = spec.labels ?? (labelFile === undefined ? undefined : folder.open(labelFile))
  return picturesDataSet(folder, pictures, (count, names) => labels && readLabels(labels, count, names), spec.decodeImage)
}

/** The labels that belong to an IDX file by name: `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz`. */
function partnerOf(name: string, folder: DataFolder): DataSource | undefined {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  const stem = base
    .replace(/images/g, 'labels')
    .replace(/idx\d/g, 'idx1')
    .replace(/\.gz$/, '')
  if (!base.includes('images')) return undefined
  const found = folder.list().find((f) => f === stem || f === `${stem}.gz`)
  return found === undefined ? undefined : folder.open(found)
}
