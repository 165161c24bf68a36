/** `86,096` */
export function formatCount(n: number): string {
  // Not toLocaleString: its tables take longer to load than a small model to convert.
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `86,096 bytes` */
export function formatBytes(n: number): string {
  return `${formatCount(n)} bytes`
}

/** `0.12 s` */
export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

/** Rows with their columns aligned; `right` names the columns that hold numbers. Trailing spaces are cut. */
export function textTable(rows: readonly (readonly (string | undefined)[])[], options: { right?: readonly number[] } = {}): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell?.length ?? 0)
  }
  return rows.map((row) =>
    widths
      .map((width, i) => (options.right?.includes(i) ? (row[i] ?? '').padStart(width) : (row[i] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd(),
  )
}
