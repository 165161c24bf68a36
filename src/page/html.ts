import { escapeMarkup } from './escape.ts'

/** HTML that is safe to put on a page: made by `html`, or trusted by `raw`. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a template takes: text and numbers are escaped, nothing is nothing. */
export type Content = Markup | string | number | null | undefined | false | readonly Content[]

/** A template whose values are escaped unless they are markup themselves; attributes must be quoted with double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0]!
  for (let i = 0; i < values.length; i++) text += contentText(values[i]) + parts[i + 1]!
  return new Markup(text)
}

/** Markup that was made elsewhere and is known to be safe. */
export function raw(text: string): Markup {
  return new Markup(text)
}

function contentText(value: Content): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'string') return escapeMarkup(value)
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'number') return String(value)
  let text = ''
  for (const part of value) text += contentText(part)
  return text
}
