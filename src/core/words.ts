import { nearest } from './diagnostics.ts'

/** Names in messages. */
export const quotedList = (names: readonly string[]): string => names.map((n) => JSON.stringify(n)).join(', ')

/** As many names as a message has room for, and how many more there are; `none` where there are none. */
export function someOf(names: readonly string[], most = 12): string {
  if (names.length === 0) return 'none'
  return quotedList(names.slice(0, most)) + (names.length > most ? ` and ${names.length - most} more` : '')
}

/** A sentence to append: the name that a wrong one may be meant for. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names)
  return near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
}
