#!/usr/bin/env node
import { start } from './start.ts'

/* The command `tflite_convert`, as TensorFlow installs it. */

start(['tflite_convert', ...process.argv.slice(2)])
