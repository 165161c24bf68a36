import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { HessianSource } from '../calibrate/hessian.ts'
import type { Observer } from '../calibrate/observer.ts'
import { remoteObserver } from '../calibrate/remote-observer.ts'
import type { ObserverReply, ObserverRequest } from '../calibrate/serve-observer.ts'
import { remoteRunner } from '../run/remote-runner.ts'
import type { Runner } from '../run/runner.ts'
import type { WorkerThread } from '../run/runner-messages.ts'

/** LiteRT in a worker thread of its own; see `remoteRunner`. */
export function nodeWorkerRunner(): Runner {
  return remoteRunner(() => startThread('litert-worker'))
}

/** Observers of a model, each in a worker thread of its own; see `openObserver`. Throws what that throws. */
export async function nodeObservers(
  bytes: Uint8Array,
  name: string,
  jobs: number,
  hessians: readonly HessianSource[] = [],
): Promise<Observer[]> {
  const open = () => remoteObserver(startThread<ObserverReply, ObserverRequest>('calibrate-worker'), bytes, name, hessians)
  const opened = await Promise.allSettled(Array.from({ length: jobs }, open))
  const observers = opened.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []))
  const failed = opened.find((o) => o.status === 'rejected')
  if (failed) {
    for (const observer of observers) await observer.dispose()
    throw failed.reason
  }
  return observers
}

type Entry = 'litert-worker' | 'calibrate-worker'

function startThread<In, Out>(entry: Entry): WorkerThread<In, Out> {
  const worker = startWorker(entry)
  let onEnd: (why: string) => void = () => {}
  worker.on('error', (e) => onEnd(e instanceof Error ? e.message : String(e)))
  worker.on('exit', (code) => onEnd(`exit code ${code}`))
  worker.unref()
  return {
    send: (message, transfer) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => worker.on('message', listener),
    onEnd(listener) {
      onEnd = listener
    },
    keepAlive: (isKept) => (isKept ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate()
    },
  }
}

/** The built entry beside the built module, or the sources through tsx when they are run as they are. */
function startWorker(name: Entry): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(builtEntry(name))
  const entry = new URL(`./${name}.ts`, import.meta.url).href
  // Evaluated code resolves packages from the working folder, so their place is told; `require` finds the CommonJS twin.
  const tsx = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs')
  return new Worker(
    `import(${JSON.stringify(pathToFileURL(tsx).href)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(entry)}) })`,
    { eval: true },
  )
}

/** The build puts the entry into dist/, and this module there or into a folder of chunks below. */
function builtEntry(name: Entry): URL {
  const beside = new URL(`./${name}.js`, import.meta.url)
  return existsSync(beside) ? beside : new URL(`../${name}.js`, import.meta.url)
}
