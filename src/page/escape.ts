const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Printable ASCII without the five that markup uses. */
const harmless = /^[ !#-%(-;=?-~]*$/

/**
 * Text for HTML and XML, in contents and in quoted attributes. Control characters, which XML forbids and which reorder text, are
 * shown as escapes.
 */
export function escapeMarkup(text: string): string {
  if (harmless.test(text)) return text
  return text
    .replace(
      /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[&<>"']/g, (c) => entities[c]!)
}
