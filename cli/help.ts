import { commonOptions, isLong, type OptionSpec, valueName } from './options.ts'
import type { Verb } from './verb.ts'

/** `downcast --help` */
export function generalHelp(version: string, verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((v) => synopsis(v).length))
  return [
    `downcast ${version}: from a trained TensorFlow-family model to a small, checked LiteRT (.tflite) model.`,
    '',
    'Usage: downcast VERB ...',
    '',
    ...verbs.map((v) => `  ${synopsis(v).padEnd(width)}  ${v.summary}`),
    '',
    'downcast VERB --help shows the options of a verb; --version prints the version.',
    'Exit codes: 0 done, 1 the model or the data is at fault, 2 the command is, 70 downcast itself.',
  ].join('\n')
}

function synopsis(verb: Verb): string {
  return [verb.name, ...verb.arguments.map(argumentName)].join(' ')
}

function argumentName({ name, isOptional, isVariadic }: Verb['arguments'][number]): string {
  const dots = isVariadic === true ? '...' : ''
  return isOptional === true ? `[${name}${dots}]` : `${name}${dots}`
}

/** `downcast VERB --help` */
export function verbHelp(verb: Verb): string {
  const options = Object.entries<OptionSpec>({ ...verb.options, ...commonOptions })
  const required = options.filter(([, o]) => o.kind === 'text' && o.required === true).map(([name, o]) => flagOf(name, o))
  const lines = [
    `Usage: downcast ${[synopsis(verb), ...required].join(' ')} [options]`,
    '',
    `${capitalize(verb.summary)}.`,
    '',
    ...table(verb.arguments.map((a) => [argumentName(a), a.help])),
  ]
  for (const group of new Set(options.map(([, o]) => o.group ?? 'Options'))) {
    const rows = options.filter(([, o]) => (o.group ?? 'Options') === group)
    lines.push('', `${group}:`, ...table(rows.map(([name, o]) => [flags(name, o), describe(o)])))
  }
  if (verb.examples.length > 0) lines.push('', 'Examples:', ...verb.examples.map((e) => `  downcast ${e}`))
  return lines.join('\n')
}

function flags(name: string, spec: OptionSpec): string {
  const value = valueName(spec)
  return `${spec.short ? `-${spec.short}, ` : '    '}--${name}${value === undefined ? '' : ` ${value}`}`
}

function flagOf(name: string, spec: OptionSpec): string {
  return `${spec.short ? `-${spec.short}` : `--${name}`} ${valueName(spec) ?? ''}`.trimEnd()
}

function describe(spec: OptionSpec): string {
  const notes = [
    spec.kind === 'choice' && isLong(spec) ? `one of ${spec.choices.join(', ')}` : '',
    spec.kind === 'texts' ? 'repeatable' : '',
    (spec.kind === 'choice' || spec.kind === 'number') && spec.default !== undefined ? `default ${spec.default}` : '',
  ].filter((n) => n !== '')
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join(', ')})`
}

const indentWidth = 34
const lineWidth = 100

/** Two columns; a long left cell takes a line of its own, a long right one goes on below itself. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  return rows.map(([left, right]) => {
    const lines = wrap(right, lineWidth - indentWidth).join(`\n${' '.repeat(indentWidth)}`)
    return left.length <= indentWidth - 4 ? `  ${left.padEnd(indentWidth - 2)}${lines}` : `  ${left}\n${' '.repeat(indentWidth)}${lines}`
  })
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
