import { expect, test } from 'vitest'
import {
  attr,
  type CheckpointSpec,
  call,
  constant,
  encode,
  floats,
  type ModelSpec,
  modelFiles,
  modelFolder,
  node,
  type Proto,
  storedStrings,
  tensor,
  variable,
} from '../../../test/testkit/saved-model.ts'
import { typedView } from '../../core/dtype.ts'
import { memoryFolder } from '../folder.ts'
import { importSavedModel } from './read.ts'

/** `y = v`, with more nodes. */
function reading(nodes: readonly Proto[], more: Partial<ModelSpec> = {}): ModelSpec {
  return {
    nodes: [...nodes, node('read', 'ReadVariableOp', ['v'])],
    signatures: { serving_default: { inputs: {}, outputs: { y: { name: 'read:0' } } } },
    ...more,
  }
}
const values = (model: ModelSpec, checkpoint: CheckpointSpec): number[] => {
  const { value } = importSavedModel(modelFolder(model, checkpoint)).graphs[0]!.nodes[0]!
  if (value?.dtype !== 'f32') throw new Error('no float constant')
  return [...typedView('f32', value.data.bytes())]
}
const names = (...keys: string[]): Proto =>
  constant(
    'names',
    tensor(
      'string',
      [keys.length],
      keys.map((k) => [8, k] as const),
    ),
  )

test('the restore op of a TF2 graph says which key a variable has', () => {
  const restore = {
    name: 'restore',
    args: { file: 'string', handle: 'resource', other: 'resource' },
    results: {},
    nodes: [
      names('objects/1', 'objects/2'),
      node('RestoreV2', 'RestoreV2', ['file', 'names:output:0', 'slices:output:0']),
      node('Identity', 'Identity', ['RestoreV2:tensors:1']),
      node('Assign', 'AssignVariableOp', ['handle', 'Identity:output:0']),
      node('Assign_1', 'AssignVariableOp', ['other', 'RestoreV2:tensors:0']),
    ],
  } as const
  const nodes = [variable('v', 'objects/1'), variable('w'), node('file', 'Placeholder'), call('restore_all', 'restore', ['file', 'v', 'w'])]
  const model = reading(nodes, { functions: [restore], restoreOp: 'restore_all' })
  expect(values(model, { tensors: { 'objects/1': floats([2]), 'objects/2': floats([2], 10) } })).toEqual([10, 11])
})

test('the restore nodes of a TF1 graph do so too', () => {
  const nodes = [
    node('v', 'VariableV2'),
    names('a', 'b'),
    node('prefix', 'Placeholder'),
    node('save/RestoreV2', 'RestoreV2', ['prefix', 'names', 'slices']),
    node('init/Assign', 'Assign', ['v', 'prefix']),
    node('save/Assign', 'Assign', ['v', 'save/RestoreV2:1']),
  ]
  const model: ModelSpec = {
    nodes: [...nodes, node('read', 'Identity', ['v'])],
    signatures: { serving_default: { inputs: {}, outputs: { y: { name: 'read:0' } } } },
  }
  expect(values(model, { tensors: { a: floats([2]), b: floats([2], 5) } })).toEqual([5, 6])
})

test('without a restore op, the tree of objects names the key', () => {
  const attribute = (full: string, key: string): Proto => [
    [
      2,
      [
        [1, 'VARIABLE_VALUE'],
        [2, full],
        [3, key],
      ],
    ],
  ]
  const tree = encode([
    [1, attribute('dense/kernel', 'layer/kernel')],
    [1, attribute('twice', 'layer/kernel')],
    [1, attribute('twice', 'layer/other')],
  ])
  const tensors = { 'layer/kernel': floats([1], 3), _CHECKPOINTABLE_OBJECT_GRAPH: storedStrings([tree]) }
  expect(values(reading([variable('v', 'dense/kernel')]), { tensors })).toEqual([3])
  expect(() => values(reading([variable('v', 'twice')]), { tensors })).toThrow(expect.objectContaining({ code: 'import/variable-missing' }))
})

test('a variable that was given no name is called by its place in the tree of objects, and so are reads that JAX only numbers', () => {
  const keyed = (full: string, key: string): Proto => {
    const attribute: Proto = [
      [1, 'VARIABLE_VALUE'],
      [2, full],
      [3, key],
    ]
    return [[2, attribute]]
  }
  const keys = ['params/Dense_0/ker..nel/.ATTRIBUTES/VARIABLE_VALUE', 'variables/0/.ATTRIBUTES/VARIABLE_VALUE']
  const tree = encode([
    [1, keyed('Variable_1', keys[0]!)],
    [1, keyed('kernel', keys[1]!)],
  ])
  const tensors = { [keys[0]!]: floats([1], 3), [keys[1]!]: floats([1], 4), _CHECKPOINTABLE_OBJECT_GRAPH: storedStrings([tree]) }
  const nodes = [
    variable('Variable_1'),
    variable('kernel'),
    node('jax2tf_arg_0/ReadVariableOp', 'ReadVariableOp', ['Variable_1']),
    node('jax2tf_arg_1/ReadVariableOp', 'ReadVariableOp', ['kernel']),
    node('dense/MatMul/ReadVariableOp', 'ReadVariableOp', ['Variable_1']),
  ]
  const reads = nodes.slice(2).map((_, i) => [`y${i}`, { name: `${['jax2tf_arg_0', 'jax2tf_arg_1', 'dense/MatMul'][i]}/ReadVariableOp:0` }])
  const model = { nodes, signatures: { serving_default: { inputs: {}, outputs: Object.fromEntries(reads) } } }
  const [graph] = importSavedModel(modelFolder(model, { tensors })).graphs
  expect(graph!.nodes.map((n) => [n.name, n.variable?.path])).toEqual([
    ['params/Dense_0/ker.nel', 'params/Dense_0/ker.nel'],
    ['kernel', undefined],
    ['dense/MatMul/ReadVariableOp', 'params/Dense_0/ker.nel'],
  ])
})

test('else its own name is the key, as in TF1', () => {
  expect(values(reading([variable('v', 'shared')]), { tensors: { shared: floats([1], 7) } })).toEqual([7])
  expect(values(reading([variable('v', 'shared')]), { tensors: { v: floats([1], 8) } })).toEqual([8])
})

test('a string variable', () => {
  const text = new TextEncoder()
  const strings = [text.encode('a'), text.encode(''), text.encode('bcd')]
  const model = importSavedModel(modelFolder(reading([variable('v')]), { tensors: { v: storedStrings(strings) } }))
  expect(model.graphs[0]!.nodes[0]!.value).toEqual({ dtype: 'string', shape: [3], strings })
})

test.each<[string, CheckpointSpec, string, RegExp]>([
  ['no value for a variable', { tensors: { u: floats([1]) } }, 'import/variable-missing', /"v"/],
  [
    'a slice that is none of the variable',
    { tensors: { v: { ...floats([4]), more: [[7, []]] } } },
    'wire/malformed',
    /slice of .*a part of \[4\]/,
  ],
  [
    'a slice that is not stored',
    { tensors: { v: { ...floats([4]), more: [[7, [[1, [[2, 4]]]]]] } } },
    'wire/malformed',
    /slice of .*an entry of its own/,
  ],
  [
    'very many slices',
    { tensors: { v: { ...floats([4]), more: new Array(5000).fill([7, [[1, []]]]) } } },
    'wire/malformed',
    /at most 4096/,
  ],
  [
    'a big-endian checkpoint',
    {
      tensors: {},
      header: [
        [1, 1],
        [2, 1],
      ],
    },
    'import/big-endian',
    /big-endian/,
  ],
  ['a type that LiteRT lacks', { tensors: { v: { ...floats([1]), more: [[1, 24]] } } }, 'import/unsupported-data-type', /DT_FLOAT8_E5M2/],
  ['a resource as a value', { tensors: { v: { ...floats([1]), dtype: 'resource' } } }, 'import/unsupported-data-type', /resource/],
  [
    'a size that does not fit the shape',
    { tensors: { v: { ...floats([2]), dims: [3] } } },
    'wire/malformed',
    /expected 12 bytes .*found 8/,
  ],
  ['a negative size', { tensors: { v: { ...floats([2]), dims: [-3] } } }, 'wire/malformed', /shape/],
  ['an absurd size', { tensors: { v: { ...floats([2]), dims: [2 ** 40, 2 ** 40] } } }, 'wire/malformed', /shape/],
  ['a shard that is not one of them', { tensors: { v: { ...floats([1]), more: [[3, 1]] } } }, 'wire/malformed', /1 shards/],
  ['a shard that is not there', { tensors: { v: floats([1]) }, header: [[1, 2]] }, 'import/shard-missing', /data-00000-of-00002/],
  [
    'a place beyond the shard',
    { tensors: { v: { ...floats([1]), more: [[4, 100]] } } },
    'import/shard-too-short',
    /ends at byte 104, the file at 4/,
  ],
  ['strings without lengths', { tensors: { v: { ...storedStrings([]), dims: [9] } } }, 'wire/malformed', /string/],
  [
    'strings cut short',
    { tensors: { v: { ...storedStrings([]), dims: [1], bytes: Uint8Array.of(9, 0, 0, 0, 0, 1) } } },
    'wire/truncated',
    /9 bytes/,
  ],
  [
    'a length without end',
    { tensors: { v: { ...storedStrings([]), dims: [1], bytes: new Uint8Array(9).fill(0xff) } } },
    'wire/truncated',
    /lengths/,
  ],
  [
    'strings that fail their checksum',
    { tensors: { v: { ...storedStrings([Uint8Array.of(1)]), bytes: Uint8Array.of(1, 0, 0, 0, 0, 1) } } },
    'wire/checksum-mismatch',
    /checksum/,
  ],
])('refuses %s', (_, checkpoint, code, message) => {
  const refused = (): unknown => importSavedModel(modelFolder(reading([variable('v')]), checkpoint))
  expect(refused).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
})

test('a checkpoint that is not there, or has no header', () => {
  const model = reading([variable('v')])
  expect(() => importSavedModel(modelFolder(model))).toThrow(expect.objectContaining({ code: 'import/no-checkpoint', tensor: 'v' }))
  const files = modelFiles(model, { tensors: { v: floats([1]) } })
  files.set('variables/variables.index', new Uint8Array(10))
  expect(() => importSavedModel(memoryFolder('m', files))).toThrow(expect.objectContaining({ code: 'wire/truncated' }))
})

test('every variable without a value is reported', () => {
  const model: ModelSpec = {
    nodes: [
      variable('v'),
      variable('w'),
      node('rv', 'ReadVariableOp', ['v']),
      node('rw', 'ReadVariableOp', ['w']),
      node('sum', 'AddV2', ['rv', 'rw']),
    ],
    signatures: { serving_default: { inputs: {}, outputs: { y: { name: 'sum:0' } } } },
  }
  const error = (() => {
    try {
      importSavedModel(modelFolder(model, { tensors: {} }))
    } catch (e) {
      return e
    }
    return undefined
  })()
  expect(error).toMatchObject({ code: 'import/variable-missing', diagnostics: [{ tensor: 'v' }, { tensor: 'w' }] })
})

test('a table type of an attribute is not needed to read a variable', () => {
  const model = reading([node('v', 'VarHandleOp', [], { shared_name: attr.string('v'), dtype: attr.type('f32') })])
  expect(values(model, { tensors: { v: floats([1], 2) } })).toEqual([2])
})
