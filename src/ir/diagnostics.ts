import { DowncastError } from '../core/diagnostics.ts'

/** IR text that does not follow the grammar of `ir/parse.ts`. Lines and columns count from 1. */
export function irSyntax(file: string, line: number, column: number, expected: string, found: string): DowncastError {
  return new DowncastError({
    code: 'import/ir-syntax',
    message: `${file}:${line}:${column} is not IR text: expected ${expected}, found ${found}.`,
    file,
    path: `${line}:${column}`,
    expected,
    actual: found,
  })
}
