import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

/** Lower levels know nothing of higher ones; folders of one level do not know each other. */
const levels: readonly (readonly string[])[] = [
  ['core'],
  ['wire'],
  ['schema'],
  ['ir'],
  ['ops'],
  ['import', 'lower', 'optimize', 'quantize', 'export', 'run'],
  ['calibrate', 'inspect', 'page', 'parity'],
  ['report', 'compare', 'deploy'],
  ['platform'],
]
/** Contracts that a stage reads from the stage before it. */
const allowed = new Set(['lower -> import/source-graph.ts', 'run -> import/tflite', 'run -> export'])
const src = path.resolve(import.meta.dirname, '../src')

function filesBelow(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const file = path.join(dir, name)
    return statSync(file).isDirectory() ? filesBelow(file) : file.endsWith('.ts') ? [file] : []
  })
}

const imports = filesBelow(src).flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, target]) => ({
    file: path.relative(src, file),
    target: target!,
  })),
)
const isTest = (file: string) => /\.(test|fuzz\.test|testkit)\.ts$/.test(file)
const levelOf = (folder: string) => levels.findIndex((l) => l.includes(folder))

describe('boundaries', () => {
  it('finds imports to check', () => expect(imports.length).toBeGreaterThan(200))

  it('imports go down', () => {
    const upward = imports
      .filter(({ file, target }) => !isTest(file) && target.startsWith('.') && file.includes(path.sep))
      .map(({ file, target }) => {
        const to = path.relative(src, path.resolve(src, path.dirname(file), target)).split(path.sep)
        return { file, from: file.split(path.sep)[0]!, to }
      })
      .filter(({ from, to }) => {
        const [a, b] = [levelOf(from), levelOf(to[0]!)]
        if (from === to[0]) return false
        if ([...allowed].some((rule) => `${from} -> ${to.join('/')}`.startsWith(rule))) return false
        return b < 0 || b >= a
      })
      .map(({ file, to }) => `${file} -> ${to.join('/')}`)
    expect(upward).toEqual([])
  })

  it('only platform/ and tests touch Node', () => {
    const node = imports.filter(({ file, target }) => target.startsWith('node:') && !isTest(file) && !file.startsWith('platform'))
    expect(node).toEqual([])
  })

  // Published recipes are data.
  it('quantize/ names no op', () => {
    const names = /'(conv_2d|fully_connected|depthwise_conv_2d|gather|softmax|batch_matmul|CONV_2D|FULLY_CONNECTED)'/
    const guilty = filesBelow(path.join(src, 'quantize')).filter(
      (f) => !f.endsWith('recipe/named-recipes.ts') && !isTest(f) && names.test(readFileSync(f, 'utf8')),
    )
    expect(guilty).toEqual([])
  })
})
