import type { Estimator } from './estimator.ts'

/** Every value seen is inside. @see TensorFlow, lite/tools/optimize/calibration/calibration_logger.cc */
export const minMax: Estimator = { name: 'min-max', estimate: ({ range }) => range }
