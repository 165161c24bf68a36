import { knownOps } from '../../src/lower/known-ops.ts'
import { matrixCell, matrixColumns, quantizeMatrix } from '../../src/quantize/matrix.ts'
import { textTable } from '../text.ts'
import type { Command } from '../verb.ts'
import type { opsOptions } from '../verbs/ops.ts'

const statusText = { supported: 'yes', flex: 'needs Flex', unsupported: 'no' } as const

export const opsCommand: Command<typeof opsOptions> = ({ args: [pattern], options }) => {
  const matches = nameMatcher(pattern)
  return Promise.resolve(options.quantize ? quantized(matches, pattern) : known(matches, pattern))
}

function known(matches: (name: string) => boolean, pattern: string | undefined) {
  const ops = knownOps().filter((o) => matches(o.op))
  const rows = ops.map((o) => [o.op, o.dialect, o.priority, statusText[o.status], o.becomes.join(', '), o.instead ?? o.types.join(' ')])
  const text = () =>
    ops.length === 0
      ? `no op is called ${pattern}`
      : textTable([['op', 'of', 'priority', 'supported', 'becomes', 'types, or what to do instead'], ...rows]).join('\n')
  return { json: { ops }, text, isResult: true }
}

function quantized(matches: (name: string) => boolean, pattern: string | undefined) {
  const rows = quantizeMatrix().filter((r) => matches(r.op))
  const cells = rows.map((row) => [row.op, ...matrixColumns.map((column) => matrixCell(row, column))])
  const ops = rows.map(({ op, forms }) => ({ op, forms: forms.map(({ column, label, bits }) => ({ column, label, bits })) }))
  const text = () =>
    rows.length === 0
      ? `no op that can be quantized is called ${pattern}`
      : [
          ...textTable([['op', ...matrixColumns], ...cells]),
          '',
          'Numbers are bits of the weights. In dynamic, blocks and weight-only activations are float; blocks of 8 bits are for the weight-only modes. In float16 the constants of every op are halves.',
        ].join('\n')
  return { json: { ops }, text, isResult: true }
}

/** Case does not count. */
function nameMatcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true
  const parts = pattern.toLowerCase().split('*')
  if (parts.length === 1) return (name) => name.toLowerCase().includes(parts[0]!)
  const literal = parts.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const regex = new RegExp(`^${literal.join('.*')}$`)
  return (name) => regex.test(name.toLowerCase())
}
