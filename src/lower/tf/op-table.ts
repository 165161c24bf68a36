/** Made by scripts/ops.ts: TensorFlow op, priority, LiteRT operators that recorded cases became, element types that were tried and worked. */
export const opTable = `
Abs;P0;ABS;f32 i8 i16 i32
Add;;ADD;f32 i8 i16 i32 i64 u8
AddN;P0;ADD_N;f32 i32 i64
AddV2;P0;ADD;f32 i8 i16 i32 i64 u8
AdjustContrast;;;
AdjustContrastv2;;;
AdjustHue;;;
AdjustSaturation;;;
All;P0;REDUCE_ALL;bool
Angle;;;
Any;P0;REDUCE_ANY;bool
ApproximateEqual;;;
ArgMax;P0;ARG_MAX;f32 i8 i32 u8 bool
ArgMin;P0;ARG_MIN;f32 i8 i32 u8 bool
AsString;;;
Assert;;;
Atan;P2;ADD ATAN2 ZEROS_LIKE;f32
Atan2;P2;ATAN2;f32 f64
AudioSpectrogram;;;
AvgPool;P0;AVERAGE_POOL_2D;f32 i8 i16 u8
AvgPool3D;P2;;
BatchCholesky;;;
BatchMatMul;;BATCH_MATMUL;f32
BatchMatMulV2;P0;FULLY_CONNECTED BATCH_MATMUL;f32
BatchMatMulV3;;BATCH_MATMUL;f32
BatchMatrixBandPart;;;
BatchMatrixDeterminant;;;
BatchMatrixDiag;;;
BatchMatrixDiagPart;;;
BatchMatrixInverse;;;
BatchMatrixSetDiag;;;
BatchMatrixTriangularSolve;;;
BatchNormWithGlobalNormalization;;;
BatchToSpace;;;
BatchToSpaceND;P0;BATCH_TO_SPACE_ND;f32 i8 i16 i32 i64 u8
BiasAdd;P0;ADD;f32 i8 i16 i32 i64 u8
BiasAddV1;;;
Bincount;;;
Bitcast;P2;BITCAST;f32 f64 i32 i64 u32
BitwiseAnd;P2;;
BitwiseOr;;;
BitwiseXor;P2;BITWISE_XOR;i8 i16 i32 u8 u16 u32
BlockLSTM;;;
BlockLSTMV2;;;
BroadcastArgs;P1;;i32 i64
BroadcastTo;P0;BROADCAST_TO;f32 f16 i8 i16 i32 i64 u8 u32 bool string
Bucketize;P2;BUCKETIZE;f32 f64 i32 i64
CTCBeamSearchDecoder;;;
CTCGreedyDecoder;;;
Case;;;
CaseFoldUTF8;;;
Cast;P0;CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
Ceil;P0;CEIL;f32
CheckNumerics;P1;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
CheckNumericsV2;;;
Cholesky;;;
ClipByValue;;;
CombinedNonMaxSuppression;;;
Complex;P2;;
Complex64;;;
ComplexAbs;P1;COMPLEX_ABS;c64
Concat;;;
ConcatOffset;;;
ConcatV2;P0;CONCATENATION;f32 i8 i16 i32 i64 u8 u16 u32 bool
Conj;;;
ConjugateTranspose;;;
ConstrainedSequence;;;
Conv2D;P0;CONV_2D TRANSPOSE PAD;f32 i8 u8
Conv2DBackpropInput;P0;TRANSPOSE_CONV;f32 i8 u8
Conv3D;P1;CONV_3D;f32
Conv3DBackpropInput;;;
Conv3DBackpropInputV2;P1;CONV_3D_TRANSPOSE;f32
Cos;P0;COS;f32
Cosh;;;
CropAndResize;P2;;
CudnnRNN;;;
CudnnRNNV2;;;
CudnnRNNV3;;;
Cumprod;P2;;
Cumsum;P0;CUMSUM;f32 i32 i64
CumulativeLogsumexp;;;
DataFormatDimMap;;;
DataFormatVecPermute;;;
DecodeAndCropJpeg;;;
DecodeBase64;;;
DecodeBmp;;;
DecodeCSV;;;
DecodeGif;;;
DecodeImage;;;
DecodeJpeg;;;
DecodePaddedRaw;;;
DecodePng;;;
DecodeRaw;;;
DecodeWav;;;
DeepCopy;;;
DenseBincount;;;
DenseToDenseSetOperation;;;
DenseToSparseSetOperation;;;
DepthToSpace;P0;DEPTH_TO_SPACE;f32 i8 i16 i32 i64 u8
DepthwiseConv2dNative;P0;DEPTHWISE_CONV_2D;f32 i8 u8
Dequantize;;;
Diag;;;
DiagPart;;;
Dilation2D;;;
Div;;;
DivNoNan;P1;DIV EQUAL SELECT_V2;f32
DynamicPartition;;;
DynamicStitch;;;
EagerPyFunc;;;
Eig;;;
Einsum;P0;RESHAPE BATCH_MATMUL TRANSPOSE FULLY_CONNECTED SHAPE SUM;f32 i8 i16 i32
Elu;P0;ELU;f32 i8 i16 u8
Empty;;;
EmptyTensorList;;;
EmptyTensorMap;;;
EncodeBase64;;;
EncodeJpeg;;;
EncodeJpegVariableQuality;;;
EncodePng;;;
EncodeWav;;;
EnsureShape;;;
Enter;;;
Equal;P0;EQUAL;f32 i8 i16 i32 i64 u8 bool string
Erf;P2;formula;f32
Erfc;P0;formula;f32
EuclideanNorm;P1;MUL SQRT SUM;f32 i8 i16 u8
Exit;;;
Exp;P0;EXP;f32 i8 i16 u8
ExpandDims;P0;RESHAPE EXPAND_DIMS;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Expm1;P1;EXP SUB;f32
ExtractImagePatches;P2;;
FFT;;;
FFT2D;;;
FFT3D;;;
FakeQuantWithMinMaxArgs;P0;;
FakeQuantWithMinMaxVars;P0;;
FakeQuantWithMinMaxVarsPerChannel;P1;;
Fill;P0;FILL;f32 f16 i8 i16 i32 i64 u8 u32 bool string
Fingerprint;;;
Floor;P0;FLOOR;f32
FloorDiv;P0;FLOOR_DIV;f32 i8 i16 i32
FloorMod;P0;FLOOR_MOD;f32 i8 i16 i32 i64
FusedBatchNorm;;ADD MUL;f32
FusedBatchNormV2;;ADD MUL;f32
FusedBatchNormV3;P0;ADD MUL MEAN RESHAPE RSQRT SQUARED_DIFFERENCE SUB;f32
FusedPadConv2D;;;
FusedResizeAndPadConv2D;;;
GRUBlockCell;;;
Gather;P1;GATHER;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
GatherNd;P0;GATHER_ND;f32 f16 i8 i16 i32 i64 u8 bool string
GatherV2;P0;GATHER;f32 i16 i32 i64
Greater;P0;GREATER;f32 i8 i16 i32 i64 u8
GreaterEqual;P0;GREATER_EQUAL;f32 i8 i16 i32 i64 u8
HSVToRGB;;;
HashTable;;;
HashTableV2;;;
IFFT;;;
IFFT2D;;;
IFFT3D;;;
IRFFT;;;
IRFFT2D;;;
IRFFT3D;;;
Identity;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
IdentityN;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
Imag;P2;IMAG;c64
ImageProjectiveTransformV2;;;
ImageProjectiveTransformV3;;;
ImmutableConst;;;
InTopK;;;
InTopKV2;;;
InplaceAdd;;;
InplaceSub;;;
InplaceUpdate;;;
Inv;;;
Invert;;;
InvertPermutation;;;
IsFinite;P1;EQUAL SUB;f32
IsInf;P2;EQUAL LOGICAL_AND LOGICAL_NOT SUB;f32
IsNan;P1;NOT_EQUAL;f32 i8 i16 i32 i64 u8 bool string
IteratorGetNext;;;
IteratorV2;;;
LRN;P0;LOCAL_RESPONSE_NORMALIZATION;f32
LSTMBlockCell;;;
LeakyRelu;P0;LEAKY_RELU;f32 i8 i16 u8
LeftShift;;;
Less;P0;LESS;f32 i8 i16 i32 i64 u8
LessEqual;P0;LESS_EQUAL;f32 i8 i16 i32 i64 u8
LinSpace;;;
ListDiff;;;
Log;P0;LOG;f32 i8 i16 u8
Log1p;P1;ADD LOG;f32
LogMatrixDeterminant;;;
LogSoftmax;P0;LOG_SOFTMAX;f32 i8 i16 u8
LogicalAnd;P0;LOGICAL_AND;bool
LogicalNot;P0;LOGICAL_NOT;bool
LogicalOr;P0;LOGICAL_OR;bool
LookupTableExportV2;;;
LookupTableFind;;;
LookupTableFindV2;;;
LookupTableSizeV2;;;
LoopCond;;;
Lu;;;
MakeIterator;;;
MatMul;P0;FULLY_CONNECTED BATCH_MATMUL TRANSPOSE;f32 i8 i16 i32
MatrixBandPart;P1;SELECT_V2;f32
MatrixDeterminant;;;
MatrixDiag;;MATRIX_DIAG;f32 i8 i16 i32 i64 u8
MatrixDiagPart;;;
MatrixDiagPartV2;;;
MatrixDiagPartV3;P2;;
MatrixDiagV2;;MATRIX_DIAG;f32 i8 i16 i32 i64 u8
MatrixDiagV3;P1;MATRIX_DIAG;f32 i8 i16 i32 i64 u8
MatrixInverse;;;
MatrixSetDiag;;MATRIX_SET_DIAG;f32 i8 i16 i32 i64 u8
MatrixSetDiagV2;;MATRIX_SET_DIAG;f32 i8 i16 i32 i64 u8
MatrixSetDiagV3;P1;MATRIX_SET_DIAG;f32 i8 i16 i32 i64 u8
MatrixSolve;;;
MatrixSolveLs;;;
MatrixTriangularSolve;;;
Max;P0;REDUCE_MAX;f32 i8 i16 i32 i64 u8
MaxPool;P0;MAX_POOL_2D;f32 i8 i16 u8
MaxPool3D;P2;;
MaxPoolV2;;;
MaxPoolWithArgmax;;;
MaxSpanningTree;;;
Maximum;P0;MAXIMUM;f32 i8 i16 i32 i64 u8
Mean;P0;MEAN;f32 i8 i16 i32 i64 u8
Merge;;;
Mfcc;;;
Min;P0;REDUCE_MIN;f32 i8 i16 i32 i64 u8
Minimum;P0;MINIMUM;f32 i8 i16 i32 i64 u8
MirrorPad;P0;MIRROR_PAD;f32 i8 i16 i32 i64 u8 bool
Mul;P0;MUL;f32 i8 i16 i32 i64 u8 u32 c64
MulNoNan;;;
Multinomial;;;
Neg;P0;NEG;f32 i32 i64
NextIteration;;;
NonMaxSuppression;;;
NonMaxSuppressionV2;;;
NonMaxSuppressionV3;P2;;
NonMaxSuppressionV4;;;
NonMaxSuppressionV5;;;
NonMaxSuppressionWithOverlaps;;;
NormalizeUTF8;;;
NormalizeUTF8WithOffsetsMap;;;
NotEqual;P0;NOT_EQUAL;f32 i8 i16 i32 i64 u8 bool string
NumpyFunction;;;
OneHot;P0;ONE_HOT;f32 i8 i16 i32 i64 u8 bool
OneShotIterator;;;
OnesLike;P0;BROADCAST_TO SHAPE;f32 i32
Pack;P0;PACK;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
Pad;P0;PAD;f32 i8 i16 i32 i64 u8 bool
PadV2;P0;PADV2;f32 i8 i16 i32 i64 u8 bool
ParallelConcat;;;
ParallelDynamicStitch;;;
ParameterizedTruncatedNormal;;;
ParseExample;;;
ParseExampleV2;;;
ParseSequenceExample;;;
ParseSequenceExampleV2;;;
ParseSingleExample;;;
ParseSingleSequenceExample;;;
PlaceholderV2;;;
PlaceholderWithDefault;;;
PopulationCount;;;
Pow;P0;POW;f32 i32
PreventGradient;;;
Print;;;
PrintV2;;;
Prod;P0;REDUCE_PROD;f32 i8 i16 i32 i64 u8
PyFunc;;;
PyFuncStateless;;;
Qr;;;
QuantizeAndDequantizeV4;P2;;
QuantizeDownAndShrinkRange;;;
QuantizeV2;;;
QuantizedAdd;;;
QuantizedAvgPool;;;
QuantizedBatchNormWithGlobalNormalization;;;
QuantizedBiasAdd;;;
QuantizedConcat;;;
QuantizedConv2D;;;
QuantizedInstanceNorm;;;
QuantizedMatMul;;;
QuantizedMaxPool;;;
QuantizedMul;;;
QuantizedRelu;;;
QuantizedRelu6;;;
QuantizedReshape;;;
QuantizedResizeBilinear;;;
QueueDequeueManyV2;;;
QueueDequeueV2;;;
RFFT;P1;RESHAPE RFFT2D;f32
RFFT2D;P2;RFFT2D;f32
RFFT3D;;;
RGBToHSV;;;
RaggedBincount;;;
RaggedGather;;;
RaggedRange;;;
RaggedTensorFromVariant;;;
RaggedTensorToSparse;;;
RaggedTensorToTensor;;;
RaggedTensorToVariant;;;
RandomGamma;;;
RandomPoisson;;;
RandomPoissonV2;;;
RandomShuffle;;;
RandomStandardNormal;;;
RandomUniform;;;
RandomUniformInt;;;
Range;P0;RANGE;f32 i32 i64
Rank;;;
ReaderReadV2;;;
Real;P2;REAL;c64
RealDiv;P0;DIV;f32 i8 i32 u8
Reciprocal;P1;DIV;f32
ReduceJoin;;;
RefEnter;;;
RefExit;;;
RefMerge;;;
RefSwitch;;;
RegexFullMatch;;;
RegexReplace;;;
RegexSplitWithOffsets;;;
Relu;P0;RELU;f32 i32
Relu6;P0;RELU6;f32 i8 i16 u8
RequantizationRange;;;
Requantize;;;
Reshape;P0;RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
ResizeBicubic;P2;;
ResizeBilinear;P0;RESIZE_BILINEAR;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResizeNearestNeighbor;P0;RESIZE_NEAREST_NEIGHBOR;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResourceGather;;;
ResourceGatherNd;;;
Reverse;;;
ReverseSequence;P1;REVERSE_SEQUENCE;f32 i16 i32 i64 u8
ReverseV2;P0;REVERSE_V2;f32 f16 i8 i16 i32 i64 u8 bool
RightShift;P2;RIGHT_SHIFT;i8 i16 i32 u8 u16 u32
Rint;P2;ROUND;f32
Roll;P1;CONCATENATION SLICE;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
RougeL;;;
Round;P0;ROUND;f32
Rsqrt;P0;RSQRT;f32 i8 i16 u8
SampleDistortedBoundingBox;;;
SampleDistortedBoundingBoxV2;;;
ScatterNd;P0;SCATTER_ND;f32 i8 i32 i64 u8 bool
ScatterNdNonAliasingAdd;;;
SegmentMax;;;
SegmentMean;;;
SegmentMin;;;
SegmentProd;;;
SegmentSum;P1;SEGMENT_SUM;f32 i32
Select;P0;RESHAPE SELECT SELECT_V2;f32 i8 i16 i32 i64 u8 u32 bool
SelectV2;P0;SELECT SELECT_V2;f32 i8 i16 i32 i64 u8 u32 bool
SelfAdjointEigV2;;;
Selu;P0;EXP GREATER MUL SELECT SUB;f32
SentenceFragments;;;
SentencepieceDecode;;;
SentencepieceDetokenizeOp;;;
SentencepieceEncodeDense;;;
SentencepieceEncodeSparse;;;
SentencepieceGetPieceSize;;;
SentencepieceIdToPiece;;;
SentencepieceOp;;;
SentencepiecePieceToId;;;
SentencepieceTokenizeOp;;;
SentencepieceTokenizeWithOffsetsOp;;;
SentencepieceVocabSizeOp;;;
SerializeTensor;;;
Shape;P0;SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
ShapeN;;;
Sigmoid;P0;LOGISTIC;f32 i8 i16 u8
Sign;P0;SIGN;f32 f64 i32
Sin;P0;SIN;f32
Sinh;P2;EXP MUL NEG SUB;f32
Size;P1;REDUCE_PROD SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Slice;P0;SLICE;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
Snapshot;;;
Softmax;P0;SOFTMAX;f32 i8 i16 u8
SoftmaxCrossEntropyWithLogits;;;
Softplus;P0;ABS ADD EXP LOG NEG RELU;f32
Softsign;P1;ABS ADD DIV;f32
SpaceToBatch;;;
SpaceToBatchND;P0;SPACE_TO_BATCH_ND;f32 i8 i16 i32 i64 u8
SpaceToDepth;P0;SPACE_TO_DEPTH;f32 i8 i16 i32 i64 u8
SparseAdd;;;
SparseBincount;;;
SparseCross;;;
SparseCrossHashed;;;
SparseCrossV2;;;
SparseFillEmptyRows;;;
SparseMatMul;;;
SparseReduceSum;;;
SparseReorder;;;
SparseReshape;;;
SparseSegmentMean;;;
SparseSegmentMeanWithNumSegments;;;
SparseSegmentSqrtN;;;
SparseSegmentSqrtNWithNumSegments;;;
SparseSegmentSum;;;
SparseSegmentSumWithNumSegments;;;
SparseSlice;;;
SparseSoftmaxCrossEntropyWithLogits;;;
SparseTensorDenseMatMul;;;
SparseToDense;;;
SparseToSparseSetOperation;;;
Split;P0;SPLIT;f32 i8 i16 i32 i64 u8
SplitMergeTokenizeWithOffsets;;;
SplitV;P0;SPLIT_V;f32 i8 i16 i32 i64 u8
Sqrt;P0;SQRT;f32 i8 i16 u8
Square;P0;SQUARE MUL;f32 i8 i16 i32 i64 u8 u32 c64
SquaredDifference;P0;SQUARED_DIFFERENCE;f32 i8 i32
Squeeze;P0;RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
StatelessCase;P2;;
StatelessIf;P1;;
StatelessMultinomial;;;
StatelessRandomGammaV2;;;
StatelessRandomGammaV3;;;
StatelessRandomGetAlg;;;
StatelessRandomGetKeyCounter;;;
StatelessRandomGetKeyCounterAlg;;;
StatelessRandomNormal;;;
StatelessRandomNormalV2;;;
StatelessRandomPoisson;;;
StatelessRandomUniform;;;
StatelessRandomUniformFullInt;;;
StatelessRandomUniformFullIntV2;;;
StatelessRandomUniformInt;;;
StatelessRandomUniformIntV2;;;
StatelessRandomUniformV2;;;
StatelessSampleDistortedBoundingBox;;;
StatelessTruncatedNormal;;;
StatelessTruncatedNormalV2;;;
StatelessWhile;P1;;
StaticRegexFullMatch;;;
StaticRegexReplace;;;
StopGradient;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
StridedSlice;P0;STRIDED_SLICE RESHAPE;f32 i8 i16 i32 i64 u8 u16 u32 bool
StringFormat;;;
StringJoin;;;
StringLength;;;
StringLower;;;
StringSplit;;;
StringSplitV2;;;
StringStrip;;;
StringToHashBucket;;;
StringToHashBucketFast;;;
StringToHashBucketStrong;;;
StringToNumber;;;
StringUpper;;;
Sub;P0;SUB;f32 i8 i16 i32 i64 u8
Substr;;;
Sum;P0;SUM;f32 i8 i16 i32 i64 u8
Svd;;;
Switch;;;
TFText>NgramsStringJoin;;;
TFText>WhitespaceTokenizeWithOffsetsV2;;;
Tan;P2;COS DIV SIN;f32
Tanh;P0;TANH;f32 i8 i16 u8
TensorArrayConcatV3;;;
TensorArrayGatherV3;;;
TensorArrayReadV3;;;
TensorArrayScatterV3;;;
TensorArraySizeV3;;;
TensorArraySplitV3;;;
TensorArrayV3;;;
TensorArrayWriteV3;;;
TensorListConcat;;;
TensorListConcatLists;;;
TensorListConcatV2;;;
TensorListElementShape;;;
TensorListFromTensor;P1;;
TensorListGather;;;
TensorListGetItem;;;
TensorListLength;;;
TensorListPopBack;;;
TensorListPushBack;;;
TensorListPushBackBatch;;;
TensorListReserve;P1;;
TensorListResize;;;
TensorListScatter;;;
TensorListScatterIntoExistingList;;;
TensorListScatterV2;;;
TensorListSetItem;;;
TensorListSplit;;;
TensorListStack;P1;;
TensorMapErase;;;
TensorMapHasKey;;;
TensorMapInsert;;;
TensorMapLookup;;;
TensorMapSize;;;
TensorMapStackKeys;;;
TensorScatterAdd;P2;;
TensorScatterMax;;;
TensorScatterMin;;;
TensorScatterSub;;;
TensorScatterUpdate;P1;;
TensorStridedSliceUpdate;P2;;
Tile;P0;TILE;f32 f16 i8 i16 i32 i64 u8 u32 bool string
Timestamp;;;
TokenizerFromLogits;;;
TopK;;;
TopKV2;P0;TOPK_V2;f32 i8 i16 i32 i64 u8
Transpose;P0;TRANSPOSE;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
TruncateDiv;P2;DIV;i32
TruncatedNormal;;;
UnicodeDecode;;;
UnicodeDecodeWithOffsets;;;
UnicodeEncode;;;
UnicodeScriptTokenizeWithOffsets;;;
UnicodeTranscode;;;
Unique;P1;UNIQUE;f32 i8 i16 i32 i64 u8
UniqueV2;;;
UniqueWithCounts;;;
UniqueWithCountsV2;;;
Unpack;P0;UNPACK;f32 f16 i8 i16 i32 u8 bool
UnsortedSegmentJoin;;;
UnsortedSegmentMax;P1;UNSORTED_SEGMENT_MAX;f32 i32
UnsortedSegmentMin;P1;UNSORTED_SEGMENT_MIN;f32 i32
UnsortedSegmentProd;P1;UNSORTED_SEGMENT_PROD;f32 i32
UnsortedSegmentSum;P1;UNSORTED_SEGMENT_SUM;f32 i32
UpperBound;;;
Where;P1;WHERE;f32 i8 i32 i64 u8 u32 bool
While;P1;;
WhitespaceTokenizeWithOffsets;;;
WordpieceTokenizeWithOffsets;;;
Xdivy;;;
XlaCallModule;;;
Xlog1py;;;
Xlogy;;;
ZerosLike;P0;ZEROS_LIKE;f32 i32 i64
`
