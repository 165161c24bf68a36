import { invariant } from '../core/diagnostics.ts'
import { workerEnded } from '../run/diagnostics.ts'
import { errorOf, type WorkerThread } from '../run/runner-messages.ts'
import type { HessianSource } from './hessian.ts'
import type { Observer } from './observer.ts'
import type { ObserverReply, ObserverRequest } from './serve-observer.ts'

interface Waiting {
  resolve(reply: Exclude<ObserverReply, { readonly error: unknown }>): void
  reject(error: unknown): void
}

/**
 * An observer in another thread, with `serveObserver` at its other end. `dispose` ends the thread. Throws what that observer throws, and
 * run/crashed when the thread ends.
 */
export async function remoteObserver(
  thread: WorkerThread<ObserverReply, ObserverRequest>,
  bytes: Uint8Array,
  name: string,
  hessians: readonly HessianSource[] = [],
): Promise<Observer> {
  const waiting: Waiting[] = []
  let ended: unknown
  thread.onMessage((reply) => {
    const first = waiting.shift()
    thread.keepAlive(waiting.length > 0)
    if ('error' in reply) first?.reject(errorOf(reply.error))
    else first?.resolve(reply)
  })
  thread.onEnd((why) => {
    ended = workerEnded(name, why)
    for (const { reject } of waiting.splice(0)) reject(ended)
  })
  const ask = (request: ObserverRequest): Promise<Exclude<ObserverReply, { readonly error: unknown }>> =>
    new Promise((resolve, reject) => {
      if (ended) throw ended
      waiting.push({ resolve, reject })
      thread.keepAlive(true)
      thread.send(request, [])
    })
  try {
    const opened = await ask({ kind: 'open', bytes, name, hessians })
    invariant('method' in opened, 'an observer answers with its method first')
    return {
      method: opened.method,
      samplesAtLeast: opened.samplesAtLeast,
      samplesAtOnce: opened.samplesAtOnce,
      async observe(samples) {
        const reply = await ask({ kind: 'observe', samples })
        invariant('observed' in reply, 'an observer answers with what it saw')
        return reply.observed
      },
      dispose: () => thread.end(),
    }
  } catch (e) {
    await thread.end()
    throw e
  }
}
