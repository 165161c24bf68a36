import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import { openHdf5 } from './hdf5.ts'

/*
 * Whole Keras files, judged by the HDF5 C library (h5wasm): every group, every dataset, every byte.
 */

const h5wasm = await import('h5wasm/node')
await h5wasm.ready
const folder = new URL('../../../fixtures/keras/', import.meta.url)
const files = readdirSync(folder).filter((f) => f.endsWith('.h5'))

interface Reference {
  readonly groups: Map<string, string[]>
  readonly datasets: Map<string, { readonly shape: readonly number[]; readonly bytes: Buffer }>
}

function readReference(path: string): Reference {
  const file = new h5wasm.File(path, 'r')
  const found: Reference = { groups: new Map(), datasets: new Map() }
  const visit = (name: string) => {
    const entity = file.get(name)
    if (entity instanceof h5wasm.Group) {
      found.groups.set(name, entity.keys().toSorted())
      for (const key of entity.keys()) visit(`${name === '/' ? '' : name}/${key}`)
    } else if (entity instanceof h5wasm.Dataset && ArrayBuffer.isView(entity.value)) {
      const value = entity.value
      found.datasets.set(name, { shape: entity.shape ?? [], bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength) })
    }
  }
  visit('/')
  file.close()
  return found
}

it('finds files to judge', () => expect(files.length).toBeGreaterThan(4))

it.each(files)('%s', (name) => {
  const path = new URL(name, folder).pathname
  const reference = readReference(path)
  const file = openHdf5(memorySource(name, new Uint8Array(readFileSync(path))))
  expect(reference.groups.size).toBeGreaterThan(0)
  for (const [group, keys] of reference.groups) expect([group, file.childrenOf(group).toSorted()]).toEqual([group, keys])
  for (const [dataset, { shape, bytes }] of reference.datasets) {
    const ours = file.dataset(dataset)
    expect([dataset, ours.shape]).toEqual([dataset, shape])
    expect(Buffer.compare(Buffer.from(ours.data.bytes()), bytes), dataset).toBe(0)
  }
})
