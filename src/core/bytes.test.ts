import { expect, test } from 'vitest'
import { memorySink } from './bytes.ts'

test('a memory sink takes writes at any position and fills gaps with zeros', () => {
  const sink = memorySink()
  sink.write(Uint8Array.of(7, 8), 3)
  sink.write(Uint8Array.of(1), 0)
  expect([...sink.bytes()]).toEqual([1, 0, 0, 7, 8])
  sink.write(new Uint8Array(5000).fill(9), 4)
  expect(sink.bytes().byteLength).toBe(5004)
  expect(sink.bytes()[3]).toBe(7)
  expect(sink.bytes()[5003]).toBe(9)
})
