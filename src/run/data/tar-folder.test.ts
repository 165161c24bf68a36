import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import { openDataSet } from './open-data-set.ts'
import type { DataFolder, DataSet } from './sample.ts'
import { tarFolder } from './tar-folder.ts'

const fixture = (name: string) => fixtureBytes(`tar/${name}`)
const source = (bytes: Uint8Array) => memorySource('d/x.tar', bytes)
async function summary(set: DataSet) {
  const rows = []
  for await (const s of set) rows.push([s.name, s.label, ...Array.from(s.arrays, ([n, a]) => [n, a.shape, Array.from(toFloat32(a)!)])])
  return rows
}
const faultOf = (work: () => unknown): DowncastError => {
  try {
    work()
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

/** A ustar archive of small files. */
function tar(files: Record<string, Uint8Array>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = new Uint8Array(512)
    const put = (offset: number, text: string) => header.set(new TextEncoder().encode(text), offset)
    put(0, name)
    put(124, bytes.length.toString(8).padStart(11, '0'))
    put(156, '0')
    put(257, 'ustar\0')
    header.fill(0x20, 148, 156)
    put(
      148,
      `${header
        .reduce((n, b) => n + b, 0)
        .toString(8)
        .padStart(6, '0')}\0`,
    )
    const padded = new Uint8Array(512 * Math.ceil(bytes.length / 512))
    padded.set(bytes)
    return [header, padded]
  })
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(1024)]))
}
const png = (value: number) => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, value)
const decodeImage = async (bytes: Uint8Array) => ({ width: 1, height: 1, channels: 1 as const, data: bytes.subarray(4, 5) })

test('arrays of an archive are samples by their names', async () => {
  const deep = 'deep/'.repeat(30)
  const rows = [
    ['0001', undefined, ['left', [2], [7, 2]], ['right', [], [3]]],
    [`${deep}0002`, undefined, ['left', [2], [4, 5]], ['right', [], [6]]],
  ]
  expect(await summary(openDataSet({ data: source(fixture('gnu.tar')) }))).toEqual(rows)
  expect(await summary(openDataSet({ data: source(new Uint8Array(gzipSync(fixture('pax.tar')))) }))).toEqual(rows)
  const labels = memorySource('l', new TextEncoder().encode('4\n5'))
  expect((await summary(openDataSet({ data: source(fixture('gnu.tar')), labels }))).map((r) => r[1])).toEqual([4, 5])
})

test('one array of an archive holds samples on its first axis', async () => {
  expect((await summary(openDataSet({ data: source(fixture('ustar.tar')) }))).map((r) => r[2])).toEqual([
    ['', [2], [1, 2]],
    ['', [2], [3, 4]],
  ])
})

test('pictures of an archive have the classes of their folders', async () => {
  const archive = tar({ './cat/b.jpg': png(1), './ant/a.png': png(2), './cat/._b.jpg': png(3), 'notes.csv': Uint8Array.of(0x31) })
  const set = openDataSet({ data: source(archive), decodeImage })
  expect(await summary(set)).toEqual([
    ['ant/a.png', 0, ['', [1, 1, 1], [2]]],
    ['cat/b.jpg', 1, ['', [1, 1, 1], [1]]],
  ])
  const folder: DataFolder = { name: 'd', list: () => ['x.tar'], open: () => source(archive) }
  expect(openDataSet({ data: folder, decodeImage }).count).toBe(2)
})

test('a folder without samples of its own may hold a table or JSON lines', async () => {
  const text = (s: string) => new TextEncoder().encode(s)
  const folder = (files: Record<string, string>): DataFolder => ({
    name: 'd',
    list: () => Object.keys(files).sort(),
    open: (path) => memorySource(`d/${path}`, text(files[path]!)),
  })
  expect((await openDataSet({ data: folder({ 'x.csv': '1\n2', 'labels.csv': '3\n4', 'readme.md': '' }) }).read(1)).label).toBe(4)
  expect(openDataSet({ data: folder({ 'x.jsonl': '[1]' }) }).count).toBe(1)
  expect(faultOf(() => openDataSet({ data: folder({ 'x.jsonl': '[1]', 'x.csv': '1' }) })).code).toBe('run/ambiguous-data')
})

test('archives without samples are refused, nested ones too', () => {
  expect(faultOf(() => openDataSet({ data: source(tar({ 'a.md': Uint8Array.of(1) })) })).code).toBe('run/no-samples')
  expect(faultOf(() => openDataSet({ data: source(tar({ 'b.tar': fixture('gnu.tar') })) })).code).toBe('run/no-samples')
  expect(faultOf(() => tarFolder(source(fixture('gnu.tar').subarray(0, 700)))).code).toBe('wire/truncated')
})

test('files that are gone are named', async () => {
  const archive = tarFolder(source(fixture('gnu.tar')))
  expect(archive.open('nothing')).toBeUndefined()
  const { npyFilesDataSet } = await import('./npy-files-data-set.ts')
  const set = npyFilesDataSet({ ...archive, open: () => undefined }, ['a.npy'], () => undefined)
  await expect(set.read(0)).rejects.toMatchObject({ code: 'run/unknown-data-format', actual: 'no file' })
})
