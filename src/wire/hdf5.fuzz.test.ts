import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { fuzz } from './fuzz.testkit.ts'
import { type Hdf5File, openHdf5 } from './hdf5.ts'

const bytes = new Uint8Array(readFileSync(new URL('../../fixtures/hdf5/kinds.h5', import.meta.url)))

function walk(file: Hdf5File, path: string, depth: number): void {
  for (const name of ['names', 'fixed', 'one', 'n']) file.attribute(path === '' ? '/' : path, name)
  for (const child of file.childrenOf(path === '' ? '/' : path)) {
    if (/soft|loop|outside|virtual|huge|external|text|self/.test(child)) continue
    const at = `${path}/${child}`
    if (file.kindOf(at) === 'dataset') file.dataset(at).data.bytes()
    else if (depth < 4) walk(file, at, depth + 1)
  }
}

test('damaged HDF5 files are read or refused', async () => {
  const counts = await fuzz(
    [bytes],
    async (damaged) => {
      const file = await openHdf5(memorySource('x.h5', damaged))
      try {
        walk(file, '', 0)
      } finally {
        file.close()
      }
    },
    {
      iterations: Number(process.env.FUZZ_ITERATIONS ?? 300),
      seed: Number(process.env.FUZZ_SEED ?? 1),
      budgetMs: Number(process.env.FUZZ_MS ?? 2000),
    },
  )
  expect(counts.ok).toBeGreaterThan(0)
  const file = await openHdf5(memorySource('x.h5', bytes))
  walk(file, '', 0)
  file.close()
})
