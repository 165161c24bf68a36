import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { ndArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { isNpy, openNpy, readNpy } from './npy.ts'
import { npyParts } from './npy-write.ts'
import { npzParts, openNpz, readNpz } from './npz.ts'

const fixture = (name: string) => memorySource(name, new Uint8Array(readFileSync(new URL(`../../fixtures/numpy/${name}`, import.meta.url))))
const ramp = Float32Array.from({ length: 24 }, (_, i) => i)

function npy(header: string, data: Uint8Array = new Uint8Array(), version = 1): Uint8Array {
  const text = Buffer.from(header, 'latin1')
  const length =
    version === 1 ? Buffer.from([text.length & 255, text.length >> 8]) : Buffer.from([text.length & 255, text.length >> 8, 0, 0])
  return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]), length, text, data])
}
const faultOf = (bytes: Uint8Array): DowncastError => {
  try {
    readNpy(memorySource('x.npy', bytes))
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

test.each(['stored.npz', 'deflated.npz'])('reads what NumPy saved: %s', (name) => {
  const arrays = readNpz(fixture(name))
  for (const key of ['c_order', 'fortran', 'big_endian', 'big_fortran', 'half']) {
    const a = arrays.get(key)!
    expect([key, a.shape, toFloat32(a)]).toEqual([key, [2, 3, 4], ramp])
  }
  expect(arrays.get('big_fortran')!.dtype).toBe('i16')
  expect(arrays.get('half')!.dtype).toBe('f16')
  expect(new BigInt64Array(arrays.get('long')!.bytes.slice().buffer)).toEqual(BigInt64Array.of(-1n, 2n ** 53n + 1n))
  expect([arrays.get('flag')!.dtype, [...arrays.get('flag')!.bytes]]).toEqual(['bool', [1, 0]])
  expect([arrays.get('scalar')!.shape, toFloat32(arrays.get('scalar')!)]).toEqual([[], Float32Array.of(2.5)])
  expect([arrays.get('empty')!.shape, sizeOf(arrays.get('empty')!)]).toEqual([[0, 3], 0])
  expect(arrays.get('complex')!.dtype).toBe('c64')
  expect([...toFloat32(arrays.get('u2')!)!]).toEqual([1, 65535])
})

test('writes the bytes that NumPy writes', () => {
  const original = openNpz(fixture('stored.npz'))
  for (const key of ['c_order', 'half', 'long', 'flag', 'scalar', 'empty', 'complex', 'u2']) {
    const source = original.get(key)!
    const bytes = source.read(0, source.byteLength)
    expect(Buffer.concat(npyParts(key, readNpy(source))).toString('latin1')).toBe(Buffer.from(bytes).toString('latin1'))
  }
})

test('an archive of arrays round-trips with its order', () => {
  const arrays = new Map([
    ['b', ndArray('f32', ramp, [4, 6])],
    ['a', ndArray('i64', BigInt64Array.of(5n))],
  ])
  const back = readNpz(memorySource('o.npz', new Uint8Array(Buffer.concat(npzParts('o.npz', arrays)))))
  expect([...back.keys()]).toEqual(['b', 'a'])
  expect(toFloat32(back.get('b')!)).toEqual(ramp)
  expect(() => npzParts('o.npz', new Map([['x', { dtype: 'bf16', shape: [0], bytes: new Uint8Array() }]]))).toThrow(
    'expected a type of NumPy',
  )
})

test('headers of every version and spelling are read', () => {
  const data = Uint8Array.of(7, 0)
  for (const version of [1, 2, 3]) {
    const header = openNpy(memorySource('x', npy(`{"shape": (1,), 'fortran_order': False, "descr": '<i2'}\n`, data, version)))
    expect(header).toMatchObject({ dtype: 'i16', shape: [1], byteLength: 2 })
  }
  expect(openNpy(memorySource('x', npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2L,), }", data))).shape).toEqual([2])
  expect(isNpy(npy('')) && !isNpy(new Uint8Array(6))).toBe(true)
})

test('faults name the place', () => {
  const header = (descr: string, shape: string) => npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`)
  expect(faultOf(new Uint8Array(4)).code).toBe('wire/truncated')
  expect(faultOf(new Uint8Array(20))).toMatchObject({ code: 'wire/malformed', hint: 'Save the array with numpy.save.' })
  expect(faultOf(npy('', undefined, 9)).message).toContain('version 1, 2 or 3')
  expect(faultOf(npy("{'descr'").subarray(0, 12)).code).toBe('wire/truncated')
  expect(faultOf(header("'<f4'", '(3, 2)')).message).toContain('expected 24 bytes for f32[3,2], found 0')
  expect(faultOf(header("'<f4'", '(9007199254740991, 9007199254740991)')).code).toBe('wire/truncated')
  expect(faultOf(header("'<f4'", `(${'1,'.repeat(65)})`)).code).toBe('wire/limit-exceeded')
  expect(faultOf(header("'|O'", '(1,)')).hint).toContain('astype')
  expect(faultOf(header("'<U5'", '(1,)')).actual).toBe('"<U5"')
  expect(faultOf(header("[('a', '<f4')]", '(1,)')).message).toContain('expected a string, True, False or a tuple of sizes')
  expect(faultOf(header("'<f4'", '(-1,)')).message).toContain('expected a size')
  expect(faultOf(header("'<f4'", '(9999999999999999,)')).message).toContain('2^53')
  expect(faultOf(npy("{'descr': '<f4', 'shape': (1,)}")).message).toContain('expected descr, fortran_order and shape')
  expect(faultOf(npy("{'descr': '<f4', 'descr': '<f4'}")).message).toContain('a key that has not come yet')
  expect(faultOf(npy("{'descr' '<f4'}")).message).toContain('one of :')
  expect(faultOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x")).message).toContain('the end of the header')
  expect(faultOf(npy('{')).message).toContain('its end')
  const long = npy('{}', undefined, 2)
  long[10] = 0xff
  expect(faultOf(long).code).toBe('wire/limit-exceeded')
})

test('an archive with other files is not one of arrays', async () => {
  const { zipSync } = await import('fflate')
  expect(() => openNpz(memorySource('m.keras', zipSync({ 'config.json': new Uint8Array(2) })))).toThrow('only .npy files')
})
