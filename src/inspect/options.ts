import type { OptionValue } from './types.ts'

/** Decoded option fields as plain data. 64-bit integers become numbers where exact, else text; vectors become lists. */
export function plainOptions(fields: object): { readonly [field: string]: OptionValue } {
  const plain = Object.entries(fields).flatMap(([name, value]) => {
    const v = plainValue(value)
    return v === undefined ? [] : [[name, v] as const]
  })
  return Object.fromEntries(plain)
}

function plainValue(value: unknown): OptionValue | undefined {
  if (typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, (v) => plainValue(v) ?? null)
  if (Array.isArray(value)) return value.map((v) => plainValue(v) ?? null)
  if (typeof value === 'object' && value !== null) return plainOptions(value)
  return undefined
}
