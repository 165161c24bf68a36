import type { Json } from '../../core/json.ts'
import { JsonCursor } from '../json-cursor.ts'
import { badConfig } from './diagnostics.ts'

/** A place in the configuration of a Keras model; its faults are `import/keras-config`. */
export class ConfigCursor extends JsonCursor {
  constructor(file: string, path: string, value: Json | undefined) {
    super(badConfig, file, path, value)
  }
}
