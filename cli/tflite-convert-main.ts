#!/usr/bin/env node
import { runProcess } from './process.ts'

/* The command `tflite_convert`, as TensorFlow installs it. */

await runProcess(['tflite_convert', ...process.argv.slice(2)])
