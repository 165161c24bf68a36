/** Orders release numbers such as `1.14.0` and `2.3.0`. */
export function compareReleases(a: string, b: string): number {
  const x = a.split('.').map(Number)
  const y = b.split('.').map(Number)
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const d = (x[i] ?? 0) - (y[i] ?? 0)
    if (d !== 0) return d
  }
  return 0
}

/** The latest of several releases; empty when there are none, as TensorFlow writes it. */
export function latestRelease(releases: Iterable<string>): string {
  let latest = ''
  for (const r of releases) if (latest === '' || compareReleases(r, latest) > 0) latest = r
  return latest
}
