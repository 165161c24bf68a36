import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { invariant } from '../core/diagnostics.ts'
import type { TfJs, TfJsCore, TfJsLoader } from '../parity/tfjs.ts'

/** TensorFlow.js with its backend in JavaScript, and the one in WebAssembly once it is asked for. It prints nothing. */
export const loadNodeTfJs: TfJsLoader = async () => {
  const [core, { loadGraphModelSync }] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-converter'),
    import('@tensorflow/tfjs-backend-cpu'),
  ])
  core.enableProdMode()
  return {
    version: core.version_core,
    use: async (backend) => {
      if (core.getBackend() === backend) return
      if (backend === 'wasm' && !core.findBackendFactory(backend)) await registerWasm()
      invariant(await core.setBackend(backend), `the ${backend} backend of TensorFlow.js does not start`)
    },
    core: core as unknown as TfJsCore,
    loadGraphModel: loadGraphModelSync as unknown as TfJs['loadGraphModel'],
  }
}

/** Throws what the engine does where there is no memory for a module: TensorFlow.js only prints it. */
async function registerWasm(): Promise<void> {
  new WebAssembly.Memory({ initial: 1 })
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  const file = wasmFile()
  // It asks for a place for each build; every engine that runs LiteRT.js has SIMD, and threads it takes in browsers only.
  setWasmPaths({ 'tfjs-backend-wasm.wasm': file, 'tfjs-backend-wasm-simd.wasm': file, 'tfjs-backend-wasm-threaded-simd.wasm': file })
}

/** In the package it comes from; the build copies it beside its own files. */
function wasmFile(): string {
  const name = 'tfjs-backend-wasm-simd.wasm'
  if (import.meta.url.endsWith('.ts'))
    return path.join(path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), name)
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../${name}`, import.meta.url))
}
