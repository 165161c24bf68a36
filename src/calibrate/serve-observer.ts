import { invariant } from '../core/diagnostics.ts'
import { type MessageEnd, type PlainError, plainError } from '../run/runner-messages.ts'
import type { HessianSource } from './hessian.ts'
import type { Observed, Observer, PreparedSample } from './observer.ts'

/** What an observer in another thread is told: the model first, then samples. */
export type ObserverRequest =
  | { readonly kind: 'open'; readonly bytes: Uint8Array; readonly name: string; readonly hessians: readonly HessianSource[] }
  | { readonly kind: 'observe'; readonly samples: readonly PreparedSample[] }

/** One answer to each request, in their order. */
export type ObserverReply =
  | Pick<Observer, 'method' | 'samplesAtLeast' | 'samplesAtOnce'>
  | { readonly observed: Observed }
  | { readonly error: PlainError }

/** Answers the requests of a `remoteObserver`. */
export function serveObserver(
  open: (bytes: Uint8Array, name: string, hessians: readonly HessianSource[]) => Promise<Observer>,
  end: MessageEnd<ObserverRequest, ObserverReply>,
): void {
  let observer: Observer | undefined
  const answer = async (request: ObserverRequest): Promise<ObserverReply> => {
    if (request.kind === 'open') {
      observer = await open(request.bytes, request.name, request.hessians)
      const { method, samplesAtLeast, samplesAtOnce } = observer
      return { method, samplesAtLeast, samplesAtOnce }
    }
    invariant(observer, 'a model is opened before samples are observed')
    return { observed: await observer.observe(request.samples) }
  }
  let last: Promise<void> = Promise.resolve()
  end.onMessage((request) => {
    last = last.then(async () => {
      const reply = await answer(request).catch((e: unknown): ObserverReply => ({ error: plainError(e) }))
      end.send(reply, 'observed' in reply ? reply.observed.hessians.map((h) => h.buffer) : [])
    })
  })
}
