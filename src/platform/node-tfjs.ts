import type { TfJs, TfJsCore, TfJsLoader } from '../parity/tfjs.ts'

/** TensorFlow.js with its backend in JavaScript. It prints nothing. */
export const loadNodeTfJs: TfJsLoader = async () => {
  const [core, { loadGraphModelSync }] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-converter'),
    import('@tensorflow/tfjs-backend-cpu'),
  ])
  core.enableProdMode()
  return {
    version: core.version_core,
    core: core as unknown as TfJsCore,
    loadGraphModel: loadGraphModelSync as unknown as TfJs['loadGraphModel'],
  }
}
