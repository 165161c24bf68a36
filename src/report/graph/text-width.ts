/*
 * Widths of text without a font at hand: fitted to the common sans-serif fonts, on the wide side, so that boxes hold their text.
 */

const emOfAscii = Array.from({ length: 128 }, (_, code) => {
  const c = String.fromCharCode(code)
  if (/[iljI.,:;'|!/()[\] ]/.test(c)) return 0.31
  if (/[mwMW@]/.test(c)) return 0.88
  return /[A-Z]/.test(c) ? 0.68 : 0.57
})

/** Pixels of `text` at `size` pixels. */
export function textWidth(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  let em = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    em += code < 128 ? emOfAscii[code]! : code < 0x1100 ? 0.62 : 1
  }
  return em * size * (weight === 'bold' ? 1.07 : 1)
}
