import { formatReal, formatTensorShape, printable } from '../../src/inspect/notation.ts'
import { textTable } from '../../src/inspect/text-table.ts'
import type { SampleSummary } from '../../src/run/sample-results.ts'

const maxName = 44
const maxClassName = 20

/** One line a sample with its best classes, or one line an output with the range of its values. */
export function runText(samples: readonly SampleSummary[]): string {
  const hasClasses = samples.some((s) => s.top)
  const rows = samples.flatMap((s) => {
    const [name, label] = [printable(s.name, maxName), s.label === null ? '' : printable(s.label, maxClassName)]
    if (s.top) {
      const isRight = s.label !== null && s.top[0]?.label === s.label
      const answers = s.top.map((r) => `${printable(r.label ?? '', maxClassName)} ${r.score.toFixed(3)}`)
      return [[name, label, s.label === null ? '' : isRight ? 'right' : 'wrong', answers.join('  ')]]
    }
    return s.outputs.map((o) => {
      const range = `${formatReal(o.min)} to ${formatReal(o.max)}, mean ${formatReal(o.mean)}`
      return [name, label, '', `${printable(o.name, maxName)} ${formatTensorShape(o.shape)}  ${range}`]
    })
  })
  return textTable(
    [{ title: 'sample' }, { title: 'label' }, { title: '' }, { title: hasClasses ? 'best classes' : 'outputs' }],
    rows,
    '',
  ).join('\n')
}
