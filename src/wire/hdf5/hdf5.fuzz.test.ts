import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { memorySource } from '../../core/bytes.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { fuzz } from '../fuzz.testkit.ts'
import { type Hdf5File, openHdf5 } from './hdf5.ts'

const fixture = (name: string) => fixtureBytes(`hdf5/${name}`)

/** Reads everything; what is refused does not keep the rest from being read. */
function walk(file: Hdf5File, path: string, depth: number): number {
  let refused = 0
  const attempt = (work: () => void): void => {
    try {
      work()
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      refused++
    }
  }
  for (const name of ['names', 'fixed', 'one', 'i8', 'big']) attempt(() => file.attribute(path, name))
  attempt(() => {
    for (const child of file.childrenOf(path)) {
      const at = `${path}/${child}`
      attempt(() => {
        if (file.kindOf(at) === 'dataset') file.dataset(at).data.bytes()
        else if (depth < 3) refused += walk(file, at, depth + 1)
      })
    }
  })
  return refused
}

test('damaged HDF5 files are read or refused', async () => {
  const samples = [fixture('kinds.h5'), fixture('newest.h5')]
  const usual = samples.map((bytes) => walk(openHdf5(memorySource('x.h5', bytes)), '', 0))
  let damaged = 0
  const { ok, refused } = await fuzz(samples, (bytes) => {
    if (walk(openHdf5(memorySource('x.h5', bytes)), '', 0) > Math.max(...usual)) damaged++
  })
  expect(ok + refused).toBeGreaterThan(20)
  expect(damaged).toBeGreaterThan(0)
})
