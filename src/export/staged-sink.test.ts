import { expect, test } from 'vitest'
import { memorySink } from '../core/bytes.ts'
import { randomIntegers } from '../wire/fuzz.testkit.ts'
import { StagedSink } from './staged-sink.ts'

test('small writes are gathered, and all bytes arrive where they belong', () => {
  const sink = memorySink()
  let writes = 0
  const staged = new StagedSink({
    write(bytes, position) {
      writes++
      sink.write(bytes, position)
    },
  })
  const expected = new Uint8Array(2_000_000)
  const next = randomIntegers(8)
  let end = 0
  let count = 0
  const put = (bytes: Uint8Array, position: number) => {
    staged.write(bytes, position)
    expected.set(bytes, position)
    count++
  }
  while (end < 1_200_000) {
    const length = next() % 50 === 0 ? 300_000 : 1 + (next() % 3000)
    const position = end + 8 + (next() % 20)
    put(new Uint8Array(length).fill(next()), position)
    if (next() % 3 === 0) put(Uint8Array.of(1, 2), end)
    end = position + length
  }
  staged.flush()
  expect(Buffer.compare(sink.bytes(), expected.subarray(0, end))).toBe(0)
  expect(writes).toBeLessThan(count / 3)
})
