import { DowncastError } from '../core/diagnostics.ts'

const quote = (name: string): string => JSON.stringify(name)

/** A model that neither LiteRT.js nor the reference kernels run. `why` says why LiteRT.js does not, `reason` what the kernels lack. */
export function notComputable(model: string, why: string, reason: string): DowncastError {
  return new DowncastError({
    code: 'calibrate/not-computable',
    message: `${quote(model)} cannot be calibrated: LiteRT.js does not serve (${why.replace(/\.$/, '')}), and downcast's own kernels do not compute it: ${reason}.`,
    file: model,
    hint: 'Cut the model before that op with --outputs, or state ranges in the model with fake quantization.',
  })
}
