import { expect, it } from 'vitest'
import { memorySink } from '../src/core/bytes.ts'
import { progressSink } from './progress-sink.ts'

it('passes bytes on and tells how far the file is, never backwards or beyond the end', () => {
  const sink = memorySink()
  const told: [number, number | undefined][] = []
  const watched = progressSink(sink, { update: (done, total) => told.push([done, total]) }, 6)
  watched.write(Uint8Array.of(3, 4), 2)
  watched.write(Uint8Array.of(5, 6, 7), 4)
  watched.write(Uint8Array.of(1, 2), 0)
  expect([...sink.bytes()]).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(told).toEqual([
    [4, 6],
    [6, 6],
    [6, 6],
  ])
})
