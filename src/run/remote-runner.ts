import { workerEnded } from './diagnostics.ts'
import type { LoadedModel, Runner, SignatureInfo } from './runner.ts'
import { errorOf, type RunnerCall, type RunnerReplies, type RunnerReply, type RunnerRequest, type WorkerThread } from './runner-messages.ts'

/** A thread with `serveRunner` at its other end. */
export type RunnerThread = WorkerThread<RunnerReply, RunnerRequest>

interface Pending {
  readonly name: string
  resolve(result: never): void
  reject(error: unknown): void
}

/** A running thread and the calls it owes answers to. */
interface Present {
  readonly thread: RunnerThread
  readonly pending: Map<number, Pending>
  /** The error for calls that come too late. */
  ended?: (name: string) => unknown
}

/**
 * A runner in another thread, started at the first call. When that thread ends, by a crash or because a call to it was aborted, its
 * other calls fail with run/crashed, and a new one is started at the next call; models are then loaded into it again.
 * Model bytes are copied to the thread unless they lie in a SharedArrayBuffer.
 */
export function remoteRunner(start: () => RunnerThread): Runner {
  let present: Present | undefined
  let calls = 0
  let models = 0

  const fail = (p: Present, error: (name: string) => unknown): void => {
    p.ended = error
    if (present === p) present = undefined
    for (const { name, reject } of p.pending.values()) reject(error(name))
    p.pending.clear()
  }
  const startThread = (): Present => {
    const p: Present = { thread: start(), pending: new Map() }
    p.thread.onMessage((reply) => {
      const waiting = p.pending.get(reply.id)
      p.pending.delete(reply.id)
      p.thread.keepAlive(p.pending.size > 0)
      if ('error' in reply) waiting?.reject(errorOf(reply.error))
      else waiting?.resolve(reply.result as never)
    })
    p.thread.onEnd((why) => fail(p, (name) => workerEnded(name, why)))
    return p
  }
  const threadNow = (): Present => {
    present ??= startThread()
    return present
  }
  const call = <C extends RunnerCall>(p: Present, name: string, request: C, signal?: AbortSignal): Promise<RunnerReplies[C['kind']]> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (p.ended) throw p.ended(name)
      const id = calls++
      const onAbort = (): void => {
        p.pending.delete(id)
        reject(signal?.reason)
        // Nothing else stops a run of LiteRT.
        void p.thread.end()
        fail(p, (other) => workerEnded(other, 'another call to it was aborted'))
      }
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', onAbort)
          then(value)
        }
      p.pending.set(id, { name, resolve: settle(resolve), reject: settle(reject) })
      signal?.addEventListener('abort', onAbort)
      p.thread.keepAlive(true)
      p.thread.send({ ...request, id }, [])
    })

  const loadModel = async (bytes: Uint8Array, name: string, signal: AbortSignal | undefined): Promise<LoadedModel> => {
    const model = models++
    const load = (p: Present, firstSignal?: AbortSignal): Promise<readonly SignatureInfo[]> =>
      call(p, name, { kind: 'load', model, bytes, name }, firstSignal)
    let home = threadNow()
    let loaded = load(home, signal)
    const signatures = await loaded
    const ready = async (): Promise<Present> => {
      if (home.ended) {
        home = threadNow()
        loaded = load(home)
      }
      const p = home
      await loaded
      return p
    }
    return {
      signatures,
      run: async (feeds, { signature, signal } = {}) => {
        signal?.throwIfAborted()
        return call(await ready(), name, { kind: 'run', model, feeds: new Map(feeds), signature }, signal)
      },
      reset: async () => {
        if (!home.ended) await call(home, name, { kind: 'reset', model })
      },
      dispose: async () => {
        if (!home.ended) await call(home, name, { kind: 'unload', model })
      },
    }
  }

  return {
    describe: () => call(threadNow(), 'runtime', { kind: 'describe' }),
    load: (bytes, { name = 'model', signal } = {}) => loadModel(bytes, name, signal),
    async dispose() {
      const p = present
      if (!p) return
      fail(p, (name) => workerEnded(name, 'its runner was disposed of'))
      await p.thread.end()
    },
  }
}
