import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodeCache, codeCacheFile } from './code-cache.ts'
import { loadChunks } from './load-chunks.ts'

/**
 * Runs the built command line, dist/cli/, with the code that an earlier run compiled. The build writes dist/cli/build-id, the identity of its chunks.
 * Started from the sources (cli/main.ts) nothing of this is used.
 */
export function start(words: readonly string[]): void {
  const dir = fileURLToPath(new URL('./cli/', import.meta.url))
  const file = codeCacheFile(process, readFileSync(path.join(dir, 'build-id'), 'latin1'), words[0] ?? '')
  const cache = new CodeCache(file)
  const { runProcess } = loadChunks(dir, 'process.cjs', cache) as { runProcess: (words: readonly string[]) => Promise<void> }
  // A run that fails costs no more than it must.
  process.on('exit', (code) => {
    if (code === 0) cache.save()
  })
  void runProcess(words)
}
