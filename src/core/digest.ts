/** SHA-256 of the parts one behind the other, in hexadecimal. */
export async function digestOf(parts: readonly Uint8Array[]): Promise<string> {
  const [only] = parts
  const bytes = parts.length === 1 && only ? only : joined(parts)
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('')
}

export function textDigest(text: string): Promise<string> {
  return digestOf([new TextEncoder().encode(text)])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
