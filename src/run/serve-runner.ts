import { invariant } from '../core/diagnostics.ts'
import type { LoadedModel, Runner } from './runner.ts'
import { type MessageEnd, plainError, type RunnerReplies, type RunnerReply, type RunnerRequest } from './runner-messages.ts'

/** Answers calls of a `remoteRunner` with a runner of this thread, one after the other. */
export function serveRunner(runner: Runner, end: MessageEnd<RunnerRequest, RunnerReply>): void {
  const models = new Map<number, LoadedModel>()
  const modelOf = (id: number): LoadedModel => {
    const model = models.get(id)
    invariant(model, `model ${id} is not loaded`)
    return model
  }
  const answer = async (request: RunnerRequest): Promise<RunnerReplies[keyof RunnerReplies]> => {
    switch (request.kind) {
      case 'describe':
        return runner.describe()
      case 'load': {
        const model = await runner.load(request.bytes, { name: request.name })
        models.set(request.model, model)
        return model.signatures.map(({ key, inputs, outputs }) => ({ key, inputs, outputs }))
      }
      case 'run':
        return modelOf(request.model).run(request.feeds, { signature: request.signature })
      case 'reset':
        await modelOf(request.model).reset()
        return undefined
      case 'unload':
        await modelOf(request.model).dispose()
        models.delete(request.model)
        return undefined
    }
  }
  let last: Promise<void> = Promise.resolve()
  end.onMessage((request) => {
    last = last.then(async () => {
      try {
        const result = await answer(request)
        end.send({ id: request.id, result }, transferable(result))
      } catch (e) {
        end.send({ id: request.id, error: plainError(e) }, [])
      }
    })
  })
}

/** The buffers of results, which are nobody else's. */
function transferable(result: RunnerReplies[keyof RunnerReplies]): ArrayBuffer[] {
  if (!(result instanceof Map)) return []
  const buffers = Array.from(result.values(), ({ bytes }) => bytes.buffer)
  return [...new Set(buffers)].filter((b): b is ArrayBuffer => b instanceof ArrayBuffer)
}
