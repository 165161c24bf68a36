import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import * as path from 'node:path'
import * as vm from 'node:vm'
import { invariant } from '../core/diagnostics.ts'
import type { LiteRtLoader, LiteRtModule } from '../run/litert-module.ts'

interface ModuleSettings {
  print(line: string): void
  printErr(line: string): void
  /** Emscripten's hook for who makes the instance. */
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): object
}
type ModuleFactory = (settings: ModuleSettings) => Promise<LiteRtModule>

/**
 * Starts LiteRT's WebAssembly module in Node. Its loader script is written for browsers and for CommonJS; it is run here
 * as a function with the names it needs, so that no global is set and what it prints goes to `log`.
 */
export const loadNodeLiteRt: LiteRtLoader = async (log) => {
  const own = createRequire(import.meta.url)
  const packageFile = own.resolve('@litertjs/core/package.json')
  const { version } = own(packageFile) as { version: string }
  const { supportsFeature } = await import('@litertjs/core')
  const isRelaxed = await supportsFeature('relaxedSimd')
  const file = path.join(path.dirname(packageFile), 'wasm', isRelaxed ? 'litert_wasm_internal.js' : 'litert_wasm_compat_internal.js')
  const print = (...words: unknown[]): void => log(words.map(String).join(' '))
  const silent = { log: print, info: print, warn: print, error: print, debug: print }
  const source = `${fs.readFileSync(file, 'utf8')}\nreturn ModuleFactory`
  const makeFactory = vm.compileFunction(source, ['require', '__dirname', '__filename', 'console', 'exports', 'module'], { filename: file })
  const factory = makeFactory(createRequire(file), path.dirname(file), file, silent, undefined, undefined) as ModuleFactory
  let memory: unknown
  const started = new Promise<LiteRtModule>((resolve, reject) => {
    const instantiateWasm: ModuleSettings['instantiateWasm'] = (imports, done) => {
      WebAssembly.instantiate(fs.readFileSync(file.replace(/\.js$/, '.wasm')), imports).then(({ instance, module }) => {
        memory = Object.values(instance.exports).find((e) => e instanceof WebAssembly.Memory)
        done(instance, module)
      }, reject)
      return {}
    }
    factory({ print, printErr: print, instantiateWasm }).then(resolve, reject)
  })
  const module = await started
  invariant(memory instanceof WebAssembly.Memory, 'LiteRT.js exports no memory')
  return { module, memory, description: `LiteRT.js ${version} (${isRelaxed ? 'relaxed SIMD' : 'SIMD'})` }
}
