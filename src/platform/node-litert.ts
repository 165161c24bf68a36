import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import * as path from 'node:path'
import * as vm from 'node:vm'
import type { LiteRtLoader, LiteRtModule } from '../run/litert-module.ts'

type ModuleFactory = (settings: { print: (line: string) => void; printErr: (line: string) => void }) => Promise<LiteRtModule>

/**
 * Starts LiteRT's WebAssembly module in Node. Its loader script is written for browsers and for CommonJS; it is run here
 * as a function with the names it needs, so that no global is set and what it prints goes to `log`.
 */
export const loadNodeLiteRt: LiteRtLoader = async (log) => {
  const require = createRequire(import.meta.url)
  const packageFile = require.resolve('@litertjs/core/package.json')
  const { version } = require(packageFile) as { version: string }
  const { supportsFeature } = await import('@litertjs/core')
  const isRelaxed = await supportsFeature('relaxedSimd')
  const file = path.join(path.dirname(packageFile), 'wasm', isRelaxed ? 'litert_wasm_internal.js' : 'litert_wasm_compat_internal.js')
  const print = (...words: unknown[]): void => log(words.map(String).join(' '))
  const silent = { log: print, info: print, warn: print, error: print, debug: print }
  const source = `${fs.readFileSync(file, 'utf8')}\nreturn ModuleFactory`
  const makeFactory = vm.compileFunction(source, ['require', '__dirname', '__filename', 'console', 'exports', 'module'], { filename: file })
  const factory = makeFactory(createRequire(file), path.dirname(file), file, silent, undefined, undefined) as ModuleFactory
  const module = await factory({ print, printErr: print })
  return { module, description: `LiteRT.js ${version} (${isRelaxed ? 'relaxed SIMD' : 'SIMD'})` }
}
