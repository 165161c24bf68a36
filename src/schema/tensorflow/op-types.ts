/**
 * The types of the outputs of ops where it is not that of the attribute `dtype` or `T`: a type, or the attribute that names it, by position;
 * the last holds for those that follow. For files that carry no op definitions.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops
 */
export const opOutputTypes: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'Equal NotEqual Less LessEqual Greater GreaterEqual ApproximateEqual LogicalAnd LogicalOr LogicalNot All Any IsNan IsInf IsFinite': [
      'bool',
    ],
    'Shape ShapeN Size': ['out_type', 'i32'],
    'Rank Bucketize': ['i32'],
    'ArgMax ArgMin': ['output_type', 'i64'],
    'TopK TopKV2': ['T', 'index_type', 'i32'],
    'Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 ListDiff': ['T', 'out_idx', 'i32'],
    Where: ['i64'],
    Cast: ['DstT'],
    'Gather GatherNd GatherV2': ['Tparams'],
    Range: ['Tidx'],
    Bitcast: ['type'],
    MaxPoolWithArgmax: ['T', 'Targmax', 'i64'],
    'FusedBatchNormV2 FusedBatchNormV3': ['T', 'U'],
    'NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3': ['i32'],
    FakeQuantWithMinMaxArgs: ['f32'],
    'FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel': ['f32'],
    'ResizeBilinear CropAndResize Dequantize': ['f32'],
    'DecodeRaw StringToNumber DecodePng DecodeJpeg': ['out_type', 'dtype', 'u8'],
  }).flatMap(([ops, types]): [string, readonly string[]][] => ops.split(' ').map((op) => [op, types])),
)
