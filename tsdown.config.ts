import { defineConfig } from 'tsdown'
import { bundledPackages, writeLicences } from './scripts/third-party.ts'

/*
 * Two builds into dist/: the command line, its parts split into chunks that load when they are needed, and the library with its types.
 * The worker entries stand beside both.
 */

const common = {
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  hash: false,
  // TensorFlow.js's WebAssembly loader is CommonJS and asks where it is.
  shims: true,
  // Packages that a verb imports when it needs them; the rest is small and bundled or part of it.
  deps: { neverBundle: ['@litertjs/core', 'sharp', 'zod'] as string[], onlyBundle: [...bundledPackages] as string[] },
} as const

export default defineConfig([
  {
    ...common,
    entry: {
      cli: 'cli/main.ts',
      tflite_convert: 'cli/tflite-convert-main.ts',
      'litert-worker': 'src/platform/litert-worker.ts',
      'calibrate-worker': 'src/platform/calibrate-worker.ts',
    },
    dts: false,
    clean: true,
    outputOptions: { chunkFileNames: 'cli/[name].js' },
    onSuccess: () => writeLicences('dist/THIRD-PARTY-LICENSES.txt'),
    // TensorFlow.js is bundled, of 90 MB the part that is used; its WebAssembly is read beside it.
    copy: ['node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'],
  },
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      recipes: 'src/quantize/recipe/index.ts',
      node: 'src/platform/index.ts',
      run: 'src/run/index.ts',
      inspect: 'src/inspect/index.ts',
      report: 'src/report/index.ts',
      compare: 'src/compare/index.ts',
      deploy: 'src/deploy/index.ts',
      parity: 'src/parity/index.ts',
      calibrate: 'src/calibrate/index.ts',
    },
    dts: true,
    clean: false,
    outputOptions: { chunkFileNames: 'lib/[name].js' },
  },
])
