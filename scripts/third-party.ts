import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Packages whose code the build takes into `dist`: the parity gate's TensorFlow.js and what it stands on. */
export const bundledPackages = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-converter',
  '@tensorflow/tfjs-backend-cpu',
  'node-fetch',
  'seedrandom',
  'tr46',
  'webidl-conversions',
  'whatwg-url',
] as const

const root = path.resolve(import.meta.dirname, '..')

/** Writes the names, versions, authors and licences of the bundled packages to `file`; the text of Apache-2.0 is in LICENSE. */
export function writeLicences(file: string): void {
  const parts = bundledPackages.map((name) => {
    const folder = path.join(root, 'node_modules', name)
    const { version, license, author } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
    const by = typeof author === 'string' ? author : ((author as { name?: string } | undefined)?.name ?? 'its authors')
    const text = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f))
    const head = `${name} ${version}, ${license}, by ${by}`
    return text && existsSync(path.join(folder, text)) ? `${head}\n\n${readFileSync(path.join(folder, text), 'utf8').trim()}` : head
  })
  writeFileSync(file, `downcast contains code of these packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)
}
