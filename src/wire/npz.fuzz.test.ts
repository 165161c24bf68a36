import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { memorySource } from '../core/bytes.ts'
import { fuzz } from './fuzz.testkit.ts'
import { readIdx } from './idx.ts'
import { readNpy } from './npy.ts'
import { openNpz, readNpz } from './npz.ts'
import { openZip } from './zip.ts'

const fixture = (name: string) => fixtureBytes(`numpy/${name}`)
const archives = [fixture('stored.npz'), fixture('deflated.npz')]

test('damaged zip and npz archives are read or refused', async () => {
  const { ok, refused } = await fuzz(archives, (bytes) => {
    const zip = openZip(memorySource('x.zip', bytes), { maxTotalBytes: 1 << 20 })
    for (const entry of zip.entries.values()) zip.read(entry)
    readNpz(memorySource('x.npz', bytes))
  })
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})

test('damaged npy files are read or refused', async () => {
  const samples = Array.from(openNpz(memorySource('a', archives[0]!)).values(), (s) => s.read(0, Math.min(s.byteLength, 200)))
  const { ok, refused } = await fuzz(samples, (bytes) => readNpy(memorySource('x.npy', bytes)))
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})

test('damaged IDX files, plain and gzipped, are read or refused', async () => {
  const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, ...Array.from({ length: 12 }, (_, i) => i))
  const { ok, refused } = await fuzz([idx, new Uint8Array(gzipSync(idx))], (bytes) => readIdx(memorySource('x', bytes)))
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})
