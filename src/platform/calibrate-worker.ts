/*
 * The entry of a worker thread that looks at a model's activations.
 */
import { parentPort } from 'node:worker_threads'
import { openObserver } from '../calibrate/open-observer.ts'
import { serveObserver } from '../calibrate/serve-observer.ts'
import { invariant } from '../core/diagnostics.ts'
import { liteRtRunner } from '../run/litert.ts'
import { loadNodeLiteRt } from './node-litert.ts'

const port = parentPort
invariant(port, 'this module is the entry of a worker')
serveObserver((bytes, name, hessians) => openObserver(liteRtRunner(loadNodeLiteRt), bytes, name, hessians), {
  send: (message, transfer) => port.postMessage(message, [...transfer]),
  onMessage: (listener) => port.on('message', listener),
})
