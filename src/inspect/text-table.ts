export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** Rows under aligned columns, two spaces apart; columns that are empty in every row are left out. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], indent = '  '): string[] {
  const shown = columns.map((_, c) => rows.some((row) => (row[c] ?? '') !== ''))
  const widths = columns.map(({ title }, c) => rows.reduce((w, row) => Math.max(w, widthOf(row[c] ?? '')), widthOf(title)))
  const line = (cells: readonly string[]) => {
    const padded = columns.flatMap(({ align }, c) => {
      if (!shown[c]) return []
      const cell = cells[c] ?? ''
      const space = ' '.repeat(widths[c]! - widthOf(cell))
      return [align === 'right' ? space + cell : cell + space]
    })
    return (indent + padded.join('  ')).trimEnd()
  }
  const head = columns.some((c) => c.title !== '') ? [line(columns.map((c) => c.title))] : []
  return [...head, ...rows.map(line)]
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return /^[\0-\x7f]*$/.test(text) ? text.length : Array.from(text).length
}
