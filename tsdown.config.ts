import { defineConfig } from 'tsdown'

/*
 * Two builds into dist/: the command line, its parts split into chunks that load when they are needed, and the library with types.
 */

const shared = {
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: false,
  hash: false,
  fixedExtension: false,
} as const

export default defineConfig([
  {
    ...shared,
    entry: { cli: 'cli/main.ts' },
    minify: false,
    dts: false,
    clean: true,
    // Heavy packages stay outside and are imported by the verb that needs them.
    deps: { neverBundle: ['@litertjs/core', '@viz-js/viz', 'sharp'] },
    outputOptions: { chunkFileNames: 'cli/[name].js' },
  },
  {
    ...shared,
    entry: { index: 'src/index.ts' },
    dts: true,
    clean: false,
    deps: { neverBundle: ['@litertjs/core', '@viz-js/viz', 'sharp'] },
    outputOptions: { chunkFileNames: 'lib/[name].js' },
  },
])
