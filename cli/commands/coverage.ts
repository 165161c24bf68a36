import { type Coverage, coverage, isFine, type OpCoverage } from '../../src/lower/coverage.ts'
import { diagnosticText, exitCodes } from '../failure.ts'
import { openModel } from '../read-source.ts'
import { textTable } from '../text.ts'
import type { Command } from '../verb.ts'
import type { coverageOptions } from '../verbs/coverage.ts'
import { readOptions } from './read-options.ts'
import { parseResultTypes } from './shapes.ts'

/** Exit code 1 when something stops the conversion. */
export const coverageCommand: Command<typeof coverageOptions> = async ({ args, options, terminal }) => {
  const path = args[0]!
  const resultTypes = parseResultTypes(options['result-type'])
  const source = await openModel(path, readOptions(options))
  try {
    for (const d of source.model.diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
    const found = coverage(source.model, { allowCustom: options['allow-custom'], allowFlex: options['allow-flex'], resultTypes })
    return {
      json: { path, format: source.model.format, ...found },
      text: () => coverageText(path, found),
      isResult: true,
      exitCode: found.isConvertible ? exitCodes.ok : exitCodes.model,
    }
  } finally {
    source.close()
  }
}

/** Layers and operators that a row names. */
const named = 2
const statusText: Readonly<Record<OpCoverage['status'], string>> = {
  supported: 'yes',
  partly: 'partly',
  flex: 'needs Flex',
  unsupported: 'no',
  kept: 'kept as it is',
}

function coverageText(path: string, { nodes, ops, problems, isConvertible }: Coverage): string {
  const failing = ops.filter((o) => !isFine(o))
  const verdict = isConvertible ? 'all can be converted' : `${failing.length} cannot be converted as they are`
  const rows = ops.map((o) => [o.op, String(o.count), statusText[o.status], few(o.becomes), few(o.layers)])
  const reasons = failing.flatMap((o) => [...o.reasons, ...(o.advice === undefined ? [] : [`${o.op}: ${o.advice}`])])
  return [
    `${path}: ${ops.length} kinds of ops in ${nodes} nodes; ${verdict}`,
    ...textTable([['op', 'nodes', 'supported', 'becomes', 'layers'], ...rows], { right: [1] }),
    ...[...problems.map((p) => p.message), ...reasons].map((line) => `  ${line}`),
  ].join('\n')
}

function few(list: readonly string[]): string {
  const more = list.length - named
  return more > 0 ? `${list.slice(0, named).join(', ')} and ${more} more` : list.join(', ')
}
