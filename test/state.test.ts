import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import type { Graph, Model, Node } from '../src/ir/types.ts'
import { tensorflow } from '../src/lower/tf/index.ts'
import { shareGraphs } from '../src/ops/share-graphs.ts'
import { evaluateSource, isUnknown } from '../src/parity/evaluate-source.ts'
import { kernelEvaluator } from '../src/parity/kernel-evaluator.ts'
import { tfjsEvaluator } from '../src/parity/tfjs.ts'
import { loadNodeTfJs } from '../src/platform/node-tfjs.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'
import { firstDifference } from './testkit/oracle.ts'

/*
 * Reads and writes of variables through the whole pipeline: none is dropped, merged, moved before another, or given another type.
 */

const archive = openZip(
  memorySource('stateful.zip', new Uint8Array(readFileSync(new URL('../fixtures/oracle/stateful.zip', import.meta.url)))),
)
const bytesOf = (path: string) => {
  const source = archive.open(archive.entries.get(path)!)
  return source.read(0, source.byteLength)
}
const names = (JSON.parse(new TextDecoder().decode(bytesOf('index.json'))) as { name: string }[]).map((c) => c.name)
function load(name: string) {
  const files = [...archive.entries.keys()].filter((path) => path.startsWith(`${name}/`) && !path.endsWith('io.npz'))
  return readModel({ folder: memoryFolder(name, new Map(files.map((path) => [path.slice(name.length + 1), bytesOf(path)]))) })
}

const recorded = (name: string) => readNpz(memorySource(`${name}/io.npz`, bytesOf(`${name}/io.npz`)))
const tfjs = loadNodeTfJs()

/** What a graph does to variables, in order: `read total f32[3]`, `assign total f32[3]`, calls that do more. */
function trace(graph: Graph): string[] {
  const variables = new Map(graph.nodes.filter((n) => n.op === 'var_handle').map((n) => [n.outputs[0], `${n.attrs.sharedName}`] as const))
  const typeOf = (id: number | null | undefined) => {
    const { dtype, shape } = graph.values.get(id!)!.type
    return `${dtype}[${shape}]`
  }
  return graph.nodes.flatMap((n: Node) => {
    if (n.op === 'read_variable') return [`read ${variables.get(n.inputs[0]!)} ${typeOf(n.outputs[0])}`]
    if (n.op === 'assign_variable') {
      const { dtype } = graph.values.get(n.inputs[1]!)!.type
      return [`assign ${variables.get(n.inputs[0]!)} ${dtype}`]
    }
    return n.attrs.effects === true || n.op === 'call_once' ? [n.op] : []
  })
}

const tracesOf = (model: Model) => model.graphs.map((g) => [g.name, trace(g)])

describe.each(names)('%s', (name) => {
  it('keeps its reads and writes, and their order, through every pass', async () => {
    const first = new Map<string, string[]>()
    const after: string[] = []
    const source = await load(name)
    convert(source, {
      onPass(pass, graph) {
        if (pass === 'lower') first.set(graph.name, trace(graph))
        else {
          after.push(pass)
          expect(trace(graph), `${graph.name} after ${pass}`).toEqual(first.get(graph.name))
        }
      },
    })
    expect([...first.values()].flat().filter((t) => t.startsWith('assign')).length).toBeGreaterThan(0)
    expect(after).toEqual(expect.arrayContaining(['drop-dead', 'merge-equal', 'fuse', 'order-for-memory']))
  })

  it('is evaluated by the gate as TensorFlow runs it, from the initial values on', async () => {
    const [key, array] = [...recorded(name)][0]!
    const signature = /^(?:(.+)\.)?in_/.exec(key)![1]
    const graph = (await load(name)).graphs.find((g) => g.name === (signature ?? 'serving_default'))!
    const prefix = signature === undefined ? '' : `${signature}.`
    const inputs = graph.inputs.map((p) => recorded(name).get(`${prefix}in_${p.name}`) ?? array)
    const results = await evaluateSource(graph, inputs, { evaluators: [tfjsEvaluator(await tfjs), kernelEvaluator(tensorflow)] })
    for (const [o, port] of graph.outputs.entries()) {
      const result = results[o]!
      const expected = recorded(name).get(`${prefix}out_${port.name}`)!
      if (isUnknown(result)) throw new Error(`${port.name}: ${result.reason}`)
      expect(firstDifference(new Map([['', result]]), new Map([['', expected]]), 1e-3, 0), port.name).toBeUndefined()
    }
  })

  it.each(['dynamic', 'float16'] as const)('keeps its variables as they are with %s weights', async (mode) => {
    const { model, floatModel } = convert(await load(name), { mode })
    expect(tracesOf(model)).toEqual(tracesOf(floatModel))
  })
})

it('every entry graph begins with the one graph that gives each variable its value', async () => {
  const { model } = convert(await load('state_signatures'))
  const entries = model.signatures.map((s) => model.graphs[s.graph]!)
  expect(entries.map((g) => g.nodes[0]!.op)).toEqual(['call_once', 'call_once', 'call_once'])
  expect(new Set(entries.map((g) => g.nodes[0]!.attrs.init)).size).toBe(1)
  expect(trace(model.graphs[entries[0]!.nodes[0]!.attrs.init as number]!)).toEqual(['assign Variable f32'])
})

it('signatures that do the same share one graph with its state; those that do not, keep theirs', async () => {
  const { model } = convert(await load('state_signatures'))
  const twice: Model = {
    ...model,
    graphs: [...model.graphs, { ...model.graphs[0]!, name: 'again' }],
    signatures: [...model.signatures, { ...model.signatures[0]!, key: 'again', graph: model.graphs.length }],
  }
  const shared = shareGraphs(twice)
  expect(shared.graphs.length).toBe(model.graphs.length)
  expect(shared.signatures.at(-1)!.graph).toBe(shared.signatures[0]!.graph)
  expect(shareGraphs(model)).toBe(model)
})

it('a variable that is only read is a constant; one that is only written stays', async () => {
  const { model } = convert(await load('state_unread'))
  expect(tracesOf(model)).toEqual([
    ['main', ['call_once', 'assign Variable_1 f32']],
    ['initialize_variables', ['assign Variable_1 f32']],
  ])
})
