/**
 * Lists the cases of an oracle folder (`ops` or `models`, as `oracle/README.md` describes) that become more ops here than in
 * TensorFlow's own `.tflite`, worst first.  Usage: tsx scripts/more-ops.ts FOLDER [PART-OF-NAME]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openModel } from '../cli/read-source.ts'
import { convert } from '../src/convert.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import type { Model } from '../src/ir/types.ts'
import { findSpec } from '../src/ops/index.ts'

interface Case {
  readonly name: string
  /** Op histogram of TensorFlow's float file; absent where its converter fails. */
  readonly tflite_ops?: Readonly<Record<string, number>>
}

const [folder, part = ''] = process.argv.slice(2)
if (!folder) throw new Error('usage: tsx scripts/more-ops.ts FOLDER [PART-OF-NAME]')
const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { cases: readonly Case[] }

const found: { name: string; ours: number; theirs: number; difference: string }[] = []
const totals = { ours: 0, theirs: 0, compared: 0, notConverted: 0 }
for (const { name, tflite_ops: theirs } of cases) {
  if (!theirs || !name.includes(part)) continue
  const ours = await histogramOf(join(folder, name))
  if (!ours) {
    totals.notConverted++
    continue
  }
  const count = { name, ours: sum(ours), theirs: sum(theirs), difference: difference(ours, theirs) }
  totals.compared++
  totals.ours += count.ours
  totals.theirs += count.theirs
  if (count.ours > count.theirs) found.push(count)
}
for (const f of found.sort((a, b) => b.ours - b.theirs - (a.ours - a.theirs)))
  process.stdout.write(`${f.name}: ${f.ours} ops, TensorFlow ${f.theirs}: ${f.difference}\n`)
const { compared, notConverted, ours, theirs } = totals
process.stdout.write(
  `${found.length} of ${compared} cases have more ops (${notConverted} are not converted); ${ours} ops in all, TensorFlow ${theirs}\n`,
)

async function histogramOf(path: string): Promise<Record<string, number> | undefined> {
  try {
    const source = await openModel(path, {})
    try {
      return histogram(convert(source.model).model)
    } finally {
      source.close()
    }
  } catch (e) {
    if (e instanceof DowncastError) return undefined
    throw e
  }
}

function histogram({ graphs }: Model): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { op } of graphs.flatMap((g) => g.nodes)) {
    const name = findSpec(op)?.builtin ?? 'CUSTOM'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0)
}

/** `+2 MUL -1 ADD`: what we have beyond TensorFlow, and what it has beyond us. */
function difference(ours: Readonly<Record<string, number>>, theirs: Readonly<Record<string, number>>): string {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .map((op) => [op, (ours[op] ?? 0) - (theirs[op] ?? 0)] as const)
    .filter(([, n]) => n !== 0)
    .sort((a, b) => b[1] - a[1])
    .map(([op, n]) => `${n > 0 ? '+' : ''}${n} ${op}`)
    .join(' ')
}
