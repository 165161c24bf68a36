import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import * as path from 'node:path'
import {
  attr,
  call,
  type checkpointFiles,
  constant,
  encode,
  type FunctionSpec,
  floats,
  type ModelSpec,
  modelFiles,
  node,
  type Proto,
  type SignatureSpec,
  tensor,
  variable,
} from '../testkit/saved-model.ts'
import { concat, sealedBlock, tableFile, varint } from '../testkit/sstable.ts'
import { type HostileCase, testCases } from './run.ts'

const f32 = { T: attr.type('f32') }
const dims = (...sizes: readonly number[]) => ({ dtype: attr.type('f32'), shape: attr.shape(sizes) })
const x = (...sizes: readonly number[]) => node('x', 'Placeholder', [], dims(...(sizes.length > 0 ? sizes : [1, 3])))
const signature = (output = 'y:0', input: readonly number[] = [1, 3]): Readonly<Record<string, SignatureSpec>> => ({
  serving_default: { inputs: { x: { name: 'x:0', dims: input } }, outputs: { y: { name: output, dims: 'unknown' } } },
})
const model = (nodes: ModelSpec['nodes'], more: Partial<ModelSpec> = {}) => modelFiles({ nodes, signatures: signature(), ...more })
const binary = (op: string, ...inputs: readonly string[]) => node('y', op, inputs, f32)
const body = (name: string, nodes: readonly Proto[], from = 'n:y:0'): FunctionSpec => ({
  name,
  args: { a: 'f32' },
  results: { r: from },
  nodes,
})
const calling = (...functions: readonly FunctionSpec[]) =>
  model([x(), call('y', functions[0]!.name, ['x'])], { functions, signatures: signature('y:0') })
const half = new Uint8Array(Float32Array.of(0.5).buffer)
const i32s = (name: string, values: readonly number[]) =>
  constant(name, tensor('i32', [values.length], [[4, new Uint8Array(Int32Array.from(values).buffer)]]))
const i64s = (name: string, values: readonly number[]) =>
  constant(name, tensor('i64', [values.length], [[4, new Uint8Array(BigInt64Array.from(values, BigInt).buffer)]]))
const scalar = (name: string, value: number) => constant(name, tensor('i32', [], [[7, value]]))
const splat = (name: string, ...sizes: readonly number[]) => constant(name, tensor('f32', sizes, [[5, half]]))
const tenMillion = 10_000_000

const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']

const choose = (name: string, i: number, from: string) =>
  node(name, 'StatelessIf', ['p:z:0', from], {
    then_branch: attr.func(`f${i}`),
    else_branch: attr.func(`f${i}`),
    Tcond: attr.type('bool'),
    Tin: attr.list([[6, 1]]),
    Tout: attr.list([[6, 1]]),
  })
const condition = [
  i32s('axes', [0, 1]),
  node('s', 'Sum', ['a', 'axes:output:0'], { ...f32, Tidx: attr.type('i32') }),
  node('z', 'ZerosLike', ['s:output:0'], f32),
  node('p', 'Less', ['s:output:0', 'z:y:0'], f32),
]

const graphs: readonly HostileCase[] = [
  {
    name: 'functions that call each other in a circle',
    code: 'import/function-recursion',
    files: () => calling(body('f', [call('n', 'g', ['a'])], 'n:output:0'), body('g', [call('n', 'f', ['a'])], 'n:output:0')),
  },
  {
    name: 'a function that calls itself',
    code: 'import/function-recursion',
    files: () => calling(body('f', [call('n', 'f', ['a'])], 'n:output:0')),
  },
  {
    name: 'a loop whose body is the loop',
    code: 'import/function-recursion',
    files: () =>
      model([x(), node('y', 'StatelessWhile', ['x'], { cond: attr.func('c'), body: attr.func('f'), T: attr.list([[6, 1]]) })], {
        functions: [
          body(
            'f',
            [node('n', 'StatelessWhile', ['a'], { cond: attr.func('c'), body: attr.func('f'), T: attr.list([[6, 1]]) })],
            'n:output:0',
          ),
          { name: 'c', args: { a: 'f32' }, results: { r: 'n:output:0' }, nodes: [constant('n', tensor('bool', [], [[11, 1]]))] },
        ],
      }),
  },
  {
    name: 'calls 10,000 deep',
    code: 'import/graph-too-large',
    files: () =>
      calling(
        ...Array.from({ length: 10_000 }, (_, i) =>
          body(`f${i}`, i === 9999 ? [node('n', 'Neg', ['a'], f32)] : [call('n', `f${i + 1}`, ['a'])], i === 9999 ? 'n:y:0' : 'n:output:0'),
        ),
      ),
  },
  {
    name: 'functions that call the next twice, 2^60 calls in all',
    code: 'import/graph-too-large',
    files: () =>
      calling(
        ...Array.from({ length: 60 }, (_, i) =>
          body(
            `f${i}`,
            i === 59 ? [node('n', 'Neg', ['a'], f32)] : [call('m', `f${i + 1}`, ['a']), call('n', `f${i + 1}`, ['m:output:0'])],
            i === 59 ? 'n:y:0' : 'n:output:0',
          ),
        ),
      ),
  },
  {
    name: 'branches that take the next twice, 2^40 bodies in all',
    code: 'lower/too-many-nodes',
    files: () => {
      const functions = Array.from({ length: 40 }, (_, i): FunctionSpec => {
        if (i === 39) return body(`f${i}`, [node('n', 'Neg', ['a'], f32)])
        return body(`f${i}`, [...condition, choose('m', i + 1, 'a'), choose('n', i + 1, 'm:output:0')], 'n:output:0')
      })
      return calling(...functions)
    },
  },
  {
    name: 'nodes in a circle',
    code: 'import/cyclic-graph',
    files: () => model([x(), node('a', 'AddV2', ['x', 'y'], f32), binary('Neg', 'a')]),
  },
  { name: 'a node of its own result', code: 'import/cyclic-graph', files: () => model([x(), binary('AddV2', 'x', 'y')]) },
  { name: 'two nodes of one name', code: 'import/duplicate-node', files: () => model([x(), binary('Neg', 'x'), binary('Abs', 'x')]) },
  { name: 'an input that names no node', code: 'import/node-missing', files: () => model([x(), binary('Neg', 'nobody')]) },
  {
    name: 'an input that names a result the node does not have',
    code: 'lower/missing-result',
    files: () => model([x(), node('n', 'Neg', ['x'], f32), binary('Neg', 'n:7')]),
  },
  { name: 'an input that names result -1', code: 'import/node-missing', files: () => model([x(), binary('Neg', 'x:-1')]) },
  {
    name: 'an input that names result 1e9',
    code: 'lower/missing-result',
    files: () => model([x(), node('n', 'Neg', ['x'], f32), binary('Neg', 'n:1e9')]),
  },
  { name: 'a signature whose output is no tensor', code: 'import/node-missing', files: () => model([x()], { signatures: signature('') }) },
  {
    name: 'a chain of 20,000 nodes',
    code: undefined,
    words: ['-o', 'OUT', '--no-check'],
    files: () =>
      model([
        x(),
        ...Array.from({ length: 20_000 }, (_, i) => node(i === 19_999 ? 'y' : `n${i}`, 'Neg', [i === 0 ? 'x' : `n${i - 1}`], f32)),
      ]),
  },
  {
    name: 'a node with ten million inputs',
    code: 'wire/limit-exceeded',
    files: () => model([x(), concat([encode(node('y', 'AddN', [], f32)), repeated([0x1a, 1, 0x78], tenMillion)])]),
  },
  {
    name: 'an attribute with ten million numbers',
    code: 'lower/bad-operands',
    files: () => model([x(), node('y', 'Squeeze', ['x'], { ...f32, squeeze_dims: attr.list([[3, new Uint8Array(tenMillion).fill(1)]]) })]),
  },
  {
    name: 'a shape of ten million sizes',
    code: undefined,
    files: () => model([node('x', 'Placeholder', [], { dtype: attr.type('f32'), shape: [[7, manyDims(tenMillion)]] }), binary('Neg', 'x')]),
  },
  {
    name: 'a constant of ten million sizes',
    code: 'wire/limit-exceeded',
    files: () =>
      model([
        x(),
        constant('c', [
          [1, 1],
          [2, manyDims(tenMillion)],
          [5, half],
        ]),
        binary('AddV2', 'x', 'c'),
      ]),
  },
  {
    name: 'ten million elements for a constant of one',
    code: undefined,
    files: () => model([x(), constant('c', tensor('f32', [1], [[5, new Uint8Array(4 * tenMillion)]])), binary('AddV2', 'x', 'c')]),
  },
  {
    name: 'ten million empty signatures',
    code: 'import/unknown-tags',
    files: () => new Map([['saved_model.pb', concat([encode([[1, 1]]), lengthDelimited(2, repeated([0x2a, 0], tenMillion))])]]),
  },
  {
    name: 'ten million nodes without a name',
    code: 'import/unknown-tags',
    files: () =>
      new Map([['saved_model.pb', concat([encode([[1, 1]]), lengthDelimited(2, lengthDelimited(2, repeated([0x0a, 0], tenMillion)))])]]),
  },
]

const shapes: readonly HostileCase[] = [
  ...[[-2], [2 ** 62], [2 ** 31], [2 ** 31 - 1, 2 ** 31 - 1, 4], [2 ** 21, 2 ** 21, 2 ** 21, 2 ** 21]].flatMap((sizes): HostileCase[] => [
    {
      name: `an input of [${sizes}]`,
      code: sizes[0] === -2 ? undefined : 'lower/bad-port',
      files: () => model([x(...sizes), binary('Neg', 'x')], { signatures: signature('y:0', sizes) }),
    },
    {
      name: `a constant of [${sizes}]`,
      code: sizes[0] === 2 ** 31 ? 'wire/limit-exceeded' : 'wire/malformed',
      files: () => model([x(), splat('c', ...sizes), binary('AddV2', 'x', 'c')]),
    },
  ]),
  {
    name: 'contents shorter than the shape',
    code: 'wire/malformed',
    files: () => model([x(), constant('c', tensor('f32', [3], [[4, new Uint8Array(8)]])), binary('AddV2', 'x', 'c')]),
  },
  {
    name: 'contents longer than the shape',
    code: 'wire/malformed',
    files: () => model([x(), constant('c', tensor('f32', [3], [[4, new Uint8Array(16)]])), binary('AddV2', 'x', 'c')]),
  },
  {
    name: 'a splat of 2^40 elements as weights',
    code: 'wire/limit-exceeded',
    files: () =>
      model([x(1, 2 ** 20), splat('c', 2 ** 20, 2 ** 20), node('y', 'MatMul', ['x', 'c'], f32)], {
        signatures: signature('y:0', [1, 2 ** 20]),
      }),
  },
  {
    name: 'a splat of 2^40 elements that is added',
    code: 'wire/limit-exceeded',
    files: () => model([x(1, 1), splat('c', 2 ** 20, 2 ** 20), binary('AddV2', 'x', 'c')], { signatures: signature('y:0', [1, 1]) }),
  },
  {
    name: 'a splat of 2^40 elements that is transposed',
    code: 'wire/limit-exceeded',
    files: () =>
      model(
        [
          x(1, 1),
          splat('c', 2 ** 20, 2, 2 ** 19),
          i32s('p', [2, 1, 0]),
          node('t', 'Transpose', ['c', 'p'], { ...f32, Tperm: attr.type('i32') }),
          binary('AddV2', 'x', 't'),
        ],
        { signatures: signature('y:0', [1, 1]) },
      ),
  },
  {
    name: 'a splat of 2^50 elements that is summed',
    code: 'wire/limit-exceeded',
    files: () =>
      model(
        [
          x(1, 1),
          splat('c', 2 ** 25, 2 ** 25),
          i32s('p', [0, 1]),
          node('t', 'Sum', ['c', 'p'], { ...f32, Tidx: attr.type('i32') }),
          binary('AddV2', 'x', 't'),
        ],
        { signatures: signature('y:0', [1, 1]) },
      ),
  },
  {
    name: 'a splat of 2^40 elements that is sliced',
    code: 'wire/limit-exceeded',
    files: () =>
      model(
        [
          x(1, 1),
          splat('c', 2 ** 20, 2 ** 20),
          i32s('b', [0, 0]),
          i32s('s', [1, 1]),
          node('t', 'Slice', ['c', 'b', 's'], { ...f32, Index: attr.type('i32') }),
          binary('AddV2', 'x', 't'),
        ],
        { signatures: signature('y:0', [1, 1]) },
      ),
  },
  {
    name: 'a splat of 2^40 elements that is convolved with',
    code: 'wire/limit-exceeded',
    files: () =>
      model(
        [
          x(1, 4, 4, 2 ** 20),
          splat('c', 1, 1, 2 ** 20, 2 ** 20),
          node('y', 'Conv2D', ['x', 'c'], {
            ...f32,
            strides: attr.list([1, 1, 1, 1].map((n) => [3, n] as const)),
            padding: attr.string('SAME'),
          }),
        ],
        { signatures: signature('y:0', [1, 4, 4, 2 ** 20]) },
      ),
  },
  {
    name: 'Fill of 2^40 elements',
    code: undefined,
    files: () =>
      made('Fill', [i32s('d', [2 ** 20, 2 ** 20]), constant('v', tensor('f32', [], [[5, half]]))], ['d', 'v'], {
        ...f32,
        index_type: attr.type('i32'),
      }),
  },
  {
    name: 'Fill of -1 elements',
    code: 'lower/bad-operands',
    files: () =>
      made('Fill', [i32s('d', [-1]), constant('v', tensor('f32', [], [[5, half]]))], ['d', 'v'], { ...f32, index_type: attr.type('i32') }),
  },
  {
    name: 'Fill of 2^62 elements',
    code: undefined,
    files: () =>
      made('Fill', [i64s('d', [2 ** 62]), constant('v', tensor('f32', [], [[5, half]]))], ['d', 'v'], {
        ...f32,
        index_type: attr.type('i64'),
      }),
  },
  {
    name: 'Range of 2^31 elements',
    code: undefined,
    files: () =>
      model(
        [
          x(1, 1),
          scalar('a', 0),
          scalar('b', 2 ** 31 - 1),
          scalar('d', 1),
          node('r', 'Range', ['a', 'b', 'd'], { Tidx: attr.type('i32') }),
          node('t', 'Cast', ['r'], { SrcT: attr.type('i32'), DstT: attr.type('f32') }),
          binary('AddV2', 'x', 't'),
        ],
        { signatures: signature('y:0', [1, 1]) },
      ),
  },
  {
    name: 'Range with steps of 0',
    code: 'lower/bad-operands',
    files: () =>
      model(
        [
          x(1, 1),
          scalar('a', 0),
          scalar('b', 9),
          scalar('d', 0),
          node('r', 'Range', ['a', 'b', 'd'], { Tidx: attr.type('i32') }),
          node('t', 'Cast', ['r'], { SrcT: attr.type('i32'), DstT: attr.type('f32') }),
          binary('AddV2', 'x', 't'),
        ],
        { signatures: signature('y:0', [1, 1]) },
      ),
  },
  {
    name: 'Tile to 2^40 elements',
    code: undefined,
    files: () => made('Tile', [splat('c', 2, 2), i32s('m', [2 ** 19, 2 ** 19])], ['c', 'm'], { ...f32, Tmultiples: attr.type('i32') }),
  },
  {
    name: 'BroadcastTo of 2^40 elements',
    code: undefined,
    files: () => made('BroadcastTo', [splat('c', 1), i32s('d', [2 ** 20, 2 ** 20])], ['c', 'd'], { ...f32, Tidx: attr.type('i32') }),
  },
  {
    name: 'Pad to 2^60 elements',
    code: 'lower/bad-operands',
    files: () =>
      made(
        'Pad',
        [
          splat('c', 1, 1),
          i32s(
            'p',
            [2 ** 29, 2 ** 29, 2 ** 29, 2 ** 29].map((n) => n),
          ),
          i32s('s', [2, 2]),
          node('q', 'Reshape', ['p', 's'], { T: attr.type('i32'), Tshape: attr.type('i32') }),
        ],
        ['c', 'q'],
        { ...f32, Tpaddings: attr.type('i32') },
      ),
  },
  {
    name: 'OneHot of depth 2^31',
    code: undefined,
    files: () =>
      made(
        'OneHot',
        [
          i32s('i', [0, 1]),
          scalar('d', 2 ** 31 - 1),
          constant('on', tensor('f32', [], [[5, half]])),
          constant('off', tensor('f32', [], [[5, half]])),
        ],
        ['i', 'd', 'on', 'off'],
        { ...f32, TI: attr.type('i32'), axis: attr.int(-1) },
      ),
  },
  {
    name: 'Split into 2^31 parts',
    code: 'lower/bad-operands',
    files: () => model([x(), scalar('a', 1), node('y', 'Split', ['a', 'x'], { ...f32, num_split: attr.int(2 ** 31 - 1) })]),
  },
  {
    name: 'Unpack into 2^31 parts',
    code: 'lower/bad-operands',
    files: () => model([x(), node('y', 'Unpack', ['x'], { ...f32, num: attr.int(2 ** 31 - 1), axis: attr.int(1) })]),
  },
  { name: 'a convolution with a stride of 0', code: 'lower/unsupported-form', files: () => conv({ strides: [1, 0, 0, 1] }) },
  { name: 'a convolution with a stride of -1', code: 'lower/unsupported-form', files: () => conv({ strides: [1, -1, -1, 1] }) },
  { name: 'a convolution with a stride of 2^40', code: 'lower/beyond-32-bits', files: () => conv({ strides: [1, 2 ** 40, 2 ** 40, 1] }) },
  { name: 'a convolution dilated by 2^31', code: 'lower/beyond-32-bits', files: () => conv({ dilations: [1, 2 ** 31, 2 ** 31, 1] }) },
  {
    name: 'a convolution with explicit padding of 2^40',
    code: 'lower/beyond-32-bits',
    files: () => conv({ padding: 'EXPLICIT', explicit_paddings: [0, 0, 2 ** 40, 0, 0, 0, 0, 0] }),
  },
  {
    name: 'a reshape to sizes that overflow',
    code: 'lower/bad-operands',
    files: () => model([x(), i64s('s', [2 ** 62, 4]), node('y', 'Reshape', ['x', 's'], { ...f32, Tshape: attr.type('i64') })]),
  },
]

const naming: readonly HostileCase[] = names.flatMap((name): HostileCase[] => [
  {
    name: `nodes called ${name}`,
    code: undefined,
    files: () => modelFiles({ nodes: [x(), node(name, 'Neg', ['x'], f32), binary('Abs', name)], signatures: signature() }),
  },
  {
    name: `an attribute called ${name}`,
    code: undefined,
    files: () => model([x(), node('y', 'Neg', ['x'], { ...f32, ...Object.fromEntries([[`_${name}`, attr.int(1)]]), [name]: attr.int(1) })]),
  },
  { name: `a function called ${name}`, code: undefined, files: () => calling(body(name, [node('n', 'Neg', ['a'], f32)])) },
  { name: `a call of ${name}, which is not there`, code: 'import/function-missing', files: () => model([x(), call('y', name, ['x'])]) },
  { name: `an op called ${name}`, code: 'lower/unsupported-op', files: () => model([x(), node('y', name, ['x'], f32)]) },
  {
    name: `a signature, an input and an output called ${name}`,
    code: undefined,
    files: () =>
      model([x(), binary('Neg', 'x')], {
        signatures: own(name, { inputs: own(name, { name: 'x:0', dims: [1, 3] }), outputs: own(name, { name: 'y:0', dims: [1, 3] }) }),
      }),
  },
  { name: `an input of ${name}`, code: 'import/node-missing', files: () => model([x(), binary('Neg', name)]) },
])

const withVariable = (more: Partial<Parameters<typeof checkpointFiles>[0]> = {}, file?: (files: Map<string, Uint8Array>) => void) => {
  const files = modelFiles(
    {
      nodes: [x(), variable('v'), node('r', 'ReadVariableOp', ['v'], { dtype: attr.type('f32') }), binary('AddV2', 'x', 'r')],
      signatures: signature(),
    },
    { tensors: { v: floats([3]) }, ...more },
  )
  file?.(files)
  return files
}
const index = 'variables/variables.index'
const shard = 'variables/variables.data-00000-of-00001'
const header: Proto = [[1, 1]]
const row = (fields: Proto): Uint8Array => encode([[1, 1], [2, [[2, [[1, 3]]]]], ...fields])
const indexOf = (entry: Proto, head: Proto = header) =>
  withVariable({}, (files) =>
    files.set(
      index,
      tableFile([
        [
          ['', encode(head)],
          ['v', row(entry)],
        ],
      ]),
    ),
  )

const checkpoints: readonly HostileCase[] = [
  {
    name: 'variables that share their bytes',
    code: undefined,
    files: () => {
      const files = modelFiles(
        {
          nodes: [
            x(),
            variable('v'),
            variable('w'),
            node('r', 'ReadVariableOp', ['v'], { dtype: attr.type('f32') }),
            node('s', 'ReadVariableOp', ['w'], { dtype: attr.type('f32') }),
            node('a', 'AddV2', ['x', 'r'], f32),
            binary('AddV2', 'a', 's'),
          ],
          signatures: signature(),
        },
        { tensors: { v: floats([3]) } },
      )
      return files.set(
        index,
        tableFile([
          [
            ['', encode(header)],
            ['v', row([[5, 12]])],
            ['w', row([[5, 12]])],
          ],
        ]),
      )
    },
  },
  {
    name: 'a variable behind the end of its file',
    code: 'import/shard-too-short',
    files: () =>
      indexOf([
        [4, 2 ** 40],
        [5, 12],
      ]),
  },
  {
    name: 'a variable before the beginning of its file',
    code: 'wire/malformed',
    files: () =>
      indexOf([
        [4, -8],
        [5, 12],
      ]),
  },
  { name: 'a variable of 2^62 bytes', code: 'wire/malformed', files: () => indexOf([[5, 2 ** 62]]) },
  { name: 'a variable of -1 bytes', code: 'wire/malformed', files: () => indexOf([[5, -1]]) },
  {
    name: 'a variable in file 7 of 1',
    code: 'wire/malformed',
    files: () =>
      indexOf([
        [3, 7],
        [5, 12],
      ]),
  },
  {
    name: 'a variable in file -1',
    code: 'wire/malformed',
    files: () =>
      indexOf([
        [3, -1],
        [5, 12],
      ]),
  },
  { name: 'a checkpoint of 2^31 files', code: 'import/shard-missing', files: () => indexOf([[5, 12]], [[1, 2 ** 31 - 1]]) },
  { name: 'a checkpoint of -1 files', code: 'wire/malformed', files: () => indexOf([[5, 12]], [[1, -1]]) },
  {
    name: 'a variable of which a slice is the whole 2^40 times',
    code: 'wire/malformed',
    files: () =>
      indexOf([
        [5, 12],
        [
          7,
          [
            [
              1,
              [
                [1, 2 ** 40],
                [2, 2 ** 40],
              ],
            ],
          ],
        ],
      ]),
  },
  {
    name: 'a file of variables that is missing',
    code: 'import/shard-missing',
    files: () => withVariable({}, (files) => files.delete(shard)),
  },
  {
    name: 'an index without its data',
    code: 'import/shard-too-short',
    files: () => withVariable({}, (files) => files.set(shard, new Uint8Array(0))),
  },
  {
    name: 'blocks of the index that lie outside it',
    code: 'wire/truncated',
    files: () =>
      withVariable({}, (files) =>
        files.set(index, withFooter(files.get(index)!, [...varint(2 ** 40), ...varint(100), ...varint(2 ** 40), ...varint(100)])),
      ),
  },
  {
    name: 'a block of the index that is the footer',
    code: 'wire/checksum-mismatch',
    files: () =>
      withVariable({}, (files) =>
        files.set(
          index,
          withFooter(files.get(index)!, [
            ...varint(files.get(index)!.length - 48),
            ...varint(43),
            ...varint(files.get(index)!.length - 48),
            ...varint(43),
          ]),
        ),
      ),
  },
  {
    name: 'a block of the index of 2^60 bytes',
    code: 'wire/limit-exceeded',
    files: () => withVariable({}, (files) => files.set(index, withFooter(files.get(index)!, [0, 0, 0, ...varint(2 ** 52)]))),
  },
  {
    name: 'an index that unpacks to 4 GB',
    code: 'wire/limit-exceeded',
    files: () =>
      withVariable({}, (files) =>
        files.set(
          index,
          tableFile([[['', encode(header)]]], () => sealedBlock(concat([varint(2 ** 32 - 1), [0, 0]]), 1)),
        ),
      ),
  },
  {
    name: 'an index that unpacks a thousandfold',
    code: 'wire/truncated',
    files: () =>
      withVariable({}, (files) =>
        files.set(
          index,
          tableFile([[['', encode(header)]]], () => sealedBlock(snappyBomb(2 ** 26), 1)),
        ),
      ),
  },
]

const fixture = path.resolve(import.meta.dirname, '../../fixtures/saved-model/mnist_mlp-keras3')
const changed = (change: (folder: string) => void) => () => (folder: string) => {
  cpSync(fixture, folder, { recursive: true })
  change(folder)
}
const replaced = (file: string, make: (file: string) => void) =>
  changed((folder) => {
    rmSync(path.join(folder, file), { recursive: true })
    make(path.join(folder, file))
  })
const places: readonly HostileCase[] = [
  {
    name: 'saved_model.pb is a pipe',
    code: 'import/unreadable',
    files: replaced('saved_model.pb', (file) => execFileSync('mkfifo', [file])),
  },
  { name: 'saved_model.pb is a folder', code: 'import/unreadable', files: replaced('saved_model.pb', (file) => mkdirSync(file)) },
  {
    name: 'saved_model.pb is a link to itself',
    code: 'import/unreadable',
    files: replaced('saved_model.pb', (file) => symlinkSync(file, file)),
  },
  {
    name: 'saved_model.pb is a link to a device',
    code: 'import/link-outside-folder',
    files: replaced('saved_model.pb', (file) => symlinkSync('/dev/zero', file)),
  },
  {
    name: 'the model itself is a device',
    code: 'import/unreadable',
    model: 'zero',
    files: () => (folder) => symlinkSync('/dev/zero', path.join(folder, 'zero')),
  },
  {
    name: 'the model itself is a pipe',
    code: 'import/unreadable',
    model: 'pipe',
    files: () => (folder) => execFileSync('mkfifo', [path.join(folder, 'pipe')]),
  },
  {
    name: 'the folder of variables is a link outside',
    code: 'import/link-outside-folder',
    files: replaced('variables', (file) => symlinkSync(path.join(fixture, 'variables'), file)),
  },
  {
    name: 'a file of variables is a link outside',
    code: 'import/link-outside-folder',
    files: replaced('variables/variables.data-00000-of-00001', (file) =>
      symlinkSync(path.join(fixture, 'variables/variables.data-00000-of-00001'), file),
    ),
  },
  {
    name: 'a file of variables is a pipe',
    code: 'import/unreadable',
    files: replaced('variables/variables.data-00000-of-00001', (file) => execFileSync('mkfifo', [file])),
  },
  {
    name: 'links in a circle among the variables',
    code: 'import/no-checkpoint',
    files: replaced('variables', (file) => symlinkSync(path.dirname(file), file)),
  },
]

const small = withVariable()
const cutCode = (name: string, share: number) =>
  name === shard ? 'import/shard-too-short' : name === index && share > 0.5 ? 'wire/malformed' : 'wire/truncated'
const cuts: readonly HostileCase[] = [...small].flatMap(([name, bytes]) =>
  [0.05, 0.3, 0.6, 0.9, 0.99].map(
    (share): HostileCase => ({
      name: `${name} cut at ${share * 100} %`,
      code: cutCode(name, share),
      files: () => new Map(small).set(name, bytes.subarray(0, Math.floor(bytes.length * share))),
    }),
  ),
)

testCases([...graphs, ...shapes, ...naming, ...checkpoints, ...places, ...cuts])

function own<T>(name: string, value: T): Readonly<Record<string, T>> {
  return Object.defineProperty({}, name, { value, enumerable: true }) as Readonly<Record<string, T>>
}

/** A constant that an op makes of constants, added to the input. */
function made(op: string, nodes: readonly Proto[], inputs: readonly string[], attrs: Parameters<typeof node>[3]): Map<string, Uint8Array> {
  return model([x(1, 1), ...nodes, node('t', op, inputs, attrs), binary('AddV2', 'x', 't')], { signatures: signature('y:0', [1, 1]) })
}

function conv(change: {
  strides?: number[]
  dilations?: number[]
  padding?: string
  explicit_paddings?: number[]
}): Map<string, Uint8Array> {
  const ints = (list: readonly number[]) => attr.list(list.map((n) => [3, n] as const))
  const { padding = 'SAME', strides = [1, 1, 1, 1], ...lists } = change
  const more = Object.fromEntries(Object.entries({ strides, ...lists }).map(([key, list]) => [key, ints(list)]))
  return model(
    [x(1, 4, 4, 2), splat('c', 3, 3, 2, 2), node('y', 'Conv2D', ['x', 'c'], { ...f32, ...more, padding: attr.string(padding) })],
    { signatures: signature('y:0', [1, 4, 4, 2]) },
  )
}

function lengthDelimited(field: number, bytes: Uint8Array): Uint8Array {
  return concat([varint((field << 3) | 2), varint(bytes.length), bytes])
}

function repeated(bytes: readonly number[], times: number): Uint8Array {
  const out = new Uint8Array(bytes.length * times)
  for (let i = 0; i < times; i++) out.set(bytes, i * bytes.length)
  return out
}

function manyDims(count: number): Uint8Array {
  return repeated([0x12, 2, 8, 1], count)
}

function withFooter(table: Uint8Array, handles: readonly number[]): Uint8Array {
  const out = table.slice()
  out.fill(0, out.length - 48, out.length - 8)
  out.set(handles, out.length - 48)
  return out
}

/** A block of that many zeros: one literal, then copies of 64 bytes. */
function snappyBomb(byteLength: number): Uint8Array {
  const copies = (byteLength - 1) / 64
  return concat([varint(byteLength), [0, 0], repeated([(63 << 2) | 2, 1, 0], Math.floor(copies))])
}
