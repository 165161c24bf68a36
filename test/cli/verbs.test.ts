import * as fs from 'node:fs'
import * as path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openFile } from '../../src/platform/node.ts'
import { readNpz } from '../../src/wire/npz.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { jsonOf, runInProcess } from './run-cli.ts'

const savedModel = fixture('saved-model/mnist_mlp-keras2')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const float = fixture('tflite/mnist_cnn_small.float.tflite')
const dynamic = fixture('tflite/mnist_cnn_small.dynamic.tflite')
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)

describe('convert', () => {
  test('says what was done, and the same twice gives the same bytes', async () => {
    const { code, out, err } = await runInProcess('convert', savedModel, '--quantize', 'dynamic', '-o', at('a.tflite'))
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/bytes -> 8\d,\d{3} bytes \(1\d\.\dx smaller\)/)
    expect(out).toContain('1,000 elements): 1000 elements < 1024')
    await runInProcess('convert', savedModel, '--quantize', 'dynamic', '-o', at('b.tflite'), '--quiet')
    expect(fs.readFileSync(at('a.tflite')).equals(fs.readFileSync(at('b.tflite')))).toBe(true)
    expect(fs.readdirSync(dir).filter((f) => f.startsWith('.'))).toEqual([])
  })

  test('as JSON', async () => {
    const result = await jsonOf('convert', savedModel, '--quantize', 'float16', '-o', at('c.tflite'))
    expect(result).toMatchObject({
      source: { path: savedModel, format: 'saved-model', tags: ['serve'] },
      output: at('c.tflite'),
      mode: 'float16',
      byteLength: fs.statSync(at('c.tflite')).size,
      signatures: [{ key: 'serving_default', inputs: ['flatten_input'], outputs: ['softmax'] }],
    })
    expect((result.decisions as { to: string }[]).some((d) => d.to === 'f16')).toBe(true)
  })

  test('a .tflite file is a source too: copied as it is, or with its weights stored smaller', async () => {
    const float = fixture('tflite/mnist_mlp.float.tflite')
    const { out: same } = await runInProcess('convert', float, '-o', at('same.tflite'))
    expect(same).toContain('the file is the source, byte for byte')
    expect(fs.readFileSync(at('same.tflite')).equals(fs.readFileSync(float))).toBe(true)
    const small = await jsonOf('convert', float, '--quantize', 'dynamic', '-o', at('small.tflite'))
    expect(small).toMatchObject({
      check: {
        outputs: [{ mode: 'none' }, { mode: 'dynamic' }],
        evaluators: [{ name: expect.stringContaining('the source file in LiteRT.js') }],
        peakBytes: expect.any(Number),
      },
    })
    const { out: unchecked } = await runInProcess(
      'convert',
      float,
      '--quantize',
      'dynamic',
      '--check-seconds',
      '0',
      '-o',
      at('small.tflite'),
    )
    expect(unchecked).toMatch(/would take some 0 s, and it may take 0 s/)
    expect(small).toMatchObject({ source: { format: 'tflite' }, byteLength: fs.statSync(at('small.tflite')).size })
    const again = await jsonOf('convert', at('small.tflite'), '--quantize', 'dynamic', '--plan')
    expect((again.decisions as { reason?: string }[]).every((d) => d.reason !== undefined)).toBe(true)
    const { out } = await runInProcess('convert', at('small.tflite'), '--quantize', 'dynamic', '-o', at('smaller.tflite'))
    expect(out).toContain('it is INT8 already')
    const { code, out: refused } = await runInProcess('convert', float, '--signature', 'x', '-o', at('no.tflite'), '--json')
    expect({ code, ...JSON.parse(refused) }).toMatchObject({ code: 2, error: { code: 'cli/option-for-source' } })
    const { err } = await runInProcess('convert', float, '--fold-limit', '1M', '-o', at('no.tflite'))
    expect(err).toContain('--fold-limit')
  })

  test('a plan states the exact size and writes nothing', async () => {
    const before = fs.readdirSync(dir)
    const words = ['convert', savedModel, '--quantize', 'dynamic', '-o', at('planned.tflite')]
    const plan = await jsonOf(...words, '--plan')
    expect(fs.readdirSync(dir)).toEqual(before)
    expect(plan).not.toHaveProperty('output')
    await jsonOf(...words)
    expect(fs.statSync(at('planned.tflite')).size).toBe(plan.byteLength)
    const { out } = await runInProcess('convert', savedModel, '--quantize', 'dynamic', '--plan')
    expect(out).toMatch(/MatMul.*78,400\s+f32 -> i8 per-axis\s+313,600/)
    expect(out).toContain('nothing was written')
  })

  test('says what one rule did, and how much memory activations take', async () => {
    const words = ['convert', savedModel, '--explain', 'fuse-bias', '-o', at('explained.tflite')]
    const { explained, memory } = await jsonOf(...words)
    expect(explained).toMatchObject({ rule: 'fuse-bias', rewrites: 2, nearMisses: [] })
    expect((explained as { changed: { op: string; layers: string[] }[] }).changed.map((c) => c.op)).toEqual([
      'fully_connected',
      'fully_connected',
    ])
    expect((explained as { changed: { layers: string[] }[] }).changed[0]!.layers.some((l) => l.includes('dense/MatMul'))).toBe(true)
    expect(memory).toEqual({ beforeBytes: 3536, afterBytes: 3536 })
    const { out } = await runInProcess(...words)
    expect(out).toContain('fuse-bias: 2 rewrites, with a part in 2 ops of the file')
    expect(out).toMatch(/fully_connected from .*dense\/MatMul/)
    expect(out).toContain('3,536 bytes at most at a time, of one sample')
    const { code, err } = await runInProcess('convert', savedModel, '--explain', 'fuse-bais', '-o', at('no.tflite'))
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean fuse-bias?') })
  })

  test('options reach the conversion', async () => {
    const kept = await jsonOf('convert', savedModel, '--quantize', 'dynamic', '--keep-float', '*dense*', '--plan')
    expect((kept.decisions as { from: string; to: string }[]).every((d) => d.from === d.to)).toBe(true)
    const all = await jsonOf('convert', savedModel, '--quantize', 'dynamic', '--min-elements', '0', '--per-tensor', '--plan')
    const changed = (all.decisions as { to: string; granularity: string }[]).filter((d) => d.to === 'i8')
    expect(changed.map((d) => d.granularity)).toEqual(['per-tensor', 'per-tensor'])
    await jsonOf('convert', savedModel, '--shape', 'flatten_input=3,28,28,1', '-o', at('fixed.tflite'))
    const inspection = await jsonOf('inspect', at('fixed.tflite'))
    expect(JSON.stringify(inspection)).toContain('"shapeSignature":[3,28,28,1]')
  })

  test('the graph is printed after passes that match', async () => {
    const { err } = await runInProcess('convert', savedModel, '--plan', '--print-ir-after', '^(lower|fuse)$')
    expect(err).toContain('// main after lower\ngraph main(')
    expect(err).toContain('fully_connected(')
    const bad = await runInProcess('convert', savedModel, '--plan', '--print-ir-after', '(')
    expect(bad).toMatchObject({ code: 2, err: expect.stringContaining('cli/malformed-value') })
  })

  test.each<[code: string, ...words: string[]]>([
    ['cli/missing-option'],
    ['cli/unknown-value', '-o', 'x', '--quantize', 'dynamik'],
    ['cli/malformed-value', '-o', 'x', '--shape', 'x'],
    ['cli/malformed-value', '-o', 'x', '--shape', 'x=1,0'],
    ['cli/malformed-value', '-o', 'x', '--shape', 'x=1', '--shape', 'x=2'],
    ['cli/malformed-value', '-o', 'x', '--constant', 'x'],
    ['cli/malformed-value', '-o', 'x', '--constant', '=1'],
    ['cli/malformed-value', '-o', 'x', '--constant', 'x=no'],
    ['cli/malformed-value', '-o', 'x', '--constant', 'x=1', '--constant', 'x=true'],
  ])('%s is a fault of usage', async (code, ...words) => {
    const { code: exit, out } = await runInProcess('convert', savedModel, ...words, '--json')
    expect(exit).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code } })
  })
})

describe('inspect, report, graph, verify', () => {
  test('inspect', async () => {
    const { out } = await runInProcess('inspect', dynamic, '--preprocess', 'mean=0,std=255')
    expect(out).toContain('by the preprocessing')
    const inspection = await jsonOf('inspect', dynamic)
    expect(inspection).toMatchObject({ kind: 'downcast/inspection', file: { sizeBytes: fs.statSync(dynamic).size } })
    expect((inspection.file as { sha256: string }).sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  test('report of one and of two', async () => {
    for (const models of [[float], [float, dynamic]]) {
      const result = await jsonOf('report', ...models, '-o', at('report.html'))
      expect(result).toEqual({ output: at('report.html'), sizeBytes: fs.statSync(at('report.html')).size, models })
      expect(fs.readFileSync(at('report.html'), 'utf8')).toContain("default-src 'none'")
    }
  })

  test('graph', async () => {
    expect((await runInProcess('graph', float)).out).toMatch(/^digraph /)
    for (const [name, begin] of [
      ['g.dot', 'digraph '],
      ['g.svg', '<'],
    ] as const) {
      await jsonOf('graph', float, '-o', at(name))
      expect(fs.readFileSync(at(name), 'utf8').trimStart().startsWith(begin)).toBe(true)
    }
    expect((await runInProcess('graph', float, '-o', at('g.png'))).code).toBe(2)
    expect((await runInProcess('graph', float, '-o', at('g.xyz'))).code).toBe(2)
  })

  test('verify', async () => {
    const damaged = at('damaged.tflite')
    fs.writeFileSync(damaged, fs.readFileSync(float).subarray(0, 3000))
    expect((await runInProcess('verify', float, dynamic)).out.split('\n')).toHaveLength(3)
    expect((await runInProcess('verify', float, damaged)).code).toBe(1)
  })
})

describe('run', () => {
  const preprocess = ['--preprocess', 'mean=0,std=255'] as const

  test('the best classes, with what is right', async () => {
    const { out, code } = await runInProcess('run', float, '--input', digits, ...preprocess, '--max-samples', '2', '--top', '2')
    expect(code).toBe(0)
    expect(out).toMatch(/\[0\]\s+7\s+right\s+7 1\.0/)
    expect(out.trimEnd().split('\n')).toHaveLength(3)
  })

  test('outputs to a file', async () => {
    const result = await jsonOf('run', float, '-i', digits, ...preprocess, '-o', at('out.npz'))
    expect(result.samples).toHaveLength(16)
    const [scores] = readNpz(openFile(at('out.npz'))).values()
    expect(scores).toMatchObject({ dtype: 'f32', shape: [16, 10] })
  })

  test('arrays by input name', async () => {
    const model = fixture('run/two_signatures.tflite')
    const inspection = (await jsonOf('inspect', model)) as unknown as { signatures: { key: string }[] }
    expect(inspection.signatures.length).toBe(2)
    const bad = await runInProcess('run', model, '--input', 'x=nowhere.npy', '--signature', 'nope')
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('run/unknown-signature') })
  })

  test.each<[code: string, exit: number, ...words: string[]]>([
    ['cli/missing-option', 2],
    ['cli/malformed-value', 2, '--input', '=x.npy'],
    ['cli/malformed-value', 2, '--input', 'a=x.npy', '--input', 'a=y.npy'],
    ['cli/malformed-value', 2, '--input', 'x.npy', '--input', 'y.npy'],
    ['cli/invalid-value', 2, '--input', digits, '--preprocess', 'maen=0'],
    ['cli/invalid-value', 2, '--input', digits, '--preprocess', 'std=0'],
    ['import/not-found', 1, '--input', '/nowhere.npy'],
  ])('%s', async (code, exit, ...words) => {
    const { code: found, out } = await runInProcess('run', float, ...words, '--json')
    expect(JSON.parse(out)).toMatchObject({ error: { code } })
    expect(found).toBe(exit)
  })
})

describe('compare and deploy', () => {
  test('compare', async () => {
    const words = ['compare', float, dynamic, '--data', digits, '--preprocess', 'mean=0,std=255', '--no-latency']
    const result = await jsonOf(...words, '-o', at('compare.html'))
    expect(result).toMatchObject({ kind: 'downcast/comparison', data: { samples: 16, labeled: 16 } })
    expect(fs.readFileSync(at('compare.html'), 'utf8')).toContain('against mnist_cnn_small.dynamic.tflite')
    const { out } = await runInProcess(...words)
    expect(out).toContain('same class')
    expect((await runInProcess(...words, '-o', float)).code).toBe(1)
  })

  test('deploy', async () => {
    const words = ['deploy', 'android', float, dynamic, '-o', at('app')]
    const result = await jsonOf(...words, '--preprocess', 'mean=0,std=255', '--package', 'org.example.digits')
    expect(result.files).toContain('java/org/example/digits/QuantSavedModelConfig.java')
    expect(fs.readFileSync(at('app/assets/mnist_cnn_small.float.tflite')).equals(fs.readFileSync(float))).toBe(true)
    const again = await runInProcess(...words)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('export/folder-not-empty') })
    const forced = await runInProcess(...words, '--force')
    expect(forced).toMatchObject({ code: 0, err: expect.stringContaining('deploy/no-preprocess') })
    const unknown = await runInProcess('deploy', 'andriod', float, '-o', at('other'))
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean android?') })
    expect(fs.existsSync(at('other'))).toBe(false)
  })

  test('quiet prints nothing but results', async () => {
    expect(await runInProcess('deploy', 'android', float, '-o', at('quiet'), '-q')).toEqual({ code: 0, out: '', err: '' })
    expect((await runInProcess('verify', float, '-q')).out).not.toBe('')
  })
})
