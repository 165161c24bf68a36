import { describe, expect, it } from 'vitest'
import { ir, shown } from '../../test/testkit/rewrite.ts'
import { op as ops } from '../ops/index.ts'
import { modelFromText, modelToText } from '../ops/text.ts'
import { mergeEqualNodes } from './merge-equal-nodes.ts'
import { optimize, optimizeModel } from './optimize.ts'
import { dropDead, fixpoint } from './pass.ts'
import { op, value } from './pattern.ts'
import { pipeline } from './pipeline.ts'
import { propagateDims } from './propagate-dims.ts'
import { hit, rule } from './rule.ts'
import { foldKnownDims } from './rules/fold-known-dims.ts'
import { fuseActivation } from './rules/fuse-activation.ts'

const run = (text: string, ...passes: Parameters<typeof pipeline>[1]) => {
  const { graph, report } = optimize(ir(text), { pipeline: pipeline('test', passes), verifyEach: true })
  return { text: shown(graph), hits: report.passes.map((p) => p.hits) }
}

describe('merge-equal-nodes', () => {
  it('makes one of nodes that compute the same, constants compared by content', () => {
    const { text, hits } = run(
      '(%x: f32[2]) { %a = const : f32[] = 2\n %b = const : f32[] = 2\n %u = mul(%x, %a)\n %v = mul(%x, %b)\n %p = exp(%u)\n %q = exp(%v)\n %y = sub(%p, %q) return %y }',
      mergeEqualNodes('merge'),
      dropDead,
    )
    expect(text).toBe(shown(ir('(%x: f32[2]) { %a = const : f32[] = 2\n %u = mul(%x, %a)\n %p = exp(%u)\n %y = sub(%p, %p) return %y }')))
    expect(hits[0]).toEqual({ 'merge-equal': 2 })
  })

  it('knows operands that may change places', () => {
    const text = (op: string) => `(%x: f32[2], %z: f32[2]) { %u = ${op}(%x, %z)\n %v = ${op}(%z, %x)\n %y = div(%u, %v) return %y }`
    expect(run(text('mul'), mergeEqualNodes('merge')).hits).toEqual([{ 'merge-equal': 1 }])
    expect(run(text('sub'), mergeEqualNodes('merge')).hits).toEqual([{}])
  })

  it('keeps different attributes, constants and outputs apart', () => {
    const text = `(%x: f32[2]) { %a = const : f32[] = 2\n %b = const : f32[] = 3\n %u = mul(%x, %a)\n %v = mul(%x, %b)
      %p = mul(%x, %a) {fusedActivation=relu}\n %q = mul(%x, %a) return %u, %v, %p, %q }`
    expect(run(text, mergeEqualNodes('merge')).text).toBe(shown(ir(text)))
  })
})

describe('propagate-dims and fold-known-dims', () => {
  it('find the shape arithmetic of a file, and compute what is known', () => {
    const { text } = run(
      `(%x: f32[N,28]) { %s = shape(%x)
        %b = const : i32[1] = [1]\n %e = const : i32[1] = [2]
        %c = strided_slice(%s, %b, %e, %b) {shrinkAxisMask=1}
        %t = pack(%c, %c) {valuesCount=2}\n return %t, %s }`,
      propagateDims,
      fixpoint('fold', [foldKnownDims]),
      dropDead,
    )
    expect(text).toBe(
      'graph main(%0: f32[N,28]) {\n  %1 = shape(%0) : i32[2] dims[N,28]\n  %2 = const : i32[2] = [28, 28]\n  return %2, %1\n}',
    )
  })
})

describe('the driver', () => {
  const text = '(%x: f32[2]) { %y = add(%x, %x)\n %z = relu(%y)\n %u = mul(%z, %z)\n %v = relu6(%u) return %v }'

  it('stops after as many rewrites as it is allowed', () => {
    const passes = [fixpoint('fuse', [fuseActivation])]
    for (const [limit, nodes] of [
      [0, 4],
      [1, 3],
      [2, 2],
      [9, 2],
    ] as const) {
      expect(optimize(ir(text), { pipeline: pipeline('p', passes), maxRewrites: limit }).graph.nodes.length).toBe(nodes)
    }
  })

  it('calls onPass with the graph after each pass, and times them', () => {
    const seen: string[] = []
    const { report } = optimize(ir(text), { onPass: (name, graph) => seen.push(`${name} ${graph.nodes.length}`) })
    expect(seen[0]).toBe('drop-dead 4')
    expect(seen.at(-1)).toBe('order-for-memory 2')
    expect(report.passes.map((p) => p.name)).toEqual(seen.map((s) => s.split(' ')[0]))
    expect(report.passes.every((p) => p.timeMs >= 0)).toBe(true)
  })

  it('does not change the graph it is given', () => {
    const graph = ir(text)
    const before = shown(graph)
    optimize(graph)
    expect(shown(graph)).toBe(before)
  })

  it('names the rules that undo each other, and ends', () => {
    const swap = (from: 'abs' | 'neg', to: 'abs' | 'neg') =>
      rule(`${from}-to-${to}`, {
        semantics: 'exact',
        pattern: op(from, { as: 'root', inputs: [value('x')] }),
        check: () => hit(),
        rewrite: ({ root }, _, b) => b.op(ops[to], b.graph.operands(root)),
      })
    const { diagnostics } = optimize(ir('(%x: f32[2]) { %y = abs(%x) return %y }'), {
      pipeline: pipeline('p', [fixpoint('circle', [swap('abs', 'neg'), swap('neg', 'abs')])]),
    })
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'optimize/no-fixpoint' }])
    expect(diagnostics[0]!.message).toContain('the rules neg-to-abs and abs-to-neg undo each other')
  })

  it('refuses a rewrite that changes a type', () => {
    const wrong = rule('wrong', {
      semantics: 'exact',
      pattern: op('relu', { as: 'root', inputs: [value('x')] }),
      check: () => hit(),
      rewrite: (_, __, b) => b.f32([1, 2, 3], [3]),
    })
    expect(() => optimize(ir('(%x: f32[2]) { %y = relu(%x) return %y }'), { pipeline: pipeline('p', [fixpoint('f', [wrong])]) })).toThrow(
      'wrong replaced "relu" f32[2] by f32[3]',
    )
  })

  it('leaves quantized nodes alone', () => {
    const quantized = '(%x: i8[2]<0.5:0>) { %y = add(%x, %x) : i8[2]<0.5:0>\n %z = relu(%y) : i8[2]<0.5:0> return %z }'
    expect(shown(optimize(ir(quantized)).graph)).toBe(shown(ir(quantized)))
  })

  it('takes long chains, dead ones too, as they come', () => {
    const length = 4000
    const lines = Array.from({ length }, (_, i) => `%v${i + 1} = mul(%v${i}, %v${i}) : f32[2]`).join('\n')
    const products = Array.from({ length }, (_, i) => `%p${i + 1} = mul(%p${i}, %c) : f32[2]`).join('\n')
    const text = `(%v0: f32[2], %p0: f32[2]) { %c = const : f32[] = 1.0001\n ${lines}\n ${products}\n %z = mul(%v${length}, %c) return %p${length} }`
    const { graph } = optimize(ir(text))
    expect(graph.nodes.length).toBe(1)
  })

  it('follows the outputs of signatures, and optimizes every graph', () => {
    const model = modelFromText(`graph main(%0 "x": f32[2]) {
  %1 = add(%0, %0) : f32[2]
  %2 "out" = relu(%1) : f32[2]
  return %2
}
graph other(%0 "x": f32[2]) {
  %1 = relu(%0) : f32[2]
  %2 = relu6(%1) : f32[2]
  return %2
}
signature "serving_default" main("x" %0) -> ("y" %2)
signature "other" other("x" %0) -> ("y" %2)`)
    const { model: after, report } = optimizeModel(model)
    expect(modelToText(after)).toBe(
      `model ""
graph main(%0 "x": f32[2]) {
  %3 "out" = add(%0, %0) {fusedActivation=relu} : f32[2] !fuse-activation
  return %3
}
graph other(%0 "x": f32[2]) {
  %3 = relu6(%0) : f32[2] !merge-clamps
  return %3
}
signature "serving_default" main("x" %0) -> ("y" %3)
signature "other" other("x" %0) -> ("y" %3)
`,
    )
    expect(report.passes.find((p) => p.name === 'fuse')!.hits).toEqual({ 'fuse-activation': 1 })
    expect(report.passes.find((p) => p.name === 'canonicalize')!.hits).toEqual({ 'merge-clamps': 1 })
  })
})
