import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'

/*
 * Runs the command line on hostile files: in a process of its own with little memory, which takes one case after the other.
 */

/** Files by path, or a function that makes them in a folder that is there. */
export type Files = ReadonlyMap<string, Uint8Array> | ((folder: string) => void)

export interface HostileCase {
  readonly name: string
  files(): Files
  /** The code of the error; undefined for a file that is strange and yet converts. A pattern: converted, or refused with such a code. */
  readonly code: string | RegExp | undefined
  /** Path of the model in the case's folder; default the folder itself. */
  readonly model?: string
  /** Words after the model; `OUT` is a path in a folder that is empty. Default `-o OUT`. */
  readonly words?: readonly string[]
  /** Default `convert`. */
  readonly verb?: string
  /** What the message must say. */
  readonly says?: RegExp
}

/** What the process says of a case, a line each. */
export interface CaseResult {
  readonly exit: number
  readonly out: string
  readonly err: string
  readonly peakBytes: number
}

/** Of the heap of JavaScript; buffers lie outside it. */
const heapMegabytes = 256
/** All memory of the process: Node with the program in it takes 200 to 300 MB, the check of a written model as much again. */
const maxPeakBytes = 900 * 2 ** 20
/** A case that takes longer hangs; the slowest take 3 s on a busy machine. */
const caseTimeoutMs = 45_000

/** Makes a test of each case, with expectations that hold for all: an exact code, exit code 1, bounded memory and nothing written. */
export function testCases(cases: readonly HostileCase[]): void {
  const child = new CommandLine()
  afterAll(() => child.stop())

  test.each(cases.map((c) => [c.name, c] as const))(
    '%s',
    async (_, c) => {
      const dir = mkdtempSync(path.join(os.tmpdir(), 'downcast-hostile-'))
      const [model, output] = [path.join(dir, 'model'), path.join(dir, 'out/out.tflite')]
      mkdirSync(path.dirname(output))
      mkdirSync(model)
      try {
        writeFiles(model, c.files())
        const before = listing(dir)
        const words = (c.words ?? ['-o', 'OUT']).map((word) => word.replace(/^OUT/, output).replace(/^MODEL/, model))
        const { exit, out, err, peakBytes } = await child.run([c.verb ?? 'convert', path.join(model, c.model ?? ''), ...words, '--json'])
        const { code } = (JSON.parse(out) as { error?: { code: string } }).error ?? {}
        if (!(c.code instanceof RegExp)) expect(code, err).toBe(c.code)
        else if (code !== undefined) expect(code, err).toMatch(c.code)
        expect(err).not.toMatch(/\n\s+at |This is a bug/)
        if (c.says) expect(err).toMatch(c.says)
        expect(exit).toBe(code === undefined ? 0 : 1)
        expect(peakBytes).toBeLessThan(maxPeakBytes)
        const written = listing(dir).filter((file) => !before.includes(file) && !(code === undefined && file.startsWith('out/out.tflite ')))
        expect(written).toEqual([])
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    },
    caseTimeoutMs + 30_000,
  )
}

function writeFiles(folder: string, files: Files): void {
  if (typeof files === 'function') files(folder)
  else
    for (const [name, bytes] of files) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
      writeFileSync(path.join(folder, name), bytes)
    }
}

/** Every entry below a folder with its size, temporary files included. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((e) => {
      const file = path.join(e.parentPath, e.name)
      return `${path.relative(folder, file)} ${e.isFile() ? statSync(file).size : 'entry'}`
    })
    .sort()
}

const root = path.resolve(import.meta.dirname, '../..')

/** A process that runs command lines one after the other; one that a command line ends or that takes too long is followed by another. */
class CommandLine {
  #child: ChildProcessWithoutNullStreams | undefined

  run(words: readonly string[]): Promise<CaseResult> {
    this.#child ??= spawn(
      process.execPath,
      [`--max-old-space-size=${heapMegabytes}`, '--import', 'tsx', path.join(root, 'test/hostile/child.ts')],
      {
        cwd: root,
      },
    )
    const child = this.#child
    return new Promise((resolve, reject) => {
      const lines = createInterface(child.stdout)
      let errors = ''
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        child.kill('SIGKILL')
      }, caseTimeoutMs)
      const settle = () => {
        clearTimeout(timer)
        lines.close()
        child.removeAllListeners()
        child.stderr.removeAllListeners()
      }
      child.stderr.on('data', (text) => {
        errors = `${errors}${text}`.slice(-2000)
      })
      lines.once('line', (line) => {
        settle()
        resolve(JSON.parse(line) as CaseResult)
      })
      child.once('exit', () => {
        settle()
        this.#child = undefined
        reject(new Error(isLate ? `it takes longer than ${caseTimeoutMs} ms` : `it ended the process: ${errors}`))
      })
      child.stdin.write(`${JSON.stringify(words)}\n`)
    })
  }

  stop(): void {
    this.#child?.stdin.end()
  }
}
