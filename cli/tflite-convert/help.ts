import { table } from '../help.ts'
import { flagNames, flagOf } from './flags.ts'

const groups = { both: 'Flags', v1: 'Flags of TensorFlow 1', v2: 'Flags of TensorFlow 2' } as const

/** `downcast tflite_convert --help` */
export function tfliteConvertHelp(examples: readonly string[]): string {
  const lines = [
    'Usage: downcast tflite_convert --output_file FILE [flags] [-- options of downcast convert]',
    '',
    "TensorFlow's command of that name, with its flags of TensorFlow 1 and 2. A name may be cut short while it is clear.",
  ]
  for (const of of ['both', 'v1', 'v2'] as const) {
    const rows = flagNames.filter((n) => flagOf(n).of === of).map((n) => [`--${n} ${valueText(n)}`.trimEnd(), flagOf(n).help] as const)
    lines.push('', `${groups[of]}:`, ...table(rows))
  }
  lines.push('', 'Examples:', ...examples.map((e) => `  downcast ${e}`))
  return [...lines, '', '--json, -q, --debug and -h are those of every verb.'].join('\n')
}

function valueText(name: (typeof flagNames)[number]): string {
  const { kind, value, choices } = flagOf(name)
  return kind === 'boolean' ? '[true|false]' : (choices?.join('|') ?? value ?? '')
}
