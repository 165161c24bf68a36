import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { trailingZip } from './trailing-zip.ts'
import { openZip } from './zip.ts'
import { zipParts } from './zip-write.ts'

const names = ['labels.txt', 'more.txt']
const zip = new Uint8Array(
  Buffer.concat(
    zipParts(
      'z',
      names.map((name) => ({ name, parts: [new TextEncoder().encode(name)] })),
    ),
  ),
)
const behind = (before: number, archive = zip) => memorySource('m', new Uint8Array(Buffer.concat([new Uint8Array(before), archive])))
const changed = (at: number, value: number) => {
  const bytes = new Uint8Array(zip)
  new DataView(bytes.buffer).setUint32(at < 0 ? bytes.byteLength + at : at, value, true)
  return bytes
}

test('an archive moves with its offsets', () => {
  const found = trailingZip(behind(100))!
  expect([found.offset, found.byteLength]).toEqual([100, zip.byteLength])
  const moved = openZip(memorySource('n', new Uint8Array(Buffer.concat([new Uint8Array(37), found.movedTo(37)]))))
  expect([...moved.entries.keys()]).toEqual(names)
  for (const entry of moved.entries.values()) expect(new TextDecoder().decode(moved.read(entry))).toBe(entry.name)
})

test.each<[string, Uint8Array<ArrayBuffer>]>([
  ['no end of a directory', new Uint8Array(200)],
  ['too few bytes', new Uint8Array(3)],
  ['a directory before the file', changed(-10, 0x7fff_ffff)],
  ['a directory that begins nowhere', changed(-6, 0x7fff_ffff)],
  ['a directory that is none', changed(-10, 30)],
  ['no first entry', changed(0, 0)],
])('%s is no archive', (_, bytes) => expect(trailingZip(behind(0, bytes))).toBeUndefined())

test('a place that 32 bits cannot say is refused', () => {
  expect(() => trailingZip(behind(10))!.movedTo(2 ** 32)).toThrow(DowncastError)
})
