import { expect, test } from 'vitest'
import { attr, checkpointFiles, encode, floats, metaGraph, node, type Proto } from '../../../test/testkit/saved-model.ts'
import { memorySource } from '../../core/bytes.ts'
import { typedView } from '../../core/dtype.ts'
import { type Folder, memoryFolder } from '../folder.ts'
import { type ReadOptions, readModel } from '../read-model.ts'

const f32 = { T: attr.type('f32') }
const x = node('x', 'Placeholder', [], { dtype: attr.type('f32'), shape: attr.shape([-1, 2]) })
const v = node('v', 'VariableV2', [], { dtype: attr.type('f32'), shape: attr.shape([2]) })
const inference = [x, v, node('v/read', 'Identity', ['v'], f32), node('y', 'AddV2', ['x', 'v/read'], f32)]
const loss = node('loss', 'Mean', ['y'], f32)

/** A checkpoint called `name`: its graph as a file, and a folder with the values. */
function checkpoint(nodes: readonly Proto[], name = 'model.ckpt-7') {
  const files = checkpointFiles({ tensors: { v: floats([2], 5) } })
  const renamed = new Map([...files].map(([path, bytes]) => [path.replace('variables/variables', name), bytes]))
  const file = memorySource(`run/${name}.meta`, encode(metaGraph({ nodes, signatures: {}, tags: [], restoreOp: 'save/restore_all' })))
  return { file, beside: memoryFolder('run', renamed) }
}
const load = ({ file, beside }: { file: ReturnType<typeof memorySource>; beside?: Folder }, options?: ReadOptions) =>
  readModel({ file, beside }, options)

test.each(['model.ckpt-7', '', 'a.meta.b'])('variables have their values from the files beside the graph, "%s"', async (name) => {
  const { format, graphs, diagnostics } = await load(checkpoint(inference, name))
  expect([format, graphs.length]).toEqual(['graph-def', 1])
  const [{ inputs, outputs, nodes }] = graphs as [(typeof graphs)[number]]
  expect([inputs.map((i) => i.name), outputs.map((o) => o.name)]).toEqual([['x'], ['y']])
  const value = nodes.find((n) => n.value)!.value!
  expect('data' in value && [...typedView('f32', value.data.bytes())]).toEqual([5, 6])
  expect(diagnostics.map((d) => d.code)).toEqual(['import/inferred-ports', 'import/inferred-ports'])
})

test('of several results the wanted ones are named', async () => {
  const trained = [...inference, loss, node('step', 'Neg', ['y'], f32)]
  await expect(load(checkpoint(trained))).rejects.toMatchObject({
    code: 'import/meta-graph-outputs',
    message: expect.stringContaining('"loss", "step"'),
  })
  const { graphs, diagnostics } = await load(checkpoint(trained), { inputs: ['x'], outputs: ['y'] })
  expect(graphs[0]!.nodes.map((n) => n.op)).not.toContain('Mean')
  expect(diagnostics).toEqual([])
})

test('what training adds is no result, and its switch is called by its name', async () => {
  const bool = { T: attr.type('bool') }
  const train = node('phase', 'Placeholder', [], { dtype: attr.type('bool'), shape: attr.shape([]) })
  const training = [
    ...inference,
    loss,
    train,
    node('cond/Switch', 'Switch', ['phase', 'phase'], bool),
    node('cond/switch_f', 'Identity', ['cond/Switch'], bool),
    node('cond/pred_id', 'Identity', ['phase'], bool),
    node('gradients/zeros_like', 'ZerosLike', ['y'], f32),
    node('step', 'Neg', ['y'], f32),
    node('Shape', 'Shape', ['y'], f32),
  ]
  await expect(load(checkpoint(training))).rejects.toMatchObject({
    message: expect.stringContaining('no other node uses "loss", "step"; "phase" may be its switch of training.'),
  })
  await expect(load(checkpoint([...inference, ...training.slice(-3, -2), ...training.slice(-1)]))).rejects.toMatchObject({
    message: expect.stringContaining('no other node uses "gradients/zeros_like", "Shape".'),
  })
})

test('a graph whose values are not beside it says which file is missing', async () => {
  const { file, beside } = checkpoint(inference)
  await expect(load({ file })).rejects.toMatchObject({ code: 'import/no-checkpoint', expected: 'model.ckpt-7.index' })
  const others = memoryFolder('run', new Map([['other.index', beside.open('model.ckpt-7.index')!.read(0, 4)]]))
  await expect(load({ file, beside: others })).rejects.toMatchObject({ code: 'import/no-checkpoint', tensor: 'v' })
})

test('text is read as bytes are', async () => {
  const node = (name: string, op: string, more: string) => `node { name: "${name}" op: "${op}" ${more} }`
  const type = 'attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "T" value { type: DT_FLOAT } }'
  const text = `meta_info_def { tensorflow_version: "1.15.0" } graph_def { ${node('x', 'Placeholder', type)} ${node('y', 'Neg', `input: "x" ${type}`)} }`
  const { metadata, graphs } = await load({ file: memorySource('m.meta', new TextEncoder().encode(text)) })
  expect([metadata.frameworkVersion, graphs[0]!.outputs.map((o) => o.name)]).toEqual(['1.15.0', ['y']])
})
