import { textDigest } from '../core/digest.ts'
import type { FoldState } from './fold.ts'

/** Where the state of a calibration that is not finished is kept. */
export interface PartialStore {
  /** What messages call it. */
  readonly name: string
  /** What was last written; undefined when there is nothing. */
  read(): string | undefined
  /** Replaces it whole or not at all. */
  write(text: string): Promise<void>
  remove(): void
}

/** What a state belongs to: only an equal plan goes on from it. */
export interface Plan {
  readonly model: string
  /** Digest of the preprocessing. */
  readonly start: string
  readonly total: number
  readonly skipBad: boolean
  readonly activations: number
}

const version = 3
const infinities: Readonly<Record<string, number>> = { Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }

export async function writePartial(store: PartialStore, plan: Plan, state: FoldState): Promise<void> {
  const text = JSON.stringify(state, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { is: String(value) } : value,
  )
  await store.write(JSON.stringify({ version, plan, sha256: await textDigest(text), state: text }))
}

/** The state of an equal plan; why there is none, in words, when there is another; undefined when there is nothing. */
export async function readPartial(store: PartialStore, plan: Plan): Promise<FoldState | string | undefined> {
  const text = store.read()
  if (text === undefined) return undefined
  const saved = parsed(text)
  if (typeof saved?.state !== 'string' || saved.sha256 !== (await textDigest(saved.state))) return 'it is damaged'
  if (saved.version !== version) return 'another version of downcast has written it'
  if (JSON.stringify(saved.plan) !== JSON.stringify(plan)) return 'it is of another model, other preprocessing or another number of samples'
  return JSON.parse(saved.state, (_, value: unknown) => (isInfinity(value) ? infinities[value.is] : value)) as FoldState
}

function isInfinity(value: unknown): value is { readonly is: string } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'is')
}

function parsed(text: string): { version?: unknown; plan?: unknown; sha256?: unknown; state?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
