import { DowncastError } from '../../src/core/diagnostics.ts'

/** The error with which `work` refuses; whatever else it throws is thrown. */
export function refusal(work: () => unknown): DowncastError {
  const found = thrownBy(work)
  if (!found) throw new Error('nothing was refused')
  return found
}

/** The same of work that takes its time. */
export async function refusalOf(work: Promise<unknown>): Promise<DowncastError> {
  const outcome = await work.then(
    () => () => undefined,
    (e: unknown) => () => {
      throw e
    },
  )
  return refusal(outcome)
}

/** The code of the error with which `work` refuses; undefined when it does not. */
export function codeOf(work: () => unknown): string | undefined {
  return thrownBy(work)?.code
}

function thrownBy(work: () => unknown): DowncastError | undefined {
  try {
    work()
  } catch (e) {
    if (e instanceof DowncastError) return e
    throw e
  }
  return undefined
}
