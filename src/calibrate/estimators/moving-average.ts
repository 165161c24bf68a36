import type { Estimator } from './estimator.ts'

/**
 * `0.95 * before + 0.05 * of this sample` for both ends, beginning with those of the first sample; depends on the order of the samples.
 * @see litert-quantizer, utils/qsv_utils.py, moving_average_update (its default)
 */
export const movingAverage: Estimator = { name: 'moving-average', estimate: ({ average, range }) => average ?? range }
