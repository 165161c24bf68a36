/**
 * tsx scripts/ops.ts: writes docs/ops.md and src/lower/tf/op-table.ts, from the lowerings themselves: they are run on the recorded cases
 * of fixtures/oracle, and once more for each element type. A test keeps both up to date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { constFromBytes, memorySource } from '../src/core/bytes.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import { byteLengthOf, type DType, dtypes } from '../src/core/dtype.ts'
import { elementCount } from '../src/core/shape.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import type { SourceModel, SourceNode } from '../src/import/source-graph.ts'
import { GraphEditor } from '../src/ir/graph.ts'
import type { Value } from '../src/ir/types.ts'
import { lowerSource } from '../src/lower/index.ts'
import { keras } from '../src/lower/keras/index.ts'
import { refused } from '../src/lower/keras/operations/refused.ts'
import type { NodeOutcome } from '../src/lower/outcome.ts'
import { loneContext, SourceOp } from '../src/lower/source-op.ts'
import { tensorflow } from '../src/lower/tf/index.ts'
import { factsOf, opsWithFacts } from '../src/lower/tf/op-status.ts'
import { BodyTable } from '../src/ops/bodies.ts'
import { OpBuilder } from '../src/ops/build.ts'
import { findSpec } from '../src/ops/index.ts'
import { matrixCell, matrixColumns, quantizeMatrix } from '../src/quantize/matrix.ts'
import { openZip } from '../src/wire/zip.ts'

const root = path.resolve(import.meta.dirname, '..')

interface Evidence {
  /** LiteRT operators, by how many nodes became them. */
  readonly becomes: Map<string, number>
  readonly types: Set<DType>
  /** P0 needed by common Keras models, P1, P2; the best of the cases. */
  priority: string
  /** Nodes as they were met, to be tried again with other types. */
  readonly samples: { readonly node: SourceNode; readonly operands: readonly Value[] }[]
}

/** What the recorded cases tell of each op. */
async function recordedOps(): Promise<Map<string, Evidence>> {
  const evidence = new Map<string, Evidence>()
  for (const archive of ['ops.zip', 'more-ops.zip', 'variables.zip', 'stateful.zip', 'attributes.zip', 'tf1.zip', 'stablehlo.zip'])
    await learnFrom(archive, evidence)
  return evidence
}

async function learnFrom(archiveName: string, evidence: Map<string, Evidence>): Promise<void> {
  const file = readFileSync(path.join(root, 'fixtures/oracle', archiveName))
  const archive = openZip(memorySource(archiveName, new Uint8Array(file)))
  const bytesOf = (name: string) => {
    const source = archive.open(archive.entries.get(name)!)
    return source.read(0, source.byteLength)
  }
  const cases = JSON.parse(new TextDecoder().decode(bytesOf('index.json'))) as readonly { name: string; priority?: string }[]
  for (const { name, priority = 'P2' } of cases) {
    const files = [...archive.entries.keys()].filter((f) => f.startsWith(`${name}/`) && !f.endsWith('io.npz'))
    const folder = memoryFolder(name, new Map(files.map((f) => [f.slice(name.length + 1), bytesOf(f)])))
    await observe({ folder }, (outcome) => learn(evidence, outcome, priority))
  }
}

function fresh(): Evidence {
  return { becomes: new Map(), types: new Set(), priority: '', samples: [] }
}

/** Lowers a model and tells of each node; a model that cannot be lowered tells what it can. */
async function observe(location: Parameters<typeof readModel>[0], onNode: (outcome: NodeOutcome) => void): Promise<void> {
  let source: SourceModel
  try {
    source = await readModel(location)
    lowerSource(source, { onNode })
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
  }
}

/** Nodes of an op that are tried with other element types. */
const maxSamples = 3

function learn(evidence: Map<string, Evidence>, { node, operands, status, made }: NodeOutcome, priority: string): void {
  if (node.value) return
  const e = evidence.get(node.op) ?? fresh()
  evidence.set(node.op, e)
  if (e.priority === '' || priority < e.priority) e.priority = priority
  if (status !== 'lowered' || !operands) return
  count(e, made)
  if (e.samples.length < maxSamples) e.samples.push({ node, operands })
  const varied = variedType(node, operands)
  if (varied !== undefined) e.types.add(varied)
}

function count({ becomes }: Evidence, made: readonly string[]): void {
  for (const op of new Set(made)) {
    const name = findSpec(op)?.builtin ?? 'formula'
    becomes.set(name, (becomes.get(name) ?? 0) + 1)
  }
}

/** Runs the lowering of `op` on the samples with every element type. */
function tryTypes(op: string, e: Evidence): void {
  for (const { node, operands } of e.samples) {
    const varied = variedType(node, operands)
    if (varied === undefined) continue
    for (const dtype of dtypes) if (!e.types.has(dtype) && lowered(op, node, operands, varied, dtype)) e.types.add(dtype)
  }
}

/** An op without a case of its own is tried on those of another version: `BatchMatMul` on `BatchMatMulV2`. */
function borrow(op: string, evidence: ReadonlyMap<string, Evidence>): Evidence {
  const e = fresh()
  const base = (name: string) => name.replace(/V\d+$/, '')
  for (const [other, { samples }] of evidence) {
    if (base(other) !== base(op)) continue
    for (const { node, operands } of samples) {
      const varied = variedType(node, operands)
      const made = varied === undefined ? undefined : lowered(op, node, operands, varied, varied)
      if (!made) continue
      count(e, made)
      e.samples.push({ node, operands })
    }
  }
  return e
}

/** The element type that the op is about: its attribute T, else that of its first operand. */
function variedType(node: SourceNode, operands: readonly Value[]): DType | undefined {
  const t = node.attrs.get('T')
  return (t?.kind === 'type' ? t.value : undefined) ?? operands[0]?.type.dtype
}

/** IR names of what the lowering of `op` makes of the node when operands of type `from` are of type `to`; undefined when it refuses. */
function lowered(op: string, node: SourceNode, operands: readonly Value[], from: DType, to: DType): readonly string[] | undefined {
  const b = new OpBuilder(new GraphEditor('probe'), { bodies: new BodyTable(1) })
  const values = operands.map((v) => {
    const dtype = v.type.dtype === from ? to : v.type.dtype
    if (!v.data) return b.graph.addInput(v.name, { ...v.type, dtype })
    if (dtype === v.type.dtype) return b.const(v.name, dtype, v.type.shape, v.data)
    const count = elementCount(v.type.shape) ?? 0
    return to === 'string'
      ? b.graph.addInput(v.name, { ...v.type, dtype })
      : b.const(v.name, dtype, v.type.shape, constFromBytes(new Uint8Array(byteLengthOf(dtype, count))))
  })
  try {
    tensorflow[op]!(new SourceOp({ ...node, op }, values, loneContext()), b)
    return [...b.graph.nodes()].map((n) => n.op)
  } catch (e) {
    if (e instanceof DowncastError) return undefined
    throw e
  }
}

export interface OpRow {
  readonly op: string
  readonly priority: string
  readonly becomes: readonly string[]
  readonly types: readonly DType[]
}

let rows: Promise<readonly OpRow[]> | undefined

/** A row for every op that has a lowering or of which something is known. */
export function opRows(): Promise<readonly OpRow[]> {
  rows ??= makeRows()
  return rows
}

async function makeRows(): Promise<readonly OpRow[]> {
  const evidence = await recordedOps()
  const names = new Set([...Object.keys(tensorflow), ...opsWithFacts(), ...evidence.keys()])
  for (const op of ['Placeholder', 'Const', 'NoOp']) names.delete(op)
  return [...names].sort().map((op) => {
    const isLowered = tensorflow[op] !== undefined
    const known = evidence.get(op)
    const e = isLowered && !known?.samples.length ? borrow(op, evidence) : (known ?? fresh())
    if (isLowered) tryTypes(op, e)
    const becomes = [...e.becomes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name)
    return { op, priority: known?.priority ?? '', becomes, types: dtypes.filter((d) => e.types.has(d)) }
  })
}

/** Classes of Keras layers with the operators they become in the Keras files of the fixtures. */
async function kerasRows(): Promise<readonly { readonly layer: string; readonly becomes: readonly string[] }[]> {
  const becomes = new Map<string, Set<string>>()
  const folder = path.join(root, 'fixtures/keras')
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(h5|keras)$/.test(name)) continue
    const file = memorySource(name, new Uint8Array(readFileSync(path.join(folder, name))))
    await observe({ file }, ({ node, made, status }) => {
      if (status !== 'lowered') return
      const ops = becomes.get(node.op) ?? new Set<string>()
      becomes.set(node.op, ops)
      for (const op of made) ops.add(findSpec(op)?.builtin ?? 'formula')
    })
  }
  return Object.keys(keras)
    .filter((layer) => !Object.hasOwn(refused, layer.replace('keras.ops.', '')) || !layer.startsWith('keras.ops.'))
    .sort()
    .map((layer) => ({ layer, becomes: [...(becomes.get(layer) ?? [])].sort() }))
}

const statusText = { supported: 'yes', flex: 'needs Flex', unsupported: 'no' } as const

export async function opsPage(): Promise<string> {
  const rows = await opRows()
  const layers = await kerasRows()
  const supported = rows.filter((r) => factsOf(r.op, tensorflow).status === 'supported')
  const lines = rows.map(({ op, priority, becomes, types }) => {
    const { status, instead } = factsOf(op, tensorflow)
    return `| \`${op}\` | ${priority} | ${statusText[status]} | ${becomes.join(', ')} | ${types.join(' ')} | ${instead ?? ''} |`
  })
  return `# Ops

Made by \`scripts/ops.ts\` from the lowerings and the op records; not edited by hand. \`downcast ops\` prints it, \`downcast coverage MODEL\` says it of one model.

## TensorFlow

${supported.length} of ${rows.length} are supported. *Becomes* is what recorded cases became before optimization, most frequent first; a
formula is several operators that the optimizer chooses; nothing where an op only passes values on, is folded, is another one when it is lowered, or has no recorded case. *Types* are
the element types for which the lowering was tried and worked. P0 ops are those of common Keras models, then P1, P2. An op that needs Flex can be
kept with \`--allow-flex\`, any with \`--allow-custom\`.

| op | priority | supported | becomes | types | instead |
|---|---|---|---|---|---|
${lines.join('\n')}

## Keras layers

Layers of Keras files (\`.h5\`, \`.keras\`), of Keras 2 and 3, and operations of \`keras.ops\`; others are refused by name.

| layer | becomes |
|---|---|
${layers.map(({ layer, becomes }) => `| \`${layer}\` | ${becomes.join(', ')} |`).join('\n')}

${quantizationSection()}`
}

/** The matrix of `downcast ops --quantize`, and where a runtime has no kernel. */
function quantizationSection(): string {
  const rows = quantizeMatrix().map((row) => `| ${row.op} | ${matrixColumns.map((column) => matrixCell(row, column)).join(' | ')} |`)
  const lacking = JSON.parse(readFileSync(path.join(root, 'test/matrix-expected-failures.json'), 'utf8')) as Record<string, string>
  const cellsOf = new Map<string, string[]>()
  for (const [cell, reason] of Object.entries(lacking)) cellsOf.set(reason, [...(cellsOf.get(reason) ?? []), cell])
  return `## Quantization

Which LiteRT operators can be quantized, and how many bits their weights then have; \`downcast ops --quantize\` prints it. \`yes\` is an operator
without weights; one that is not listed stays float. In *dynamic*, *blocks* and *weight-only* activations stay float; *weight-only* may also be
asymmetric, and all but *blocks* have one scale for a tensor instead of one for a channel on demand. Blocks of 4 and 2 bits are taken as
they are, those of 8 bits, and of 4 on demand, lie behind a DEQUANTIZE (the weight-only modes with --block-size). In \`float16\` the constants of every
operator are halves. A test quantizes a model of each operator in each of these ways and runs it in LiteRT.js.

| op | ${matrixColumns.join(' | ')} |
|---|${matrixColumns.map(() => '---|').join('')}
${rows.join('\n')}

These do not run in LiteRT.js:

${[...cellsOf].map(([reason, cells]) => `- ${cells.join('; ')}: ${reason}.`).join('\n')}
`
}

export async function opTableSource(): Promise<string> {
  const rows = (await opRows()).map(({ op, priority, becomes, types }) => `${op};${priority};${becomes.join(' ')};${types.join(' ')}`)
  return `/** Made by scripts/ops.ts: TensorFlow op, priority, LiteRT operators that recorded cases became, element types that were tried and worked. */
export const opTable = \`
${rows.join('\n')}
\`
`
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of [
    ['docs/ops.md', await opsPage()],
    ['src/lower/tf/op-table.ts', await opTableSource()],
  ] as const) {
    writeFileSync(path.join(root, file), text)
    process.stdout.write(`wrote ${file}\n`)
  }
}
