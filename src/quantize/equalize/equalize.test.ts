import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { firstDifference } from '../../../test/testkit/oracle.ts'
import { expectSameResults, ir, shown } from '../../../test/testkit/rewrite.ts'
import { convert } from '../../convert.ts'
import { memorySource } from '../../core/bytes.ts'
import { typedView } from '../../core/dtype.ts'
import type { NdArray } from '../../core/nd-array.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import { memoryFolder } from '../../import/folder.ts'
import { readModel } from '../../import/read-model.ts'
import type { Graph, Model } from '../../ir/types.ts'
import { roundingTolerance } from '../../ops/rounding.ts'
import { verifyGraph } from '../../ops/verify.ts'
import { loadNodeLiteRt } from '../../platform/node-litert.ts'
import { liteRtRunner } from '../../run/litert.ts'
import { readNpz } from '../../wire/npz.ts'
import { openZip } from '../../wire/zip.ts'
import { equalize } from './equalize.ts'

const modelOf = (graph: Graph): Model => ({ graphs: [graph], signatures: [], description: '', metadata: new Map() })

/** Equalizes, and expects the same results but for rounding. */
function run(text: string) {
  const before = ir(text)
  const { model, pairs, others } = equalize(modelOf(before))
  const [graph] = model.graphs as readonly [Graph]
  expect(verifyGraph(graph)).toEqual([])
  expectSameResults(graph, before, roundingTolerance(graph, before))
  return { before, graph, pairs, others: others.map((o) => o.reason) }
}

/** Largest magnitudes of the weights of the `n`-th op with weights, by the channel that `channel` gives an element. */
function peaks(graph: Graph, n: number, count: number, channel: (element: number) => number): number[] {
  const node = graph.nodes.filter((x) => x.inputs.some((id) => id !== null && graph.values.get(id)!.name.startsWith('w')))[n]!
  const weights = node.inputs.map((id) => graph.values.get(id!)!).find((v) => v?.name.startsWith('w'))!
  const found = new Array<number>(count).fill(0)
  typedView('f32', weights.data!.bytes()).forEach((x, e) => {
    found[channel(e)] = Math.max(found[channel(e)]!, Math.abs(x))
  })
  return found
}

function expectLevel(a: readonly number[], b: readonly number[]): void {
  for (const [c, x] of a.entries()) expect(Math.abs(x / b[c]! - 1), `channel ${c}: ${x} and ${b[c]}`).toBeLessThan(0.01)
}

const conv1 = '%w1 = const "w1" : f32[3,2,2,2] = random(1)\n %b1 = const "b1" : f32[3] = random(2)\n'
const conv2 = '%w2 = const "w2" : f32[4,2,2,3] = random(3)\n'

describe('equalize', () => {
  it('levels the weights on both sides of RELU by equation 11', () => {
    const { before, graph, pairs } = run(
      `(%x: f32[1,8,8,2]) { ${conv1} ${conv2} %u = conv_2d(%x, %w1, %b1) {fusedActivation=relu}\n %y = conv_2d(%u, %w2, none) return %y }`,
    )
    const [r1, r2] = [peaks(before, 0, 3, (e) => Math.floor(e / 8)), peaks(before, 1, 3, (e) => e % 3)]
    const want = r1.map((r, c) => Math.sqrt(r * r2[c]!))
    expectLevel(
      peaks(graph, 0, 3, (e) => Math.floor(e / 8)),
      want,
    )
    expectLevel(
      peaks(graph, 1, 3, (e) => e % 3),
      want,
    )
    const factors = r1.map((r, c) => Math.sqrt(r / r2[c]!))
    expect(pairs).toMatchObject([{ channels: 3 }])
    expect(pairs[0]!.factors[0]).toBeCloseTo(Math.min(...factors), 5)
    expect(pairs[0]!.factors[1]).toBeCloseTo(Math.max(...factors), 5)
  })

  it.each([
    ['no activation', '%y = conv_2d(%u, %w2, none)', 'none'],
    ['RELU as an op', '%r = relu(%u)\n %y = conv_2d(%r, %w2, none)', 'none'],
    ['LEAKY_RELU', '%r = leaky_relu(%u) {alpha=0.2}\n %y = conv_2d(%r, %w2, none)', 'none'],
    ['PRELU', '%a = const : f32[3] = [0.1, 0.2, 0.3]\n %r = prelu(%u, %a)\n %y = conv_2d(%r, %w2, none)', 'none'],
    [
      'pools',
      '%p = max_pool_2d(%u) {filter=[2,2]}\n %q = average_pool_2d(%p) {filter=[2,2], fusedActivation=relu}\n %y = conv_2d(%q, %w2, none)',
      'relu',
    ],
    ['PAD around the picture', '%p = const : i32[4,2] = [0,0,1,1,1,1,0,0]\n %q = pad(%u, %p)\n %y = conv_2d(%q, %w2, none)', 'relu'],
    ['a bias behind', '%b2 = const "b2" : f32[4] = random(8)\n %y = conv_2d(%u, %w2, %b2)', 'relu'],
  ])('goes through %s', (_, rest, activation) => {
    const { pairs } = run(
      `(%x: f32[1,8,8,2]) { ${conv1} ${conv2} %u = conv_2d(%x, %w1, %b1) {fusedActivation=${activation}}\n ${rest} return %y }`,
    )
    expect(pairs.length).toBe(1)
  })

  it('follows channels into flattened rows, means, and products of matrices', () => {
    const flat = run(
      `(%x: f32[1,4,4,2]) { ${conv1} %u = conv_2d(%x, %w1, %b1) {fusedActivation=relu}\n %s = const : i32[2] = [1, 48]\n %f = reshape(%u, %s)\n %w2 = const "w2" : f32[5,48] = random(3)\n %v = fully_connected(%f, %w2, none) {fusedActivation=relu}\n %w3 = const "w3" : f32[2,5] = random(4)\n %y = fully_connected(%v, %w3, none) return %y }`,
    )
    expect(flat.pairs.map((p) => p.channels)).toEqual([3, 5])
    expectLevel(
      peaks(flat.graph, 0, 3, (e) => Math.floor(e / 8)),
      peaks(flat.graph, 1, 3, (e) => e % 3),
    )
    expectLevel(
      peaks(flat.graph, 1, 5, (e) => Math.floor(e / 48)),
      peaks(flat.graph, 2, 5, (e) => e % 5),
    )
    const mean = run(
      `(%x: f32[1,4,4,2]) { ${conv1} %u = conv_2d(%x, %w1, %b1)\n %a = const : i32[2] = [1, 2]\n %m = mean(%u, %a)\n %w2 = const "w2" : f32[5,3] = random(3)\n %y = fully_connected(%m, %w2, none) return %y }`,
    )
    expect(mean.pairs.length).toBe(1)
  })

  it('levels a depthwise convolution with its neighbours, and channels it multiplies', () => {
    const { graph, pairs } = run(
      `(%x: f32[1,8,8,2]) { ${conv1} %u = conv_2d(%x, %w1, %b1) {fusedActivation=relu}\n %w2 = const "w2" : f32[1,2,2,6] = random(5)\n %b2 = const : f32[6] = random(6)\n %v = depthwise_conv_2d(%u, %w2, %b2) {depthMultiplier=2, fusedActivation=relu}\n %w3 = const "w3" : f32[4,1,1,6] = random(7)\n %y = conv_2d(%v, %w3, none) return %y }`,
    )
    expect(pairs.map((p) => p.channels)).toEqual([3, 6])
    expectLevel(
      peaks(graph, 0, 3, (e) => Math.floor(e / 8)),
      peaks(graph, 1, 3, (e) => Math.floor((e % 6) / 2)),
    )
    expectLevel(
      peaks(graph, 1, 6, (e) => e % 6),
      peaks(graph, 2, 6, (e) => e % 6),
    )
  })

  it('knows the channels of groups and of transposed convolutions', () => {
    const groups = run(
      '(%x: f32[1,4,4,2]) { %w1 = const "w1" : f32[4,1,1,2] = random(1)\n %u = conv_2d(%x, %w1, none) {fusedActivation=relu}\n %w2 = const "w2" : f32[6,1,1,2] = random(3)\n %v = conv_2d(%u, %w2, none)\n %w3 = const "w3" : f32[3,2,2,6] = random(4)\n %s = const : i32[4] = [1, 8, 8, 3]\n %y = transpose_conv(%s, %w3, %v, none) {stride=[2,2]} return %y }',
    )
    expect(groups.pairs.map((p) => p.channels)).toEqual([4, 6])
    expectLevel(
      peaks(groups.graph, 0, 4, (e) => Math.floor(e / 2)),
      peaks(groups.graph, 1, 4, (e) => Math.floor(e / 6) * 2 + (e % 2)),
    )
    expectLevel(
      peaks(groups.graph, 1, 6, (e) => Math.floor(e / 2)),
      peaks(groups.graph, 2, 6, (e) => e % 6),
    )
  })

  it('does not mind who reads the shape only', () => {
    const { pairs } = run(
      `(%x: f32[1,8,8,2]) { ${conv1} ${conv2} %u = conv_2d(%x, %w1, %b1) {fusedActivation=relu}\n %s = shape(%u)\n %y = conv_2d(%u, %w2, none) return %y, %s }`,
    )
    expect(pairs.length).toBe(1)
  })

  it('lets channels be that one side does not use', () => {
    const { graph } = run(
      '(%x: f32[1,2]) { %w1 = const "w1" : f32[2,2] = [0, 0, 3, 4]\n %b1 = const "b1" : f32[2] = [7, 1]\n %u = fully_connected(%x, %w1, %b1) {fusedActivation=relu}\n %w2 = const "w2" : f32[1,2] = [5, 1]\n %y = fully_connected(%u, %w2, none) return %y }',
    )
    expect([...graph.values.values()].filter((v) => v.data).map((v) => [...typedView('f32', v.data!.bytes())])).toEqual([
      [0, 0, 1.5, 2],
      [7, 0.5],
      [5, 2],
    ])
  })

  it('drops stated ranges of what lies between, and only these', () => {
    const before = ir(
      `(%x: f32[1,8,8,2]) { ${conv1} ${conv2} %u = conv_2d(%x, %w1, %b1) {fusedActivation=relu}\n %y = conv_2d(%u, %w2, none) return %y }`,
    )
    const ranged = {
      ...before,
      values: new Map([...before.values].map(([id, v]) => [id, v.data ? v : { ...v, type: { ...v.type, range: [-1, 1] as const } }])),
    }
    const [graph] = equalize(modelOf(ranged)).model.graphs
    const rangeOf = (id: number) => graph!.values.get(id)!.type.range
    expect([rangeOf(graph!.inputs[0]!), rangeOf(graph!.nodes[0]!.outputs[0]!), rangeOf(graph!.outputs[0]!)]).toEqual([
      [-1, 1],
      undefined,
      [-1, 1],
    ])
  })

  const fused = (activation: string, rest = '%y = conv_2d(%u, %w2, none)', results = '%y') =>
    `(%x: f32[1,8,8,2]) { ${conv1} ${conv2} %u = conv_2d(%x, %w1, %b1) {fusedActivation=${activation}}\n ${rest} return ${results} }`
  it.each([
    ['RELU6 does not scale with what it is applied to', fused('relu6')],
    ['RELU_N1_TO_1 does not scale with what it is applied to', fused('relu_n1_to_1')],
    ['RELU6 behind it does not scale with what it reads', fused('none', '%r = relu6(%u)\n %y = conv_2d(%r, %w2, none)')],
    [
      'RELU6 does not scale with what it is applied to',
      fused('none', '%p = max_pool_2d(%u) {filter=[2,2], fusedActivation=relu6}\n %y = conv_2d(%p, %w2, none)'),
    ],
    ['TANH behind it does not scale with what it reads', fused('none', '%r = tanh(%u)\n %y = conv_2d(%r, %w2, none)')],
    [
      'ADD behind it does not scale with what it reads',
      fused('none', '%c = const : f32[3] = [1,2,3]\n %r = add(%u, %c)\n %y = conv_2d(%r, %w2, none)'),
    ],
    [
      'MEAN behind it does not scale with what it reads',
      fused('none', '%a = const : i32[1] = [3]\n %r = mean(%u, %a) {keepDims=true}\n %y = relu(%r)'),
    ],
    [
      'PAD behind it does not scale with what it reads',
      fused('none', '%p = const : i32[4,2] = [0,0,0,0,0,0,0,3]\n %q = pad(%u, %p)\n %y = relu(%q)'),
    ],
    ['its result has several readers', fused('relu', '%y = conv_2d(%u, %w2, none)\n %z = relu(%u)', '%y, %z')],
    ['an output of the model shows its result', fused('relu', '%y = conv_2d(%u, %w2, none)', '%y, %u')],
    ['its weights have other readers', fused('relu', '%y = conv_2d(%u, %w2, none)\n %z = conv_2d(%x, %w1, %b1)', '%y, %z')],
    [
      'CONV_2D behind it cannot take the factors: its weights have other readers',
      fused('relu', '%v = conv_2d(%u, %w2, none)\n %i = const : f32[1,4,4,3] = random(9)\n %z = conv_2d(%i, %w2, none)', '%v, %z'),
    ],
    [
      'its channels do not stay apart on the way to the next weights',
      fused(
        'relu',
        '%s = const : i32[2] = [96, 2]\n %f = reshape(%u, %s)\n %w3 = const "w3" : f32[5,2] = random(3)\n %y = fully_connected(%f, %w3, none)',
      ),
    ],
    [
      'CONV_2D behind it cannot take the factors: its weights are computed',
      `(%x: f32[1,8,8,2], %w2: f32[4,2,2,3]) { ${conv1} %u = conv_2d(%x, %w1, %b1)\n %y = conv_2d(%u, %w2, none) return %y }`,
    ],
    [
      'its weights are computed',
      `(%x: f32[1,8,8,2], %w1: f32[3,2,2,2]) { ${conv2} %u = conv_2d(%x, %w1, none)\n %y = conv_2d(%u, %w2, none) return %y }`,
    ],
    [
      'its bias is computed',
      `(%x: f32[1,8,8,2], %b1: f32[3]) { %w1 = const : f32[3,2,2,2] = random(1)\n ${conv2} %u = conv_2d(%x, %w1, %b1)\n %y = conv_2d(%u, %w2, none) return %y }`,
    ],
  ])('refuses: %s', (reason, text) => {
    const { before, graph, pairs, others } = run(text)
    expect(pairs).toEqual([])
    expect(others).toContain(reason)
    expect(shown(graph)).toBe(shown(before))
  })

  it('refuses weights that are no numbers', () => {
    const text = `(%x: f32[1,2]) { %w1 = const "w1" : f32[2,2] = [nan, 0, 3, 4]\n %u = fully_connected(%x, %w1, none)\n %w2 = const "w2" : f32[1,2] = [5, 1]\n %y = fully_connected(%u, %w2, none) return %y }`
    expect(equalize(modelOf(ir(text))).others.map((o) => o.reason)).toContain('its weights hold NaN or infinity')
  })
})

/* Judged by what TensorFlow recorded of whole models (fixtures/oracle/models.zip). */
describe('equalized models', () => {
  const runner = liteRtRunner(loadNodeLiteRt)
  afterAll(() => runner.dispose())
  const zip = new Uint8Array(readFileSync(new URL('../../../fixtures/oracle/models.zip', import.meta.url)))
  const archive = openZip(memorySource('models.zip', zip))
  const read = (path: string) => {
    const source = archive.open(archive.entries.get(path)!)
    return source.read(0, source.byteLength)
  }

  it.each([
    ['mnist_cnn_small', 3],
    ['resnet', 2],
    ['unet', 2],
    ['autoencoder', 3],
  ])('%s answers as TensorFlow recorded, with %d pairs', async (name, pairs) => {
    const paths = [...archive.entries.keys()].filter((p) => p.startsWith(`${name}/`) && !p.endsWith('.npz'))
    const folder = memoryFolder(name, new Map(paths.map((p) => [p.slice(name.length + 1), read(p)])))
    const { model, equalization } = convert(await readModel({ folder }), { equalize: true })
    expect(equalization!.pairs.length).toBe(pairs)
    expect(Math.max(...equalization!.pairs.map((p) => p.factors[1]))).toBeGreaterThan(1.01)
    const samples = new Map<string, { feeds: Map<string, NdArray>; expected: Map<string, NdArray> }>()
    for (const [key, array] of readNpz(memorySource('io.npz', read(`${name}/io.npz`)))) {
      const [, kind, port, k = '0'] = /^(in|out)_(.*?)(?:@(\d+))?$/.exec(key)!
      const sample = samples.get(k) ?? { feeds: new Map(), expected: new Map() }
      samples.set(k, sample)
      ;(kind === 'in' ? sample.feeds : sample.expected).set(port!, array)
    }
    expect(samples.size).toBe(2)
    const loaded = await runner.load(tfliteBytes(model), { name })
    for (const { feeds, expected } of samples.values()) {
      // Of the oracle: 1e-4 relative; 1e-5 absolute.
      expect(firstDifference(await loaded.run(feeds), expected, 1e-4, 0)).toBeUndefined()
    }
    await loaded.dispose()
  })
})
