import { expect, test } from 'vitest'
import { ndArray } from '../core/nd-array.ts'
import { type RunnerThread, remoteRunner } from './remote-runner.ts'
import type { Runner } from './runner.ts'
import type { RunnerReply, RunnerRequest } from './runner-messages.ts'
import { serveRunner } from './serve-runner.ts'

/** Threads that are none: messages are cloned and handed over later. */
function fakeThreads(runner: Runner) {
  const threads: { crash(why: string): void; alive: boolean[]; ended: boolean }[] = []
  const start = (): RunnerThread => {
    let toServer: (message: RunnerRequest) => void = () => {}
    let toClient: (message: RunnerReply) => void = () => {}
    let onEnd: (why: string) => void = () => {}
    const state = { crash: (why: string) => onEnd(why), alive: [] as boolean[], ended: false }
    threads.push(state)
    const later = <T>(deliver: (message: T) => void, message: T, transfer: readonly ArrayBuffer[]): void => {
      const clone = structuredClone(message, { transfer: [...transfer] })
      setTimeout(() => {
        if (!state.ended) deliver(clone)
      }, 1)
    }
    serveRunner(runner, {
      send: (message, transfer) => later((m) => toClient(m), message, transfer),
      onMessage: (listener) => {
        toServer = listener
      },
    })
    return {
      send: (message, transfer) => later((m) => toServer(m), message, transfer),
      onMessage: (listener) => {
        toClient = listener
      },
      onEnd: (listener) => {
        onEnd = listener
      },
      keepAlive: (isKept) => state.alive.push(isKept),
      end: async () => {
        state.ended = true
      },
    }
  }
  return { threads, start }
}

const echo: Runner = {
  describe: async () => 'echo',
  load: async (bytes) => ({
    signatures: [{ key: `of ${bytes.byteLength} bytes`, inputs: [], outputs: [] }],
    run: async (feeds) => {
      if (feeds.has('bad')) throw new TypeError('not a number')
      return new Map(Array.from(feeds, ([name, a]) => [name, { ...a, bytes: a.bytes.slice() }]))
    },
    reset: async () => {},
    dispose: async () => {},
  }),
  dispose: async () => {},
}
const feeds = new Map([['x', ndArray('f32', Float32Array.of(1, 2))]])

test('calls arrive, answers come back, feeds stay whole', async () => {
  const { threads, start } = fakeThreads(echo)
  const runner = remoteRunner(start)
  const model = await runner.load(new Uint8Array(7))
  expect(model.signatures[0]!.key).toBe('of 7 bytes')
  expect(await Promise.all([model.run(feeds), model.run(feeds)])).toEqual([feeds, feeds])
  expect(feeds.get('x')!.bytes.byteLength).toBe(8)
  await model.reset()
  await model.dispose()
  expect(await runner.describe()).toBe('echo')
  expect(threads).toHaveLength(1)
  expect(threads[0]!.alive.at(-1)).toBe(false)
})

test('errors that are no faults of the user keep their name and stack', async () => {
  const runner = remoteRunner(fakeThreads(echo).start)
  const model = await runner.load(new Uint8Array(1))
  const error = await model.run(new Map([['bad', feeds.get('x')!]])).catch((e: unknown) => e)
  expect(error).toMatchObject({ name: 'TypeError', message: 'not a number', stack: expect.stringContaining('remote-runner.test.ts') })
})

test('a thread that ends fails its calls and is replaced', async () => {
  const { threads, start } = fakeThreads(echo)
  const runner = remoteRunner(start)
  const model = await runner.load(new Uint8Array(1), { name: 'm' })
  const running = model.run(feeds)
  threads[0]!.crash('out of memory')
  await expect(running).rejects.toMatchObject({ code: 'run/crashed', file: 'm', message: expect.stringContaining('out of memory') })
  expect(await model.run(feeds)).toEqual(feeds)
  expect(threads).toHaveLength(2)
})

test('an abort before a call starts nothing; one during loading ends the thread', async () => {
  const { threads, start } = fakeThreads(echo)
  const runner = remoteRunner(start)
  const abort = new AbortController()
  const loading = runner.load(new Uint8Array(1), { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(loading).rejects.toThrow('enough')
  expect(threads[0]!.ended).toBe(true)
  const model = await runner.load(new Uint8Array(1))
  await expect(model.run(feeds, { signal: abort.signal })).rejects.toThrow('enough')
  expect(threads).toHaveLength(2)
})

test('disposing of a runner ends its thread and its calls', async () => {
  const { threads, start } = fakeThreads(echo)
  const runner = remoteRunner(start)
  const loading = runner.load(new Uint8Array(1), { name: 'm' })
  const outcome = expect(loading).rejects.toMatchObject({ code: 'run/crashed' })
  await runner.dispose()
  await outcome
  expect(threads[0]!.ended).toBe(true)
  await runner.dispose()
})
