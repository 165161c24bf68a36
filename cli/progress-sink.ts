import type { ByteSink } from '../src/core/bytes.ts'
import type { Progress } from './terminal.ts'

/** The same sink, telling how far the highest written byte is; `total` is what is expected in all. */
export function progressSink(sink: ByteSink, progress: Pick<Progress, 'update'>, total: number): ByteSink {
  let end = 0
  return {
    write(bytes, position) {
      sink.write(bytes, position)
      end = Math.max(end, position + bytes.byteLength)
      progress.update(Math.min(end, total), total)
    },
  }
}
