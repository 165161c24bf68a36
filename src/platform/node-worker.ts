import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type RunnerThread, remoteRunner } from '../run/remote-runner.ts'
import type { Runner } from '../run/runner.ts'

/** LiteRT in a worker thread of its own; see `remoteRunner`. */
export function nodeWorkerRunner(): Runner {
  return remoteRunner(startLiteRtThread)
}

function startLiteRtThread(): RunnerThread {
  const worker = startWorker()
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
function startWorker(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(builtEntry())
  const entry = new URL('./litert-worker.ts', import.meta.url).href
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
function builtEntry(): URL {
  const beside = new URL('./litert-worker.js', import.meta.url)
  return existsSync(beside) ? beside : new URL('../litert-worker.js', import.meta.url)
}
