import { expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { memorySource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import { fuzz } from './fuzz.testkit.ts'
import { readNpy } from './npy.ts'
import { isTar, openTar } from './tar.ts'

const fixture = (name: string) => fixtureBytes(`tar/${name}`)
const open = (bytes: Uint8Array, maxEntries?: number) => openTar(memorySource('x.tar', bytes), maxEntries)
const faultOf = (bytes: Uint8Array, maxEntries?: number): DowncastError => {
  try {
    open(bytes, maxEntries)
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}
/** The header at `at` with another field and the checksum that goes with it. */
function withField(bytes: Uint8Array, at: number, offset: number, field: string): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy.set(new TextEncoder().encode(field), at + offset)
  copy.fill(0x20, at + 148, at + 156)
  const sum = copy.subarray(at, at + 512).reduce((n, b) => n + b, 0)
  copy.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148)
  return copy
}

const deep = `./${'deep/'.repeat(30)}`

test.each(['gnu.tar', 'pax.tar'])('long names, folders, links and repeated names of %s', (name) => {
  const bytes = fixture(name)
  const entries = open(bytes)
  expect([...entries.keys()]).toEqual(['./0001.left.npy', './0001.right.npy', `${deep}0002.left.npy`, `${deep}0002.right.npy`])
  const { offset, byteLength } = entries.get('./0001.left.npy')!
  const array = readNpy(memorySource('a', bytes.subarray(offset, offset + byteLength)))
  // The second of the two files of this name.
  expect([...typedView('f32', array.bytes)]).toEqual([7, 2])
})

test('a ustar name is its prefix and its name', () => {
  expect([...open(fixture('ustar.tar')).keys()]).toEqual([`${'a'.repeat(90)}/${'b'.repeat(60)}.npy`])
})

test('only the header of an archive is taken for one', () => {
  expect(isTar(fixture('gnu.tar').subarray(0, 512))).toBe(true)
  expect(isTar(fixture('gnu.tar').subarray(0, 511))).toBe(false)
  expect(isTar(new Uint8Array(512))).toBe(false)
})

test('damaged archives are refused', () => {
  const bytes = fixture('ustar.tar')
  expect(faultOf(bytes.subarray(0, 600))).toMatchObject({ code: 'wire/truncated', expected: '144 bytes', actual: '88' })
  expect(faultOf(withField(bytes, 0, 124, 'x'.repeat(11)))).toMatchObject({ code: 'wire/malformed', offset: 124 })
  expect(faultOf(withField(bytes, 0, 124, '77777777777')).code).toBe('wire/truncated')
  const garbled = new Uint8Array(bytes)
  garbled[0]! ^= 1
  expect(faultOf(garbled)).toMatchObject({ code: 'wire/malformed', offset: 0 })
  expect(faultOf(fixture('gnu.tar'), 1).code).toBe('wire/limit-exceeded')
  const pax = fixture('pax.tar')
  const record = new TextDecoder('latin1').decode(pax).indexOf(' path=')
  expect(record).toBeGreaterThan(0)
  pax.fill(0x39, record - 3, record)
  expect(faultOf(pax)).toMatchObject({ code: 'wire/malformed', expected: 'records LENGTH KEY=VALUE' })
})

test('a long name is bounded', () => {
  const gnu = fixture('gnu.tar')
  const at = new TextDecoder('latin1').decode(gnu).indexOf('././@LongLink')
  const long = new Uint8Array(at + 512 + (3 << 20))
  long.set(gnu.subarray(0, at + 512))
  expect(faultOf(withField(long, at, 124, '00010000000'))).toMatchObject({ code: 'wire/limit-exceeded', offset: at + 512 })
})

test('damaged archives are read or refused', async () => {
  const { ok, refused } = await fuzz(
    [fixture('gnu.tar'), fixture('pax.tar')].map((b) => b.subarray(0, 6144)),
    open,
  )
  expect(Math.min(ok, refused)).toBeGreaterThan(50)
})
