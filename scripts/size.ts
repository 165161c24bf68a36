/** Prints the sizes of the hand-written sources against the budget: median <= 120 lines, p90 <= 300, a reason above 400. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const files = execFileSync('git', ['ls-files', 'src', 'cli'], { encoding: 'utf8' })
  .split('\n')
  .filter((f) => f.endsWith('.ts') && !/\.(test|testkit)\.ts$/.test(f))
const sizes = files.map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 })).sort((a, b) => a.lines - b.lines)
const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))]?.lines ?? 0
const folders = new Map<string, number>()
for (const { file, lines } of sizes) {
  const folder = file.split('/').slice(0, 2).join('/')
  folders.set(folder, (folders.get(folder) ?? 0) + lines)
}
process.stdout.write(`${sizes.length} files, median ${at(0.5)} lines, p90 ${at(0.9)}, total ${sizes.reduce((n, s) => n + s.lines, 0)}\n\n`)
for (const [folder, lines] of [...folders].sort((a, b) => b[1] - a[1])) process.stdout.write(`${String(lines).padStart(7)}  ${folder}\n`)
process.stdout.write('\nabove 300 lines:\n')
for (const { file, lines } of sizes.filter((s) => s.lines > 300).reverse()) process.stdout.write(`${String(lines).padStart(7)}  ${file}\n`)
