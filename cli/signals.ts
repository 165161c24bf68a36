import { exitCodes } from './failure.ts'
import type { OptionSchema } from './options.ts'
import type { Command } from './verb.ts'

/** By name; the codes are those of shells. */
const signals = [
  ['SIGINT', exitCodes.interrupted],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const

/** A command that comes back to the event loop between samples, so that handlers need not wait: signals end it cleanly throughout. */
export function interruptible<S extends OptionSchema>(command: Command<S>): Command<S> {
  return (invocation) => withCleanExit(() => command(invocation))
}

/**
 * While `work` writes, a signal ends the process by way of its exit handlers, which remove temporary files. At other times it ends it
 * at once: a handler would have to wait for a computation to be over.
 */
export async function withCleanExit<T>(work: () => T | Promise<T>): Promise<T> {
  const handlers = signals.map(([signal, code]) => [signal, () => process.exit(code)] as const)
  for (const [signal, handler] of handlers) process.on(signal, handler)
  try {
    return await work()
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
