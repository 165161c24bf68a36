import type { ConstData } from '../../core/bytes.ts'
import { invariant } from '../../core/diagnostics.ts'
import { typedView } from '../../core/dtype.ts'

/** The elements of an f32 constant, in order; each piece is valid until the next piece of any constant is asked for. */
export function* floatPieces(data: ConstData): Iterable<Float32Array> {
  for (const piece of data.pieces?.() ?? [data.bytes()]) {
    invariant(piece.byteLength % 4 === 0, 'pieces end between elements')
    yield typedView('f32', piece)
  }
}
