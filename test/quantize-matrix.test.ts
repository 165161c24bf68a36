import { afterAll, expect, test } from 'vitest'
import type { Graph, Node } from '../src/ir/types.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { type MatrixColumn, type QuantizedForm, quantizeMatrix } from '../src/quantize/matrix.ts'
import { quantize } from '../src/quantize/quantize.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import expectedFailures from './matrix-expected-failures.json' with { type: 'json' }
import { oneOpOf, rangesOf, runOneOp, toleranceOf } from './testkit/one-op.ts'

/*
 * Every cell of `downcast ops --quantize`: a model of the op alone, made from its record, is quantized so, and LiteRT.js runs it beside the
 * float model on numbers that lie on the integer grid. The conformance run does the same with LiteRT's own interpreter.
 */

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

/** Types of operands and results; of a constant behind a DEQUANTIZE, and a RESHAPE where it lies in blocks, what it is stored as. */
function typesOf(graph: Graph, node: Node): string {
  const typeOf = (id: number) => graph.values.get(id)!.type.dtype
  const before = (id: number, name: string) => graph.nodes.find((n) => n.op === name && n.outputs.includes(id))?.inputs[0] ?? undefined
  const parts = [...node.inputs, ...node.outputs].flatMap((id) => {
    if (id === null) return []
    const source = before(before(id, 'reshape') ?? id, 'dequantize')
    return source !== undefined && graph.values.get(source)!.data ? `dequantize(${typeOf(source)})` : typeOf(id)
  })
  return parts.join(' ')
}

const wanted: Readonly<Record<MatrixColumn, (form: QuantizedForm) => RegExp>> = {
  int8: ({ bits }) => new RegExp(`^(?!.*f32)(?=.*\\bi${bits ?? 8}\\b).*\\bi8\\b`),
  uint8: () => /^(?!.*f32).*\bu8\b/,
  int16x8: ({ bits }) => new RegExp(`^(?!.*f32)(?=.*\\bi${bits ?? 16}\\b).*\\bi16\\b`),
  dynamic: ({ bits }) => new RegExp(`(^| )i${bits}\\b`),
  blocks: ({ bits }) => new RegExp(`(^| |dequantize\\()i${bits}\\b`),
  'weight-only': ({ bits }) => new RegExp(`dequantize\\(i${bits}\\)`),
}

async function check(form: QuantizedForm): Promise<void> {
  const { model, data } = oneOpOf(form)
  const want = await runOneOp(runner, model, data)
  const { model: quantized } = quantize(model, { ...form.options, ranges: rangesOf(model, data, want) })
  const [graph] = quantized.graphs as readonly [Graph]
  const node = graph.nodes.find((n) => n.op === form.as)
  expect(node && typesOf(graph, node)).toMatch(wanted[form.column](form))
  const got = await runOneOp(runner, quantized, data)
  expect(got.map((g) => g.length)).toEqual(want.map((w) => w.length))
  for (const [i, w] of want.entries()) {
    const worst = Math.max(...w.map((x, k) => Math.abs(x - got[i]![k]!)))
    expect(worst).toBeLessThanOrEqual(toleranceOf(form) * Math.max(...w.map(Math.abs)))
  }
}

const cells = quantizeMatrix().flatMap(({ op, forms }) => forms.map((form) => ({ name: `${op}: ${form.label}`, form })))
const reasons = new Map(Object.entries(expectedFailures as Record<string, string>))

test.each(cells)('$name', async ({ name, form }) => {
  if (!reasons.has(name)) return await check(form)
  await expect(check(form), `${name} works now; take it out of matrix-expected-failures.json`).rejects.toThrow()
})

test('lists no cell that is not there', () => expect([...reasons.keys()].filter((name) => !cells.some((c) => c.name === name))).toEqual([]))
