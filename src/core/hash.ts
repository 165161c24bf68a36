/** FNV-1a hash of a text's UTF-16 units. @see https://datatracker.ietf.org/doc/html/rfc9923 */
export function fnv1a(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
