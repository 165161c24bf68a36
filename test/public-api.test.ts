import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as downcast from '../src/index.ts'

const root = path.resolve(import.meta.dirname, '..')

/** Every source file that a module reaches, by static and dynamic imports; packages and `node:` modules by their names. */
function reach(entry: string): Set<string> {
  const seen = new Set<string>()
  const open = [path.join(root, entry)]
  for (let file = open.pop(); file; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
      if (target!.startsWith('.')) open.push(path.resolve(path.dirname(file), target!))
      else seen.add(target!)
    }
  }
  return seen
}

describe('the library', () => {
  it('has the verbs of day one', () => {
    expect(Object.keys(downcast).sort()).toEqual([
      'DowncastError',
      'convert',
      'convertTflite',
      'memoryFolder',
      'memorySink',
      'memorySource',
      'quantize',
      'readModel',
      'readTfliteFile',
      'tfliteBytes',
      'version',
      'writeTflite',
    ])
  })

  it('has these types', () => {
    expectTypeOf(downcast.readModel).returns.resolves.toEqualTypeOf<downcast.SourceModel>()
    expectTypeOf(downcast.convert).parameter(0).toEqualTypeOf<downcast.SourceModel>()
    expectTypeOf(downcast.convert).returns.toEqualTypeOf<downcast.Converted>()
    expectTypeOf<downcast.ConvertOptions['mode']>().toEqualTypeOf<downcast.QuantizeMode | undefined>()
    expectTypeOf(downcast.tfliteBytes).returns.toEqualTypeOf<Uint8Array>()
    expectTypeOf<downcast.DowncastError['code']>().toExtend<`${string}/${string}`>()
  })

  it.each(['index', 'run/index', 'inspect/index', 'report/index', 'compare/index', 'deploy/index', 'parity/index', 'calibrate/index'])(
    '%s runs in a browser',
    (entry) => {
      const reached = [...reach(`src/${entry}.ts`)].map((f) => path.relative(root, f))
      expect(reached.length).toBeGreaterThan(1)
      expect(reached.filter((f) => f.includes('node:') || f.startsWith('src/platform') || f === 'sharp')).toEqual([])
    },
  )
})
