import { readFileSync } from 'node:fs'
import { constFromBytes, memorySink } from '../../src/core/bytes.ts'
import { writeTfliteFile } from '../../src/export/file-writer.ts'
import type { ModelInput, OperatorInput } from '../../src/schema/tflite/records.ts'
import { type HostileCase, testCases } from './run.ts'

const tensor = (name: string, shape: readonly number[] = [1, 4], buffer = 0) => ({
  name,
  shape,
  buffer,
  type: 'FLOAT32' as const,
  hasRank: true,
})
const relu: OperatorInput = { opcodeIndex: 0, inputs: [0], outputs: [1] }
const graph = { name: 'main', tensors: [tensor('x'), tensor('y')], inputs: [0], outputs: [1], operators: [relu] }
type Graph = NonNullable<ModelInput['subgraphs']>[number]

const model = (change: Partial<Graph> = {}, more: Partial<ModelInput> = {}, buffers: readonly Uint8Array[] = []): Uint8Array => {
  const sink = memorySink()
  const made: ModelInput = {
    version: 3,
    operatorCodes: [{ builtinCode: 'RELU', version: 1 }],
    subgraphs: [{ ...graph, ...change }],
    ...more,
  }
  writeTfliteFile(made, [new Uint8Array(0), ...buffers].map(constFromBytes), sink)
  return sink.bytes()
}
const good = model({ tensors: [tensor('x'), tensor('y'), tensor('w', [4], 1)] }, {}, [new Uint8Array(16).fill(7)])
/** The file with u32 values written over words. */
const words = (...writes: readonly (readonly [at: number, value: number])[]): Uint8Array => {
  const out = good.slice()
  const view = new DataView(out.buffer)
  for (const [at, value] of writes) view.setUint32(at, value, true)
  return out
}
const root = new DataView(good.buffer).getUint32(0, true)
/** Positions of the words that are vector lengths or offsets, found by what becomes of the file. */
const everyWord = (value: number): HostileCase[] =>
  Array.from({ length: Math.floor(Math.min(good.length, 400) / 4) }, (_, i) => i * 4)
    .filter((_, i) => i % 7 === 3)
    .map((at) => tflite(`word ${at} is ${value}`, anyCode, () => words([at, value])))
/** Damage at places that are not looked at one by one: read or refused. */
const anyCode = /^(wire|import|quantize)\//

const calling = (op: 'WHILE' | 'IF' | 'CALL_ONCE', type: string, value: object): Uint8Array =>
  model(
    {
      operators: [
        {
          opcodeIndex: 0,
          inputs: op === 'CALL_ONCE' ? [] : [0],
          outputs: op === 'CALL_ONCE' ? [] : [1],
          builtinOptions: { type, value } as never,
        },
      ],
    },
    { operatorCodes: [{ builtinCode: op, version: 1 }] },
  )

const cases: readonly HostileCase[] = [
  tflite('a root outside the file', 'wire/malformed', () => words([0, 0x7ffffff0])),
  tflite('a root in the header', 'wire/malformed', () => words([0, 4])),
  tflite('a vtable outside the file', 'wire/malformed', () => words([root, 0x7ffffff0])),
  tflite('a vtable that is the table', 'wire/malformed', () => words([root, 0])),
  tflite('an input of tensor 9', 'import/tflite-index-out-of-range', () => model({ inputs: [9] })),
  tflite('an output of tensor -7', 'import/tflite-index-out-of-range', () => model({ outputs: [-7] })),
  tflite('an operand of tensor 2^31', 'import/tflite-index-out-of-range', () => model({ operators: [{ ...relu, inputs: [2 ** 31 - 1] }] })),
  tflite('an operator code out of range', 'import/tflite-index-out-of-range', () => model({ operators: [{ ...relu, opcodeIndex: 5 }] })),
  tflite('a buffer out of range', 'import/tflite-index-out-of-range', () =>
    model({ tensors: [tensor('x'), tensor('y', [1, 4], 0), { ...tensor('z'), buffer: 77 }] }),
  ),
  tflite('a constant of another size', 'import/tflite-inconsistent', () =>
    model({ tensors: [tensor('x'), tensor('y'), tensor('w', [5], 1)] }, {}, [new Uint8Array(16)]),
  ),
  tflite('a negative shape', 'import/tflite-inconsistent', () => model({ tensors: [tensor('x', [1, -4]), tensor('y')] })),
  tflite('a shape of 2^62 elements', undefined, () =>
    model({ tensors: [tensor('x', [2 ** 31 - 1, 2 ** 31 - 1]), tensor('y', [2 ** 31 - 1, 2 ** 31 - 1])] }),
  ),
  tflite('a shape of rank 100,000', undefined, () => model({ tensors: [tensor('x', Array<number>(100_000).fill(1)), tensor('y')] })),
  tflite('a WHILE of itself', 'import/tflite-inconsistent', () =>
    calling('WHILE', 'WhileOptions', { condSubgraphIndex: 0, bodySubgraphIndex: 0 }),
  ),
  tflite('an IF of itself', 'import/tflite-inconsistent', () => calling('IF', 'IfOptions', { thenSubgraphIndex: 0, elseSubgraphIndex: 0 })),
  tflite('a CALL_ONCE of itself', 'import/tflite-inconsistent', () => calling('CALL_ONCE', 'CallOnceOptions', { initSubgraphIndex: 0 })),
  tflite('a WHILE of graph 9', 'import/tflite-index-out-of-range', () =>
    calling('WHILE', 'WhileOptions', { condSubgraphIndex: 9, bodySubgraphIndex: 9 }),
  ),
  tflite('operators in a circle', 'import/tflite-inconsistent', () =>
    model({
      tensors: [tensor('x'), tensor('y'), tensor('z')],
      operators: [
        { opcodeIndex: 0, inputs: [2], outputs: [1] },
        { opcodeIndex: 0, inputs: [1], outputs: [2] },
      ],
    }),
  ),
  tflite('two operators that write one tensor', 'import/tflite-inconsistent', () => model({ operators: [relu, relu] })),
  tflite('an operator that writes the input', undefined, () => model({ operators: [{ opcodeIndex: 0, inputs: [1], outputs: [0] }] })),
  tflite('an operator with a million operands', undefined, () => model({ operators: [{ ...relu, inputs: Array<number>(1e6).fill(0) }] })),
  tflite('a model without graphs', 'import/tflite-inconsistent', () => model({}, { subgraphs: [] })),
  tflite('a version that does not exist', 'import/tflite-version', () => model({}, { version: 77 })),
  tflite('tensors called __proto__', undefined, () => model({ name: '__proto__', tensors: [tensor('__proto__'), tensor('constructor')] })),
  ...[0.1, 0.5, 0.9].map((share) =>
    tflite(`a file cut at ${share * 100} %`, /^wire\//, () => good.subarray(0, Math.floor(good.length * share))),
  ),
  ...[0xffffffff, 0x7ffffff0, 0x80000000].flatMap(everyWord),
]
const pbtxt = (name: string, code: string | undefined, text: string): HostileCase => ({
  name,
  code,
  model: 'm.pbtxt',
  files: () => new Map([['m.pbtxt', new TextEncoder().encode(text)]]),
})
const frozen = readFileSync(new URL('../../fixtures/tf1/graph/frozen.pbtxt', import.meta.url), 'utf8')

const texts: readonly HostileCase[] = [
  pbtxt(
    'text: messages 100,000 deep',
    'wire/limit-exceeded',
    `node { name: "x" op: "Const" attr { key: "value" value { ${'list { func { attr { value { '.repeat(100_000)}`,
  ),
  pbtxt('text: unknown messages 100,000 deep', 'wire/limit-exceeded', `node { name: "x" ${'a { '.repeat(100_000)}`),
  pbtxt('text: a string without an end', 'wire/truncated', 'node { name: "x'),
  pbtxt('text: a list without an end', 'wire/truncated', `node { name: "x" op: "NoOp" input: [${'"a",'.repeat(10)}`),
  pbtxt('text: an input a million times', 'wire/limit-exceeded', `node { name: "x" op: "AddN" input: [${'"x",'.repeat(1e6)}"x"] }`),
  pbtxt(
    'text: a number of a million digits',
    'import/no-outputs',
    `node { name: "x" op: "Const" attr { key: "a" value { i: ${'9'.repeat(1e6)} } } }`,
  ),
  pbtxt('text: a million escapes', 'import/no-outputs', `node { name: "${'\\377'.repeat(1e6)}" op: "NoOp" }`),
  pbtxt('text: a comment without an end', 'wire/truncated', `node { # ${'x'.repeat(1e6)}`),
  pbtxt('text: a shape of -5 and 2^62', 'lower/bad-port', frozen.replace(/size: \d+/, `size: ${2 ** 62}`)),
  ...[0.2, 0.5, 0.9].map((share) =>
    pbtxt(`text: cut at ${share * 100} %`, 'wire/truncated', frozen.slice(0, Math.floor(frozen.length * share))),
  ),
]

testCases([...cases, ...texts])

function tflite(name: string, code: HostileCase['code'], bytes: () => Uint8Array): HostileCase {
  return { name, code, model: 'm.tflite', words: ['-o', 'OUT', '--quantize', 'float16'], files: () => new Map([['m.tflite', bytes()]]) }
}
