import { createInterface } from 'node:readline'
import { runInProcess } from '../cli/run-cli.ts'
import type { CaseResult } from './run.ts'

/* Runs each command line that comes in, a JSON array a line, and tells the result in a line. */

for await (const line of createInterface(process.stdin)) {
  const { code: exit, out, err } = await runInProcess(...(JSON.parse(line) as string[]))
  const result: CaseResult = { exit, out, err, peakBytes: process.resourceUsage().maxRSS * 1024 }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
process.exit(0)
