/*
 * The entry of a worker thread that runs models with LiteRT.
 */
import { parentPort } from 'node:worker_threads'
import { invariant } from '../core/diagnostics.ts'
import { liteRtRunner } from '../run/litert.ts'
import { serveRunner } from '../run/serve-runner.ts'
import { loadNodeLiteRt } from './node-litert.ts'

const port = parentPort
invariant(port, 'this module is the entry of a worker')
serveRunner(liteRtRunner(loadNodeLiteRt), {
  send: (message, transfer) => port.postMessage(message, [...transfer]),
  onMessage: (listener) => port.on('message', listener),
})
