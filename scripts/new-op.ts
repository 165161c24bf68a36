/** npm run new-op -- <builtin name> [family]: a record, a kernel and a test for one more TFLite op. Types and tests are red until the TODOs are done. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findSpec } from '../src/ops/index.ts'
import { builtinOperator } from '../src/schema/tflite/builtin-operator.ts'
import { builtinOptions, builtinOptions2 } from '../src/schema/tflite/builtin-options.ts'
import { tensorType } from '../src/schema/tflite/enums.ts'
import type { FieldLayout, Table } from '../src/wire/flatbuffers/schema.ts'

export interface NewFile {
  readonly path: string
  readonly text: string
}

/** What the scaffold writes. `name` is a builtin in lower case, `family` a folder of `src/ops`. Throws when there is no such builtin. */
export function scaffold(name: string, family: string, read: (path: string) => string): NewFile[] {
  const builtin = name.toUpperCase()
  if (!(builtin in builtinOperator.codes)) throw new Error(`The schema has no builtin op ${builtin}.`)
  const constant = name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase())
  const file = `src/ops/${family}/${name.replaceAll('_', '-')}`
  const from = `./${family}/${name.replaceAll('_', '-')}`
  return [
    { path: `${file}.ts`, text: recordText(name, constant, builtin) },
    { path: `${file}.kernel.ts`, text: kernelText(constant) },
    { path: `${file}.test.ts`, text: testText(name, constant) },
    {
      path: 'src/ops/index.ts',
      text: registered(read('src/ops/index.ts'), `import { ${constant} } from '${from}.ts'`, `  ${constant},\n}\n\n/** Names`),
    },
    {
      path: 'src/ops/kernels.ts',
      text: registered(
        read('src/ops/kernels.ts'),
        `import { ${constant} } from '${from}.kernel.ts'`,
        `  ${name === constant ? name : `${name}: ${constant}`},\n} satisfies`,
      ),
    },
  ]
}

/** The table with one import and one entry more; `entry` ends with the text before which it goes. */
function registered(text: string, importLine: string, entry: string): string {
  const [line, ...rest] = entry.split('\n')
  const end = rest.join('\n')
  if (!text.includes(end)) throw new Error(`There is no place to register the op before "${end}".`)
  return `${importLine}\n${text.replace(end, `${line}\n${end}`)}`
}

/** The options table whose name is the builtin's, letter case aside. */
function optionsTable(name: string): Table | undefined {
  const wanted = `${name.replaceAll('_', '')}options`
  return [...builtinOptions.memberList, ...builtinOptions2.memberList].find(([table]) => table.toLowerCase() === wanted)?.[1]
}

function attrText(field: string, layout: FieldLayout): string {
  if (field === 'fusedActivationFunction') return 'fusedActivation: attr.activation()'
  if (field === 'padding') return 'padding: attr.padding()'
  const quoted = `'${field}'`
  switch (layout.kind) {
    case 'scalar':
      return `${field}: attr.${layout.scalar === 'i32' || layout.scalar === 'i64' || layout.scalar === 'f32' || layout.scalar === 'bool' ? layout.scalar : 'TODO'}(${quoted})`
    case 'enum':
      return layout.enumeration === (tensorType as unknown)
        ? `${field}: attr.dtype(${quoted})`
        : `${field}: attr.oneOf(${quoted}, [${Object.keys(layout.enumeration.codes)
            .map((n) => `'${n.toLowerCase()}'`)
            .join(', ')}], TODO)`
    case 'vector':
      return `${field}: attr.${layout.scalar === 'i32' ? 'i32s' : layout.scalar === 'f32' ? 'f32s' : 'bytes'}(${quoted})`
    case 'string':
      return `${field}: attr.string(${quoted})`
    default:
      return `${field}: TODO`
  }
}

function recordText(name: string, constant: string, builtin: string): string {
  const table = optionsTable(name)
  const attrs = (table?.fieldList ?? []).map(([field, layout]) => `    ${attrText(field, layout)},\n`).join('')
  return `import { attr, defineOp, operand } from '../spec.ts'

/** TODO: the contract: what it computes, the layout of its operands. */
export const ${constant} = defineOp({
  name: '${name}',
  builtin: '${builtin}',
  summary: TODO,
  operands: [operand('input', TODO)],
  attrs: {${attrs && `\n${attrs}  `}},
${table ? `  options: '${table.name}',\n` : ''}  infer(n) {
    const { shape, dtype } = n.type('input')
    return [TODO]
  },
  // TODO quant: how it behaves under quantization; nothing when it has a scale of its own.
  version: () => TODO, // LiteRT tools/versioning/op_version.cc
  releases: { 1: TODO }, // LiteRT tools/versioning/runtime_version.cc
  accuracy: TODO,
})
`
}

function kernelText(constant: string): string {
  return `import { arrayOf, numbersOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** TODO: where it rounds. @see LiteRT kernels/internal/reference */
export const ${constant}: Kernel = (context) => {
  const x = operandAt(context, 0)
  return [TODO]
}
`
}

function testText(name: string, constant: string): string {
  return `import { expect, test } from 'vitest'
import { GraphEditor } from '../../ir/graph.ts'
import { OpBuilder } from '../build.ts'
import { ${constant} } from './${name.replaceAll('_', '-')}.ts'

// What LiteRT computes is recorded: add cases for ${name.toUpperCase()} to fixtures/ops-golden/make.py and run it.
test('the types of its results follow from its operands', () => {
  const b = new OpBuilder(new GraphEditor('g'))
  const x = b.graph.addInput('x', { dtype: 'f32', shape: ['N', 4] })
  expect(b.op(${constant}, [x]).type).toEqual(TODO)
})

test('operands that do not fit are refused', () => {
  TODO
})
`
}

/** Writes the scaffold into the checkout; returns why it could not. */
function main(name: string | undefined, family: string): string | undefined {
  const root = path.resolve(import.meta.dirname, '..')
  if (!name || !/^[a-z0-9_]+$/.test(name)) return 'usage: npm run new-op -- <builtin name in lower case> [folder of src/ops]'
  if (findSpec(name)) return `${name} has a record already.`
  if (!existsSync(path.join(root, 'src/ops', family))) return `There is no folder src/ops/${family}.`
  let files: NewFile[]
  try {
    files = scaffold(name, family, (file) => readFileSync(path.join(root, file), 'utf8'))
  } catch (e) {
    return (e as Error).message
  }
  for (const f of files) {
    writeFileSync(path.join(root, f.path), f.text)
    process.stdout.write(`${f.path}\n`)
  }
  process.stdout.write(
    'Do the TODOs, record cases with fixtures/ops-golden/make.py, then: npm run types, npm run format, npm test -- src/ops\n',
  )
  return undefined
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = main(process.argv[2], process.argv[3] ?? 'shape')
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`)
    process.exitCode = 1
  }
}
