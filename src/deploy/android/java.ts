import { badPackageName } from '../diagnostics.ts'

// The Java Language Specification, 3.9: keywords, literals and the underscore.
const reserved = new Set(
  `abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally float for
  goto if implements import instanceof int interface long native new package private protected public return short static strictfp super
  switch synchronized this throw throws transient try void volatile while true false null _`.split(/\s+/),
)

/** Throws deploy/bad-package-name. */
export function checkPackageName(name: string): void {
  const isSound = name.split('.').every((part) => /^[a-z][a-z0-9_]*$/.test(part) && !reserved.has(part))
  if (!isSound || name.length > 200) throw badPackageName(name)
}

/** A string literal that is plain ASCII. */
export function javaString(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    // Octal: a unicode escape of a line end would end the line of source.
    .replace(/[\0-\x1f\x7f]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)
    .replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${escaped}"`
}

/** A `float` literal with exactly this float32 value; whole numbers without a point, as in `0` and `255.0f`. */
export function javaFloat(value: number): string {
  const f = Math.fround(value)
  if (f === 0) return '0'
  const short = [...Array(9).keys()].map((i) => Number(f.toPrecision(i + 1))).find((x) => Math.fround(x) === f) ?? f
  return `${/[.e]/.test(String(short)) ? short : `${short}.0`}f`
}

/** `my-model.v2.tflite` as `MyModelV2`; empty when nothing of the name can stay. */
export function className(fileName: string): string {
  const words = fileName
    .replace(/\.tflite$/i, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((w) => w !== '')
  const name = words.map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join('')
  return /^[0-9]/.test(name) ? `Model${name}` : name
}
