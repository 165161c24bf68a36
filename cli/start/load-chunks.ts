import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'
import type { CodeCache } from './code-cache.ts'

/**
 * `require` of a CommonJS chunk in `dir` and of those that it asks for, each compiled with the code that the cache has of it. Node 20 keeps the code of
 * no module (`module.enableCompileCache` came with 22.1 and does the same). Whatever is not a chunk beside it is Node's to find.
 */
export function loadChunks(dir: string, entry: string, cache: CodeCache): unknown {
  const modules = new Map<string, { exports: unknown }>()
  const importModule = (name: string) => import(name)
  function load(name: string): unknown {
    const known = modules.get(name)
    if (known) return known.exports
    const module = { exports: {} as unknown }
    modules.set(name, module)
    const filename = path.join(dir, name)
    const cachedData = cache.get(name)
    const script = new vm.Script(
      `(function (exports, require, module, __filename, __dirname, importModule) {${readFileSync(filename, 'utf8')}\n})`,
      {
        filename,
        ...(cachedData && { cachedData }),
      },
    )
    cache.add(name, script)
    const native = createRequire(filename)
    const require = Object.assign((id: string) => (/^\.\/[\w.-]+\.cjs$/.test(id) ? load(id.slice(2)) : native(id)), native)
    script.runInThisContext().call(module.exports, module.exports, require, module, filename, dir, importModule)
    return module.exports
  }
  return load(entry)
}
