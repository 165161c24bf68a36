import { type Diagnostic, DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SignatureInfo } from './runner.ts'

/*
 * What a runner in another thread is told and answers: plain data, one reply to each call.
 */

export type RunnerCall =
  | { readonly kind: 'describe' }
  | { readonly kind: 'load'; readonly model: number; readonly bytes: Uint8Array; readonly name: string | undefined }
  | { readonly kind: 'run'; readonly model: number; readonly feeds: ReadonlyMap<string, NdArray>; readonly signature: string | undefined }
  | { readonly kind: 'reset' | 'unload'; readonly model: number }

export interface RunnerReplies {
  readonly describe: string
  readonly load: readonly SignatureInfo[]
  readonly run: Map<string, NdArray>
  readonly reset: undefined
  readonly unload: undefined
}

export type RunnerRequest = RunnerCall & { readonly id: number }
export type RunnerReply =
  | { readonly id: number; readonly result: RunnerReplies[keyof RunnerReplies] }
  | { readonly id: number; readonly error: PlainError }

/** One end of a connection between threads. */
export interface MessageEnd<In, Out> {
  send(message: Out, transfer: readonly ArrayBuffer[]): void
  onMessage(listener: (message: In) => void): void
}

/** A thread seen from the one that started it. */
export interface WorkerThread<In, Out> extends MessageEnd<In, Out> {
  /** Called once when the thread ends by itself, with why. */
  onEnd(listener: (why: string) => void): void
  /** Whether the process waits for this thread before it ends. */
  keepAlive(isKept: boolean): void
  end(): Promise<void>
}

/** An error as data. */
export type PlainError =
  | { readonly kind: 'downcast'; readonly message: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'other'; readonly name: string; readonly message: string; readonly stack: string | undefined }

export function plainError(e: unknown): PlainError {
  if (e instanceof DowncastError) return { kind: 'downcast', message: e.message, diagnostics: e.diagnostics }
  const error = e instanceof Error ? e : new Error(String(e))
  return { kind: 'other', name: error.name, message: error.message, stack: error.stack }
}

export function errorOf(plain: PlainError): Error {
  if (plain.kind === 'downcast') {
    return new DowncastError({ ...plain.diagnostics[0]!, message: plain.message }, { diagnostics: plain.diagnostics })
  }
  const error = new Error(plain.message)
  error.name = plain.name
  if (plain.stack !== undefined) error.stack = plain.stack
  return error
}
