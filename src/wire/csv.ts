import { malformed } from './diagnostics.ts'

/**
 * The fields of one line of comma-separated values: blanks around a field are dropped, a field in double quotes may hold the separator,
 * and two quotes stand for one. A field does not go over lines. `where` names the line in errors. Throws `wire/malformed`.
 * @see RFC 4180 section 2
 */
export function csvFields(line: string, separator: string, where: { readonly file: string; readonly line: () => number }): string[] {
  const fields: string[] = []
  for (let at = 0; ; ) {
    while (line[at] === ' ') at++
    let field = ''
    if (line[at] === '"') {
      for (at++; ; ) {
        const end = line.indexOf('"', at)
        if (end < 0) {
          throw malformed({
            file: where.file,
            lineColumn: `${where.line()}:${at + 1}`,
            what: 'CSV',
            expected: 'a closing quote on the line',
          })
        }
        field += line.slice(at, end)
        at = end + 1
        if (line[at] !== '"') break
        field += '"'
        at++
      }
      while (line[at] === ' ') at++
      if (at < line.length && line[at] !== separator) {
        throw malformed({
          file: where.file,
          lineColumn: `${where.line()}:${at + 1}`,
          what: 'CSV',
          expected: `${JSON.stringify(separator)} after a field in quotes`,
          actual: JSON.stringify(line[at]),
        })
      }
    } else {
      const end = line.indexOf(separator, at)
      field = line.slice(at, end < 0 ? undefined : end).trim()
      at = end < 0 ? line.length : end
    }
    fields.push(field)
    if (at >= line.length) return fields
    at++
    if (at === line.length) return [...fields, '']
  }
}
