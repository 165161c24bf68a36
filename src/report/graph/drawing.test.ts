import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../../test/testkit/golden.ts'
import { inspectModel } from '../../inspect/inspect.ts'
import { awkwardFile, fixtureFile } from '../../inspect/tflite-file.testkit.ts'
import { diagramOf } from './diagram.ts'
import { renderDot } from './dot.ts'
import { renderSvg } from './svg.ts'

const golden = (name: string) => path.join(import.meta.dirname, 'golden', name)
const inspect = (name: string) => inspectModel(fixtureFile(name))
const awkward = inspectModel(awkwardFile())

describe('diagramOf', () => {
  it('leaves out what only unpacks constants, and names the constants in their readers', () => {
    const { nodes } = diagramOf(inspect('mobilenet.float16').subgraphs[0]!)
    expect(nodes.filter((n) => n.title === 'DEQUANTIZE')).toEqual([])
    expect(nodes.find((n) => n.title === 'CONV_2D + RELU6')!.lines).toContain('weights float16 [8,3,3,3]')
  })

  it('has no edge for an absent operand', () => {
    const { nodes, edges } = diagramOf(awkward.subgraphs[0]!)
    expect(edges.every((e) => nodes[e.from] && nodes[e.to])).toBe(true)
    expect(nodes.find((n) => n.title === 'CONV_2D')).toBeDefined()
    expect(edges.some((e) => nodes[e.to]!.title === 'CONV_2D')).toBe(false)
  })

  it('joins tensors that go the same way', () => {
    const { edges } = diagramOf(inspect('lstm_while.float').subgraphs[2]!)
    expect(new Set(edges.map((e) => `${e.from} ${e.to}`)).size).toBe(edges.length)
    expect(edges.some((e) => e.tensors.length > 1)).toBe(false)
  })
})

describe('renderDot', () => {
  it('writes operators, constants, types and a legend', () => {
    expectGolden(golden('mnist_mlp.dynamic.dot'), renderDot(inspect('mnist_mlp.dynamic')))
  })

  it('leaves constants out on demand', () => expect(renderDot(inspect('mnist_mlp.dynamic'), { constants: false })).not.toContain('octagon'))

  it('is DOT that Graphviz reads, whatever the names', async () => {
    const { instance } = await import('@viz-js/viz')
    const viz = await instance()
    for (const inspection of [awkward, inspect('lstm_while.float'), inspect('lstm_text.float'), inspect('mobilenet.float16')]) {
      const result = viz.render(renderDot(inspection), { format: 'json', engine: 'dot', yInvert: true })
      expect(result.errors.filter((e) => e.level === 'error')).toEqual([])
      const { objects } = JSON.parse(result.output!) as { objects: { name: string; label: string }[] }
      const boxes = inspection.subgraphs.reduce((n, g) => n + diagramOf(g).nodes.length, 0)
      expect(objects.filter((o) => /^s\d+_n\d+$/.test(o.name))).toHaveLength(boxes)
    }
  })
})

describe('renderSvg', () => {
  it('draws a model', () => expectGolden(golden('mnist_mlp.dynamic.svg'), renderSvg(inspect('mnist_mlp.dynamic'))))

  it('lets no name become markup', () => {
    const svg = renderSvg(awkward)
    expect(svg).not.toMatch(/<img|<\/?script|[\u001b\u202e]/)
    expect(svg.match(/<svg/g)).toHaveLength(1)
  })

  it('draws every subgraph', () => {
    const svg = renderSvg(inspect('lstm_while.float'))
    for (const heading of ['Subgraph 0 main', 'while_cond', 'while_body']) expect(svg).toContain(heading)
  })
})
