import { describe, expect, test } from 'vitest'
import type { Shape } from '../core/shape.ts'
import { parseGraph } from '../ir/parse.ts'
import { textRecords } from '../ops/text.ts'
import type { CheckedSignature } from './checked-signature.ts'
import { type PlanOptions, planOf } from './plan.ts'

const options: PlanOptions = { pace: 'nodes', budgetSeconds: 20, reduce: true, isRepeated: false }

function signature(shape: Shape, more: Partial<CheckedSignature['inputs'][number]> = {}): CheckedSignature {
  const input = { name: 'x', dtype: 'f32', shape, bound: undefined, ...more } as const
  return { name: 's', graph: 0, inputs: [input], outputs: [{ name: 'y' }], hasTies: false, keepsState: false }
}

/** `rows` rows through a matrix of `width` by `width`. */
function dense(rows: number | string, width: number) {
  const text = `graph g(%x: f32[${rows},${width}]) {
    %w = const : f32[${width},${width}] = splat(1)
    %y = fully_connected(%x, %w, none)
    return %y
  }`
  return parseGraph(text, { records: textRecords })
}

describe('a plan', () => {
  test('has all samples where they are cheap, as rows of an open batch', () => {
    expect(planOf(signature(['N', 64]), dense('N', 64), options)).toEqual({
      shapes: [[3, 64]],
      kinds: ['normal', 'uniform', 'edge'],
      isBatched: true,
      isReduced: false,
    })
  })

  test('has fewer where they are not, more of them where a runtime evaluates the source', () => {
    const [source, graph] = [signature([64, 1024]), dense(64, 1024)]
    expect(planOf(source, graph, options)).toMatchObject({ shapes: [[64, 1024]], kinds: ['normal', 'edge'] })
    expect(planOf(source, graph, { ...options, pace: 'runtime' })).toMatchObject({ kinds: ['normal', 'uniform', 'edge'] })
  })

  test('keeps the sizes of a module of StableHLO, whose constants state them', () => {
    const shape = [1, 480, 640, 3]
    const graph = parseGraph(
      `graph g(%x: f32[${shape}]) {
      %w = const : f32[64,3] = splat(1)
      %y = fully_connected(%x, %w, none) {keepNumDims=true}
      return %y
    }`,
      { records: textRecords },
    )
    expect(planOf(signature(shape), graph, options)).toMatchObject({ shapes: [[1, 32, 64, 3]], isReduced: true })
    expect(planOf({ ...signature(shape), hasModules: true }, graph, options)).toMatchObject({ shapes: [shape], isReduced: false })
  })

  test('is for a part where one run would take longer than it may', () => {
    const [source, graph] = [signature([16_384, 2048]), dense(16_384, 2048)]
    const reason = expect.stringMatching(
      /^one run, 69 billion multiply-accumulates and 34 million elements, would take some 24 s, and it may take 20 s$/,
    )
    expect(planOf(source, graph, options)).toMatchObject({ reason, tooLong: { kinds: ['normal'], isReduced: false } })
    expect(planOf(source, graph, { ...options, budgetSeconds: 30 })).toMatchObject({ kinds: ['normal'], isReduced: false })
  })

  test.each<[string, Shape, number[]]>([
    ['a picture', [1, 480, 640, 3], [1, 32, 64, 3]],
    ['a picture, channels first', [1, 3, 480, 640], [1, 3, 32, 64]],
    ['a volume', [1, 128, 160, 130, 1], [1, 64, 32, 66, 1]],
    ['a volume, channels first', [1, 2, 128, 160, 130], [1, 2, 64, 32, 66]],
    ['a batch of volumes of an open size', ['N', 128, 128, 128, 1], [3, 64, 64, 64, 1]],
    ['one that is small in one way', [1, 16, 256, 256, 1], [1, 16, 256, 256, 1]],
  ])('takes less of %s', (_, shape, expected) => {
    const channelsFirst = typeof shape[1] === 'number' && shape[1] < 4
    const channels = shape[channelsFirst ? 1 : shape.length - 1]!
    const last = shape.length - 1
    const turned = channelsFirst ? [0, ...shape.map((_, i) => i).slice(2), 1] : shape.map((_, i) => i)
    const moved = turned.map((i) => shape[i]!)
    const text = `graph g(%x: f32[${shape}]) {
      %p = const : i32[${shape.length}] = [${turned}]
      %t = transpose(%x, %p)
      %w = const : f32[64,${channels}] = splat(1)
      %y = fully_connected(%t, %w, none) {keepNumDims=true}
      return %y
    }`
    expect(moved[last]).toBe(channels)
    const plan = planOf(signature(shape), parseGraph(text, { records: textRecords }), { ...options, budgetSeconds: 1e6 })
    expect(plan).toMatchObject({ shapes: [expected] })
  })

  test('makes up no inputs beyond what a tensor may have where the cost cannot be told', () => {
    const open = ['N', 'a', 'b', 'c', 'd']
    const graph = parseGraph('graph g(%x: f32[N,a,b,c,d], %s: i32[2]) { %y = reshape(%x, %s)\n return %y }', { records: textRecords })
    const source = {
      ...signature(open),
      inputs: [...signature(open).inputs, { name: 's', dtype: 'i32', shape: [2], bound: undefined } as const],
    }
    const sizesAbove = (above: number) => {
      const plan = planOf(source, graph, { ...options, above })
      return 'reason' in plan ? plan.reason : Math.max(...plan.shapes[0]!)
    }
    expect([0, 32, 64].map(sizesAbove)).toEqual([3, 64, expect.stringMatching(/^one of its tensors has \d+ million elements$/)])
  })

  test.each([
    ['text', signature([1], { dtype: 'string' }), /is text/],
    ['an unknown rank', signature([1], { shape: undefined }), /the rank of the input x is unknown/],
    ['an unknown type', signature([1], { dtype: undefined }), /the type of the input x is unknown/],
    ['no elements', signature([0]), /has no elements/],
  ])('is none for %s', (_, source, reason) => {
    expect(planOf(source, dense(1, 2), options)).toEqual({ reason: expect.stringMatching(reason) })
  })
})
