/** The process's streams as a command sees them; tests give their own. */
export interface Terminal {
  /** Where results go. */
  out(text: string): void
  /** Where progress and diagnostics go. */
  err(text: string): void
  /** Whether `out` is a screen that shows colors. */
  readonly outStyle: Style
  readonly errStyle: Style
  /** Draws a bar while work is long and somebody looks; `finish` removes it. */
  progress(label: string): Progress
}

export interface Progress {
  /** `total` may be unknown. Cheap to call often. */
  update(done: number, total: number | undefined): void
  finish(): void
}

export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
}

const plain: Style = { bold: same, dim: same, red: same, yellow: same, green: same }
const ansi: Style = { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), yellow: sgr(33, 39), green: sgr(32, 39) }

function same(text: string): string {
  return text
}

function sgr(on: number, off: number): (text: string) => string {
  return (text) => `\u001b[${on}m${text}\u001b[${off}m`
}

/** Colors on a screen only, and never with NO_COLOR. @see https://no-color.org */
export function styleFor(isTty: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  const isOff = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  return isTty && !isOff && env.TERM !== 'dumb' ? ansi : plain
}

/** Work shorter than this shows no bar. */
const patienceMs = 500
const redrawMs = 80
const barWidth = 24

/** A bar on one line that is redrawn in place. `write` is undefined where nobody looks: then nothing is drawn. */
export function progressBar(
  label: string,
  write: ((text: string) => void) | undefined,
  now: () => number = () => performance.now(),
): Progress {
  const begin = now()
  let drawnAt = begin + patienceMs - redrawMs
  let isDrawn = false
  return {
    update(done, total) {
      if (!write || now() - drawnAt < redrawMs) return
      drawnAt = now()
      isDrawn = true
      const left = total === undefined ? '' : timeLeft(done, total, now() - begin)
      write(`\r\u001b[K${label} ${total === undefined ? String(done) : bar(done, total)}${left}`)
    },
    finish() {
      if (isDrawn) write?.('\r\u001b[K')
      isDrawn = false
    },
  }
}

/** Work shorter than this says nothing of the time it takes yet. */
const estimateMs = 3000

/** At the pace so far. */
function timeLeft(done: number, total: number, passedMs: number): string {
  if (done <= 0 || passedMs < estimateMs) return ''
  const seconds = Math.ceil((passedMs * (total - done)) / done / 1000)
  return seconds < 60 ? ` ${seconds} s left` : ` ${Math.ceil(seconds / 60)} min left`
}

function bar(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1
  const filled = Math.round(share * barWidth)
  return `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)} ${Math.floor(share * 100)}% ${done}/${total}`
}
