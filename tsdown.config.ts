import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { defineConfig } from 'tsdown'
import { bundledPackages, writeLicences } from './scripts/third-party.ts'

/*
 * Three builds into dist/. The command line, its parts split into chunks that load when they are needed: CommonJS, as only that can be compiled from
 * kept code on every Node (docs/adr/0006-code-cache.md). What starts it. The library with its types, and the entries of the workers of both.
 */

// Packages that a verb imports when it needs them; the rest is small and bundled or part of it.
const external = ['@litertjs/core', 'sharp', 'zod']
const common = {
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  hash: false,
  dts: false,
  clean: false,
  // TensorFlow.js's WebAssembly loader is CommonJS and asks where it is.
  shims: true,
  deps: { neverBundle: external, onlyBundle: [...bundledPackages] as string[] },
} as const

/** Tells builds apart: the code that is kept of a chunk must be of this very chunk. */
function writeBuildId(): void {
  const hash = createHash('sha256')
  for (const name of readdirSync('dist/cli').sort()) if (name.endsWith('.cjs')) hash.update(readFileSync(`dist/cli/${name}`))
  writeFileSync('dist/cli/build-id', hash.digest('hex').slice(0, 16))
}

/** Kept code has no `import()` in Node 20: a chunk gets it from what loads it (cli/start/load-chunks.ts). */
const importThroughLoader = {
  name: 'import-through-loader',
  renderChunk: (code: string) => code.replace(new RegExp(`\\bimport\\((?="(?:${external.join('|')})"\\))`, 'g'), 'importModule('),
}

export default defineConfig([
  {
    ...common,
    entry: { 'cli/process': 'cli/process.ts' },
    format: 'cjs',
    outExtensions: () => ({ js: '.cjs' }),
    clean: true,
    plugins: [importThroughLoader],
    outputOptions: { chunkFileNames: 'cli/[name].cjs' },
    onSuccess() {
      writeBuildId()
      writeLicences('dist/THIRD-PARTY-LICENSES.txt')
    },
  },
  ...['cli', 'tflite_convert'].map((name) => ({ ...common, entry: { [name]: `cli/start/${name}.ts` } })),
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
      'litert-worker': 'src/platform/litert-worker.ts',
      'calibrate-worker': 'src/platform/calibrate-worker.ts',
    },
    dts: true,
    outputOptions: { chunkFileNames: 'lib/[name].js' },
  },
])
