/** Made by scripts/ops.ts: TensorFlow op, priority, LiteRT operators that recorded cases became, element types that were tried and worked. */
export const opTable = `
Abs;P0;ABS MAXIMUM NEG;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
AccumulateNV2;P2;ADD_N;f32 f16 bf16 f64 i32 i64
Acos;P2;ADD ATAN2 MUL SQRT SUB;f32 f16 bf16 f64
Acosh;P2;ADD DIV LOG MAXIMUM MINIMUM MUL SQRT SUB;f32 f16 bf16 f64
Add;;ADD;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
AddN;P0;ADD ADD_N;f32 f16 bf16 f64 i32 i64
AddV2;P0;ADD CAST RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
AdjustContrast;;;
AdjustContrastv2;P2;ADD MEAN MUL SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8
AdjustHue;P2;ABS ADD CONCATENATION DIV EQUAL FLOOR_MOD GREATER LESS LESS_EQUAL MAXIMUM MINIMUM MUL SELECT_V2 SLICE SUB;f32 f16 bf16 f64 i8 i16 i32
AdjustSaturation;P2;ABS ADD CONCATENATION DIV EQUAL GREATER LESS LESS_EQUAL MAXIMUM MINIMUM MUL SELECT_V2 SLICE SUB;f32 f16 bf16 f64 i8 i16 i32
All;P0;REDUCE_ALL;bool
Angle;P2;ATAN2;c64
Any;P0;REDUCE_ANY CAST EQUAL FLOOR_MOD GATHER LOGICAL_NOT RESHAPE SHAPE WHERE;bool
ApproxTopK;;;
ApproximateEqual;P2;ABS LESS SUB;f32 f16 bf16 f64 i8 i16 i32
ArgMax;P0;ARG_MAX CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool
ArgMin;P0;ARG_MIN CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool
AsString;;;
Asin;P2;ADD ATAN2 MUL SQRT SUB;f32 f16 bf16 f64
Asinh;P2;ABS ADD DIV LOG MAXIMUM MINIMUM MUL SIGN SQRT SUB;f32 f16 bf16 f64
Assert;;;
AssignAddVariableOp;P1;ADD ASSIGN_VARIABLE READ_VARIABLE VAR_HANDLE CAST;f32 i32 resource
AssignSubVariableOp;P1;ASSIGN_VARIABLE READ_VARIABLE SUB VAR_HANDLE CAST;f32 resource
AssignVariableOp;P1;ASSIGN_VARIABLE VAR_HANDLE;f32 resource
Atan;P2;ADD ATAN2 ZEROS_LIKE;f32 f16 bf16 f64
Atan2;P2;ATAN2 BROADCAST_TO BROADCAST_ARGS SHAPE;f32 f16 bf16 f64
Atanh;P2;ABS ADD DIV LOG MAXIMUM MINIMUM MUL SIGN SUB;f32 f16 bf16 f64
AudioSpectrogram;P2;ADD GATHER IMAG MUL REAL RESHAPE RFFT2D SLICE TRANSPOSE CONCATENATION FLOOR_DIV MAXIMUM RANGE SHAPE SQRT SUB;f32 f16 bf16 f64
AvgPool;P0;AVERAGE_POOL_2D TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool
AvgPool3D;P2;AVERAGE_POOL_2D RESHAPE CONCATENATION REDUCE_PROD SHAPE SLICE TRANSPOSE;f32 f16 bf16 f64 i8 i16 u8
BatchCholesky;;;
BatchFFT;;;
BatchFFT2D;;;
BatchFFT3D;;;
BatchIFFT;;;
BatchIFFT2D;;;
BatchIFFT3D;;;
BatchMatMul;;BATCH_MATMUL CAST MUL RESHAPE SUM TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BatchMatMulV2;P0;BATCH_MATMUL FULLY_CONNECTED RESHAPE BROADCAST_TO CONCATENATION MUL SHAPE SLICE SUM TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BatchMatMulV3;P2;CAST MUL RESHAPE SUM TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BatchMatrixBandPart;;;
BatchMatrixDeterminant;;;
BatchMatrixDiag;;;
BatchMatrixDiagPart;;;
BatchMatrixInverse;;;
BatchMatrixSetDiag;;;
BatchMatrixSolve;;;
BatchMatrixSolveLs;;;
BatchMatrixTriangularSolve;;;
BatchNormWithGlobalNormalization;;;
BatchSelfAdjointEigV2;;;
BatchSvd;;;
BatchToSpace;P2;BATCH_TO_SPACE_ND;f32 f16 bf16 f64 i8 i16 i32 i64 u8
BatchToSpaceND;P0;BATCH_TO_SPACE_ND RESHAPE SLICE TRANSPOSE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
BesselI0;;;
BesselI0e;;;
BesselI1;;;
BesselI1e;;;
BesselJ0;;;
BesselJ1;;;
BesselK0;;;
BesselK0e;;;
BesselK1;;;
BesselK1e;;;
BesselY0;;;
BesselY1;;;
Betainc;;;
BiasAdd;P0;ADD RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
BiasAddV1;P2;ADD;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Bincount;;;
Bitcast;P2;BITCAST;f32 f64 i8 i32 i64 u8 u32
BitwiseAnd;P2;ADD BITWISE_XOR RIGHT_SHIFT SUB MINIMUM BITCAST CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BitwiseOr;P2;ADD BITWISE_XOR RIGHT_SHIFT SUB MINIMUM BITCAST CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BitwiseXor;P2;BITWISE_XOR CAST BITCAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
BlockLSTM;;;
BlockLSTMV2;;;
BroadcastArgs;P1;BROADCAST_ARGS;i32 i64
BroadcastTo;P0;BROADCAST_TO CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool string c64
Bucketize;P2;BUCKETIZE;f32 f16 bf16 f64 i32 i64
CTCBeamSearchDecoder;;;
CTCGreedyDecoder;P2;ARG_MAX CAST CONCATENATION CUMSUM GATHER_ND LESS LOGICAL_AND LOGICAL_OR NEG NOT_EQUAL PAD REDUCE_MAX RESHAPE SELECT_V2 SLICE SUB SUM TRANSPOSE WHERE;f32 f16 bf16 f64 i32
Case;P2;EQUAL IF;i32
CaseFoldUTF8;;;
Cast;P0;CAST MUL formula;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
Ceil;P0;CEIL;f32 f16 bf16 f64
CheckNumerics;P1;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
CheckNumericsV2;;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
Cholesky;P2;DIV GATHER MUL SELECT_V2 SQRT SUB TRANSPOSE CONCATENATION FILL SHAPE SLICE WHILE;f32 f16 bf16 f64
ClipByValue;P2;MAXIMUM MINIMUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
CombinedNonMaxSuppression;P2;ABS ADD CAST FLOOR FLOOR_DIV GATHER GREATER LESS MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V4 PACK REDUCE_MAX REDUCE_PROD RESHAPE SELECT_V2 SLICE SUB TOPK_V2 CONCATENATION PAD;f32 f16 bf16 f64
Complex;P2;formula;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
ComplexAbs;P1;ADD MUL SQRT IMAG REAL;c64
Concat;;;
ConcatOffset;;;
ConcatV2;P0;CONCATENATION CAST;f32 f16 f64 i8 i16 i32 i64 u8 u16 u32 bool
Conj;P2;NEG formula;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
ConjugateTranspose;;;
ConstrainedSequence;;;
Conv2D;P0;CONV_2D TRANSPOSE CAST PAD;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
Conv2DBackpropInput;P0;TRANSPOSE_CONV TRANSPOSE GATHER SLICE;f32 f16 bf16 f64 i8 u8
Conv3D;P1;CONV_3D RESHAPE CONV_2D ADD CONCATENATION SHAPE SLICE DEPTHWISE_CONV_2D PAD REDUCE_PROD SPLIT STRIDED_SLICE TRANSPOSE;f32 f16 bf16 f64
Conv3DBackpropInput;;;
Conv3DBackpropInputV2;P1;CONV_3D_TRANSPOSE;f32 f16 bf16 f64
Cos;P0;COS;f32 f16 bf16 f64
Cosh;P2;ADD EXP NEG SUB;f32 f16 bf16 f64
CropAndResize;P2;BATCH_MATMUL GATHER RESHAPE SELECT_V2 ADD GREATER_EQUAL LESS_EQUAL LOGICAL_AND MUL SLICE SUB ABS MAXIMUM CAST EQUAL FLOOR;f32 f16 bf16 f64 u8
Cross;P2;GATHER MUL SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8
CudnnRNN;;;
CudnnRNNV2;;;
CudnnRNNV3;;;
Cumprod;P2;MUL PADV2 SLICE RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Cumsum;P0;CUMSUM CAST;f32 f16 bf16 f64 i32 i64
CumulativeLogsumexp;P2;ADD EXP LOG MAXIMUM MINIMUM PADV2 RESHAPE SLICE SUB;f32 f16 bf16 f64
DataFormatDimMap;P2;FLOOR_MOD GATHER;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
DataFormatVecPermute;P2;GATHER;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
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
DenseBincount;P2;GREATER_EQUAL LESS LOGICAL_AND SELECT_V2 UNSORTED_SEGMENT_SUM MINIMUM;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
DenseToDenseSetOperation;;;
DenseToSparseSetOperation;;;
DepthToSpace;P0;DEPTH_TO_SPACE TRANSPOSE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
DepthwiseConv2dNative;P0;DEPTHWISE_CONV_2D CONV_2D PAD RESHAPE TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
Dequantize;;;
Diag;P2;MATRIX_DIAG RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
DiagPart;P2;GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
Digamma;P2;ADD COS DIV FLOOR LESS LOG MUL SELECT_V2 SIN SUB;f32 f16 bf16 f64
Dilation2D;P2;ADD MAXIMUM STRIDED_SLICE PADV2;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Div;P2;DIV CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
DivNoNan;P1;DIV EQUAL SELECT_V2 RESHAPE;f32 f16 bf16 f64 i8 i16 i32 u8
DynamicPartition;P2;CAST EQUAL GATHER RESHAPE WHERE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
DynamicStitch;P2;CONCATENATION GATHER ADD MAXIMUM REDUCE_MAX UNSORTED_SEGMENT_MAX RANGE RESHAPE SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
EagerPyFunc;;;
Eig;;;
Einsum;P0;BATCH_MATMUL RESHAPE TRANSPOSE FULLY_CONNECTED CONCATENATION SHAPE SLICE SUM GATHER MUL;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Elu;P0;ELU;f32 f16 bf16 f64 i8 i16 u8
Empty;;;
EmptyTensorList;;;
EmptyTensorMap;;;
EncodeBase64;;;
EncodeJpeg;;;
EncodeJpegVariableQuality;;;
EncodePng;;;
EncodeWav;;;
EnsureShape;P2;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
Enter;;;
Equal;P0;EQUAL CAST RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool string
Erf;P2;formula;f32 f16 bf16 f64
Erfc;P0;formula;f32 f16 bf16 f64
Erfinv;P2;ADD LESS LOG MUL NEG SELECT_V2 SQRT SUB;f32 f16 bf16 f64
EuclideanNorm;P1;MUL SQRT SUM;f32 f16 bf16 f64 i8 i16 u8
Exit;;;
Exp;P0;EXP formula CAST;f32 f16 bf16 f64 i8 i16 u8 c64
ExpandDims;P0;RESHAPE EXPAND_DIMS;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Expm1;P1;ABS DIV EXP LESS MUL SELECT_V2 SUB TANH;f32 f16 bf16 f64 i8 i16
ExtractImagePatches;P2;CONCATENATION SPACE_TO_DEPTH STRIDED_SLICE PADV2;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
FFT;P2;ADD SUB formula BATCH_MATMUL CAST COS DIV FLOOR_MOD FULLY_CONNECTED MUL RANGE RESHAPE SHAPE SIN SLICE;c64
FFT2D;P2;ADD FULLY_CONNECTED SUB TRANSPOSE formula BATCH_MATMUL CAST COS DIV FLOOR_MOD MUL RANGE RESHAPE SHAPE SIN SLICE;c64
FFT3D;;;
FakeQuantWithMinMaxArgs;P0;ADD DEQUANTIZE FLOOR MAXIMUM MINIMUM MUL QUANTIZE SUB;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
FakeQuantWithMinMaxVars;P0;DEQUANTIZE QUANTIZE ADD FLOOR MAXIMUM MINIMUM MUL SUB DIV NEG;f32 f16 bf16 f64
FakeQuantWithMinMaxVarsPerChannel;P1;ADD FLOOR MAXIMUM MINIMUM MUL SUB;f32 f16 bf16 f64
Fill;P0;FILL CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool string
Fingerprint;;;
Floor;P0;FLOOR;f32 f16 bf16 f64
FloorDiv;P0;FLOOR_DIV CAST BROADCAST_TO RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
FloorMod;P0;FLOOR_MOD BROADCAST_TO;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
FusedBatchNorm;P2;ADD MEAN MUL RESHAPE RSQRT SQUARED_DIFFERENCE SUB;f32 f16 bf16 f64 i8
FusedBatchNormV2;P2;ADD MEAN MUL RESHAPE RSQRT SQUARED_DIFFERENCE SUB;f32 f16 bf16 f64 i8
FusedBatchNormV3;P0;ADD MUL RESHAPE RSQRT SUB MEAN SQUARED_DIFFERENCE;f32 f16 bf16 f64
FusedDepthwiseConv2dNative;;;
FusedPadConv2D;P2;CONV_2D MIRROR_PAD;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool
FusedResizeAndPadConv2D;;;
GRUBlockCell;;;
Gather;P1;GATHER;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
GatherNd;P0;GATHER_ND;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool string
GatherV2;P0;GATHER CAST;f32 bf16 f64 i8 i16 i32 i64 bool
Greater;P0;GREATER CAST RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
GreaterEqual;P0;GREATER_EQUAL;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
HSVToRGB;P2;ABS ADD CONCATENATION MAXIMUM MINIMUM MUL SLICE SUB;f32 f16 bf16 f64 i8 i16 i32
HashTable;;;
HashTableV2;;;
HistogramFixedWidth;P2;CAST DIV FLOOR MAXIMUM MINIMUM MUL RESHAPE SUB UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64
IFFT;P2;ADD SUB formula BATCH_MATMUL CAST COS DIV FLOOR_MOD FULLY_CONNECTED MUL RANGE RESHAPE SHAPE SIN SLICE;c64
IFFT2D;;;
IFFT3D;;;
IRFFT;P2;FULLY_CONNECTED SUB IMAG REAL;c64
IRFFT2D;;;
IRFFT3D;;;
Identity;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
IdentityN;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
If;P1;IF MUL;bool
Igamma;;;
Igammac;;;
Imag;P2;;c64
ImageProjectiveTransformV2;P2;ABS ADD CAST DIV FLOOR GATHER GREATER_EQUAL LESS LOGICAL_AND MAXIMUM MINIMUM MUL NOT_EQUAL RESHAPE SELECT_V2 SIGN SLICE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ImageProjectiveTransformV3;P2;ADD GATHER MUL RESHAPE SELECT_V2 CAST DIV FLOOR GREATER_EQUAL LESS LOGICAL_AND MAXIMUM MINIMUM NOT_EQUAL SLICE SUB ABS GREATER NEG SIGN;f32 f16 bf16 f64
ImmutableConst;;;
InTopK;;CAST GATHER GREATER LESS RESHAPE SUM;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
InTopKV2;P2;CAST GATHER GREATER LESS RESHAPE SUM;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
InplaceAdd;;;
InplaceSub;;;
InplaceUpdate;;;
Inv;;;
Invert;P2;BITWISE_XOR CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
InvertPermutation;P2;RESHAPE SCATTER_ND;i8 i16 i32 i64 u8 u16 u32
IsFinite;P1;EQUAL SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8
IsInf;P2;EQUAL LOGICAL_AND LOGICAL_NOT SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8
IsNan;P1;NOT_EQUAL;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool string
IteratorGetNext;;;
IteratorV2;;;
L2Loss;P2;MUL SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8
LRN;P0;LOCAL_RESPONSE_NORMALIZATION;f32 f16 bf16 f64
LSTMBlockCell;;;
LeakyRelu;P0;LEAKY_RELU CAST;f32 f16 bf16 f64 i8 i16 u8
LeftShift;P2;GATHER MUL;i8 i16 i32 u8 u16
Less;P0;LESS RESHAPE BROADCAST_TO CAST CONCATENATION SHAPE SLICE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
LessEqual;P0;LESS_EQUAL CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Lgamma;P2;ABS ADD DIV FLOOR LESS LOG MINIMUM MUL NEG SELECT_V2 SIN SUB;f32 f16 bf16 f64
LinSpace;P2;ADD DIV MUL SUB;f32 f16 bf16 f64
ListDiff;P2;CAST EQUAL GATHER LOGICAL_NOT REDUCE_ANY RESHAPE WHERE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool string
Log;P0;LOG;f32 f16 bf16 f64 i8 i16 u8
Log1p;P1;ADD DIV LOG MAXIMUM MINIMUM SUB;f32 f16 bf16 f64
LogMatrixDeterminant;P2;RESHAPE ABS ADD ARG_MAX CONCATENATION DIV EQUAL FILL GATHER LOG MUL NEG SELECT_V2 SHAPE SIGN SLICE SUB SUM WHILE;f32 f16 bf16 f64
LogSoftmax;P0;LOG_SOFTMAX;f32 f16 bf16 f64 i8 i16 u8
LogicalAnd;P0;LOGICAL_AND BROADCAST_TO;bool
LogicalNot;P0;LOGICAL_NOT;bool
LogicalOr;P0;LOGICAL_OR;bool
LookupTableExport;;;
LookupTableExportV2;;;
LookupTableFind;;;
LookupTableFindV2;P2;CAST GATHER GREATER_EQUAL LESS_EQUAL LOGICAL_AND SELECT_V2 SUB;i32 i64
LookupTableSize;;;
LookupTableSizeV2;;;
LoopCond;;;
LowerBound;P2;CAST LESS RESHAPE SUM CONCATENATION SHAPE SLICE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Lu;;;
MakeIterator;;;
MatMul;P0;FULLY_CONNECTED BATCH_MATMUL RESHAPE TRANSPOSE MUL SUM CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
MatrixBandPart;P1;SELECT_V2 GREATER_EQUAL RANGE RESHAPE SHAPE SLICE SUB LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR NEG;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool
MatrixDeterminant;P2;RESHAPE ABS ARG_MAX DIV EQUAL GATHER MUL NEG SELECT_V2 SUB SUM CONCATENATION FILL SHAPE SLICE WHILE;f32 f16 bf16 f64
MatrixDiag;;MATRIX_DIAG;f32 f16 bf16 f64 i8 i16 i32 i64 u8
MatrixDiagPart;;GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixDiagPartV2;;GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixDiagPartV3;P2;GATHER RESHAPE SELECT_V2;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixDiagV2;;MATRIX_DIAG;f32 f16 bf16 f64 i8 i16 i32 i64 u8
MatrixDiagV3;P1;MATRIX_DIAG GATHER RESHAPE SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8
MatrixInverse;P2;CONCATENATION SLICE ABS ARG_MAX DIV EQUAL GATHER MUL NEG RESHAPE SELECT_V2 SUB SUM CAST TRANSPOSE WHILE;f32 f16 bf16 f64
MatrixSetDiag;;MATRIX_SET_DIAG CONCATENATION GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixSetDiagV2;;MATRIX_SET_DIAG CONCATENATION GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixSetDiagV3;P1;MATRIX_SET_DIAG CONCATENATION GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
MatrixSolve;P2;CONCATENATION RESHAPE SLICE ABS ARG_MAX BROADCAST_ARGS BROADCAST_TO DIV EQUAL GATHER MUL NEG SELECT_V2 SHAPE SUB SUM TRANSPOSE WHILE;f32 f16 bf16 f64
MatrixSolveLs;;;
MatrixTriangularSolve;P2;DIV GATHER MUL SELECT_V2 SUB TRANSPOSE WHILE BROADCAST_TO CONCATENATION SHAPE SLICE;f32 f16 bf16 f64
Max;P0;REDUCE_MAX CAST EQUAL FLOOR_MOD GATHER LOGICAL_NOT REDUCE_ANY RESHAPE SHAPE WHERE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
MaxPool;P0;MAX_POOL_2D CAST REDUCE_MAX RESHAPE PADV2 TRANSPOSE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool
MaxPool3D;P2;MAX_POOL_2D RESHAPE TRANSPOSE;f32 f16 bf16 f64 i8 i16 u8
MaxPoolV2;P2;MAX_POOL_2D;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool
MaxPoolWithArgmax;P2;GREATER MAXIMUM SELECT_V2 STRIDED_SLICE CAST PADV2;f32 f16 bf16 f64 i8 i16 i32 i64 u8
MaxSpanningTree;;;
Maximum;P0;MAXIMUM CAST RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Mean;P0;MEAN DIV SUM CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Merge;;;
Mfcc;P2;FULLY_CONNECTED LOG MAXIMUM SQRT;f32 f16 bf16 f64
Min;P0;REDUCE_MIN CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Minimum;P0;MINIMUM CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
MirrorPad;P0;MIRROR_PAD;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool
Mod;P2;ABS FLOOR_MOD LESS NEG SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Mul;P0;MUL CAST formula ADD SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
MulNoNan;P2;EQUAL MUL SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Multinomial;;;
MutableHashTable;;;
MutableHashTableV2;;;
Ndtri;P2;ADD LESS LOG MUL NEG SELECT_V2 SQRT SUB;f32 f16 bf16 f64
Neg;P0;NEG CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
NextIteration;;;
NonMaxSuppression;;ABS ADD FLOOR GATHER GREATER LESS MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V4 REDUCE_MAX REDUCE_PROD SELECT_V2 SLICE SUB TOPK_V2 RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
NonMaxSuppressionV2;;ABS ADD FLOOR GATHER GREATER LESS MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V4 REDUCE_MAX REDUCE_PROD SELECT_V2 SLICE SUB TOPK_V2 RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
NonMaxSuppressionV3;P2;ABS ADD FLOOR GATHER GREATER LESS MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V4 REDUCE_MAX REDUCE_PROD RESHAPE SELECT_V2 SLICE SUB TOPK_V2 CAST CUMSUM FILL MUL RANGE SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
NonMaxSuppressionV4;P2;ABS ADD FLOOR GATHER GREATER LESS MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V4 REDUCE_MAX REDUCE_PROD SELECT_V2 SLICE SUB TOPK_V2;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
NonMaxSuppressionV5;P2;ABS ADD FLOOR GREATER MAXIMUM MINIMUM NON_MAX_SUPPRESSION_V5 REDUCE_MAX REDUCE_PROD RESHAPE SELECT_V2 SLICE SUB;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
NonMaxSuppressionWithOverlaps;;;
NormalizeUTF8;;;
NormalizeUTF8WithOffsetsMap;;;
NotEqual;P0;NOT_EQUAL;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool string
NumpyFunction;;;
OneHot;P0;ONE_HOT CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool
OneShotIterator;;;
OnesLike;P0;BROADCAST_TO SHAPE CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Pack;P0;PACK CAST CONCATENATION RESHAPE formula;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
Pad;P0;PAD CAST RESHAPE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool c64
PadV2;P0;PADV2 CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool
ParallelConcat;P2;CONCATENATION;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
ParallelDynamicStitch;P2;ADD CONCATENATION GATHER MAXIMUM RANGE REDUCE_MAX RESHAPE SHAPE UNSORTED_SEGMENT_MAX;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
ParameterizedTruncatedNormal;;;
ParseExample;;;
ParseExampleV2;;;
ParseSequenceExample;;;
ParseSequenceExampleV2;;;
ParseSingleExample;;;
ParseSingleSequenceExample;;;
PlaceholderV2;;;
PlaceholderWithDefault;;;
Polygamma;;;
PopulationCount;P2;CAST FLOOR_MOD RESHAPE RIGHT_SHIFT SUM;i32 i64
Pow;P0;POW CAST BROADCAST_TO MUL RESHAPE SQRT;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Prelu;;;
PreventGradient;;;
Print;P2;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
PrintV2;;;
Prod;P0;REDUCE_PROD;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
PyFunc;;;
PyFuncStateless;;;
Qr;P2;SLICE ADD DIV EQUAL GATHER GREATER_EQUAL MUL NEG SELECT_V2 SQRT SUB SUM TRANSPOSE BROADCAST_TO CONCATENATION RESHAPE SHAPE WHILE;f32 f16 bf16 f64
QuantizeAndDequantize;;MINIMUM MUL ROUND MAXIMUM DIV GREATER REDUCE_MAX REDUCE_MIN SELECT_V2;f32 f16 bf16 f64
QuantizeAndDequantizeV2;;MINIMUM MUL ROUND MAXIMUM DIV GREATER REDUCE_MAX REDUCE_MIN SELECT_V2;f32 f16 bf16 f64
QuantizeAndDequantizeV3;;;
QuantizeAndDequantizeV4;P2;MINIMUM MUL MAXIMUM ROUND ADD DIV FLOOR GREATER REDUCE_MAX REDUCE_MIN SELECT_V2;f32 f16 bf16 f64
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
RFFT;P1;RESHAPE RFFT2D FULLY_CONNECTED formula SLICE;f32
RFFT2D;P2;RFFT2D;f32
RFFT3D;;;
RGBToHSV;P2;ADD CONCATENATION DIV EQUAL GREATER LESS LESS_EQUAL MAXIMUM MINIMUM MUL SELECT_V2 SLICE SUB;f32 f16 bf16 f64 i8 i16 i32 u8
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
Range;P0;RANGE CAST;f32 f64 i32 i64
Rank;;;
ReadVariableOp;P1;READ_VARIABLE VAR_HANDLE;resource
ReaderReadV2;;;
Real;P2;IMAG REAL;c64
RealDiv;P0;DIV CAST ADD MUL NEG SUB formula;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
Reciprocal;P1;DIV;f32 f16 bf16 f64 i8 i16 i32 u8
ReduceJoin;;;
RefEnter;;;
RefExit;;;
RefMerge;;;
RefSwitch;;;
RegexFullMatch;;;
RegexReplace;;;
RegexSplitWithOffsets;;;
Relu;P0;RELU MAXIMUM CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Relu6;P0;RELU6 MAXIMUM MINIMUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
RequantizationRange;;;
Requantize;;;
Reshape;P0;RESHAPE CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
ResizeArea;P2;BATCH_MATMUL RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResizeBicubic;P2;BATCH_MATMUL RESHAPE CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResizeBilinear;P0;RESIZE_BILINEAR CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResizeNearestNeighbor;P0;RESIZE_NEAREST_NEIGHBOR CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
ResourceGather;;;
ResourceGatherNd;;;
ResourceScatterAdd;P1;ADD ASSIGN_VARIABLE READ_VARIABLE SCATTER_ND RESHAPE;resource
ResourceScatterMax;P1;ASSIGN_VARIABLE MAXIMUM READ_VARIABLE UNSORTED_SEGMENT_MAX RESHAPE SUM;resource
ResourceScatterMin;P1;ASSIGN_VARIABLE MINIMUM READ_VARIABLE UNSORTED_SEGMENT_MIN RESHAPE SUM;resource
ResourceScatterNdAdd;P1;ADD ASSIGN_VARIABLE READ_VARIABLE SCATTER_ND;f32
ResourceScatterNdMax;;;
ResourceScatterNdMin;;;
ResourceScatterNdSub;P1;ASSIGN_VARIABLE READ_VARIABLE SCATTER_ND SUB;f32
ResourceScatterNdUpdate;P1;ASSIGN_VARIABLE CONCATENATION GATHER READ_VARIABLE ADD GREATER MAXIMUM RESHAPE SELECT_V2 SUM UNSORTED_SEGMENT_MAX VAR_HANDLE;f32
ResourceScatterSub;P1;ASSIGN_VARIABLE READ_VARIABLE RESHAPE SCATTER_ND SUB;resource
ResourceScatterUpdate;P1;ASSIGN_VARIABLE READ_VARIABLE ADD CONCATENATION GATHER GREATER MAXIMUM RESHAPE SELECT_V2 SUM UNSORTED_SEGMENT_MAX VAR_HANDLE DYNAMIC_UPDATE_SLICE;f32 resource
ResourceStridedSliceAssign;P1;ASSIGN_VARIABLE CONCATENATION GATHER READ_VARIABLE RESHAPE VAR_HANDLE;f32
Reverse;P2;REVERSE_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool
ReverseSequence;P1;REVERSE_SEQUENCE;f32 f16 bf16 f64 i16 i32 i64 u8
ReverseV2;P0;REVERSE_V2 CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool c64
RightShift;P2;RIGHT_SHIFT;i8 i16 i32 u8 u16
Rint;P2;ROUND;f32 f16 bf16 f64
Roll;P1;SLICE CONCATENATION FLOOR_MOD GATHER SUB RANGE RESHAPE SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
RougeL;;;
Round;P0;ROUND;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
Rsqrt;P0;RSQRT CAST;f32 f16 bf16 f64 i8 i16 u8
SampleDistortedBoundingBox;;;
SampleDistortedBoundingBoxV2;;;
ScaleAndTranslate;P2;BATCH_MATMUL RESHAPE;f32 f16 bf16 f64
ScatterNd;P0;SCATTER_ND CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 bool
ScatterNdNonAliasingAdd;;;
SegmentMax;P2;SELECT_V2 UNSORTED_SEGMENT_MAX ADD GREATER REDUCE_MAX RESHAPE UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
SegmentMean;P2;DIV UNSORTED_SEGMENT_SUM ADD MAXIMUM REDUCE_MAX RESHAPE;f32 f16 bf16 f64
SegmentMin;P2;SELECT_V2 UNSORTED_SEGMENT_MIN ADD GREATER REDUCE_MAX RESHAPE UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
SegmentProd;P2;UNSORTED_SEGMENT_PROD ADD REDUCE_MAX;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
SegmentSum;P1;UNSORTED_SEGMENT_SUM ADD REDUCE_MAX CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Select;P0;SELECT_V2 RESHAPE SELECT;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool
SelectV2;P0;SELECT SELECT_V2 BROADCAST_TO CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool
SelfAdjointEigV2;;;
Selu;P0;EXP GREATER MUL SELECT_V2 SUB;f32 f16 bf16 f64 i8 i16 u8
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
ShapeN;P2;SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Sigmoid;P0;LOGISTIC CAST;f32 f16 bf16 f64 i8 i16 u8
Sign;P0;SIGN CAST GREATER LESS SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Sin;P0;SIN;f32 f16 bf16 f64
Sinh;P2;ABS DIV EXP LESS MUL NEG SELECT_V2 SUB TANH;f32 f16 bf16 f64
Size;P1;REDUCE_PROD SHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Slice;P0;SLICE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
Snapshot;;;
Softmax;P0;SOFTMAX CAST;f32 f16 bf16 f64 i8 i16 u8
SoftmaxCrossEntropyWithLogits;P2;LOG_SOFTMAX MUL NEG SOFTMAX SUB SUM;f32 f16 bf16 f64
Softplus;P0;ABS ADD EXP LOG NEG RELU;f32 f16 bf16 f64
Softsign;P1;ABS ADD DIV;f32 f16 bf16 f64 i8 i16 i32
SpaceToBatch;P2;SPACE_TO_BATCH_ND;f32 f16 bf16 f64 i8 i16 i32 i64 u8
SpaceToBatchND;P0;SPACE_TO_BATCH_ND PAD RESHAPE TRANSPOSE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
SpaceToDepth;P0;SPACE_TO_DEPTH TRANSPOSE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
SparseAdd;;;
SparseBincount;;;
SparseCross;;;
SparseCrossHashed;;;
SparseCrossV2;;;
SparseFillEmptyRows;P2;ADD CAST CONCATENATION CUMSUM EQUAL FILL GATHER PAD RANGE RESHAPE SHAPE UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM WHERE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool string
SparseMatMul;;;
SparseReduceSum;;;
SparseReorder;;;
SparseReshape;P2;ADD CAST FLOOR_DIV GATHER MUL PACK FLOOR_MOD LESS MAXIMUM SELECT_V2;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool c64
SparseSegmentMean;P2;DIV GATHER UNSORTED_SEGMENT_SUM ADD CAST FILL MAXIMUM REDUCE_MAX RESHAPE SHAPE;f32 f16 bf16 f64
SparseSegmentMeanWithNumSegments;;;
SparseSegmentSqrtN;P2;DIV GATHER UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64
SparseSegmentSqrtNWithNumSegments;;;
SparseSegmentSum;P2;GATHER UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
SparseSegmentSumWithNumSegments;P2;GATHER UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
SparseSlice;;;
SparseSoftmaxCrossEntropyWithLogits;P2;LOG_SOFTMAX MUL NEG ONE_HOT SOFTMAX SUB SUM;f32 f16 bf16 f64
SparseTensorDenseMatMul;P2;CAST GATHER MUL RESHAPE UNSORTED_SEGMENT_SUM TRANSPOSE;f32 f16 bf16 f64 i32
SparseToDense;P2;SPARSE_TO_DENSE CAST;f32 f16 bf16 f64 i8 i32 i64 u8
SparseToSparseSetOperation;;;
Split;P0;SPLIT SLICE CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
SplitMergeTokenizeWithOffsets;;;
SplitV;P0;SPLIT_V;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool
Sqrt;P0;SQRT;f32 f16 bf16 f64 i8 i16 u8
Square;P0;SQUARE MUL CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
SquaredDifference;P0;SQUARED_DIFFERENCE RESHAPE MUL SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
Squeeze;P0;RESHAPE SQUEEZE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
StatelessCase;P2;EQUAL IF;i32
StatelessIf;P1;IF CAST MUL NOT_EQUAL REVERSE_V2 SUM TRANSPOSE;bool
StatelessMultinomial;;;
StatelessRandomGammaV2;;;
StatelessRandomGammaV3;;;
StatelessRandomGetAlg;;;
StatelessRandomGetKeyCounter;P2;;i32 i64 u64
StatelessRandomGetKeyCounterAlg;;;
StatelessRandomNormal;P2;;i32 i64 u64
StatelessRandomNormalV2;P2;;i8 i16 i32 i64 u8 u16 u32 u64 bool
StatelessRandomPoisson;;;
StatelessRandomUniform;P2;;i32 i64 u64
StatelessRandomUniformFullInt;;;i8 i16 i32 i64 u8 u16 u32 u64 bool
StatelessRandomUniformFullIntV2;P2;;i8 i16 i32 i64 u8 u16 u32 u64 bool
StatelessRandomUniformInt;;;i32
StatelessRandomUniformIntV2;P2;;i8 i16 i32 i64 u8 u16 u32 u64 bool
StatelessRandomUniformV2;P2;;i8 i16 i32 i64 u8 u16 u32 u64 bool
StatelessSampleDistortedBoundingBox;;;
StatelessShuffle;;;
StatelessTruncatedNormal;;;
StatelessTruncatedNormalV2;;;
StatelessWhile;P1;WHILE FILL PACK CAST GATHER SHAPE;i32
StaticRegexFullMatch;;;
StaticRegexReplace;;;
StopGradient;P0;;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
StridedSlice;P0;STRIDED_SLICE RESHAPE CONCATENATION GATHER SHAPE SLICE IMAG REAL formula CAST;f32 f64 i8 i16 i32 i64 u8 u16 u32 bool c64
StringFormat;;;
StringJoin;;;
StringLength;P2;;
StringLower;;;
StringSplit;;;
StringSplitV2;;;
StringStrip;;;
StringToHashBucket;;;
StringToHashBucketFast;;;
StringToHashBucketStrong;;;
StringToNumber;;;
StringUpper;;;
Sub;P0;SUB CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
Substr;;;
Sum;P0;SUM CAST EQUAL FLOOR_MOD GATHER LOGICAL_NOT REDUCE_ANY RESHAPE SHAPE WHERE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32 c64
Svd;;;
Switch;;;
TFText>NgramsStringJoin;;;
TFText>WhitespaceTokenizeWithOffsetsV2;;;
Tan;P2;COS DIV SIN;f32 f16 bf16 f64
Tanh;P0;TANH;f32 f16 bf16 f64 i8 i16 u8
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
TensorListFromTensor;P1;CAST;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource variant
TensorListGather;;;
TensorListGetItem;P1;GATHER CAST;f32 f16 i4 i8 i16 i32 i64 u8 u16 u32 bool string
TensorListLength;;;
TensorListPopBack;;;
TensorListPushBack;;;
TensorListPushBackBatch;;;
TensorListReserve;P1;;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool c64
TensorListResize;;;
TensorListScatter;;;
TensorListScatterIntoExistingList;;;
TensorListScatterV2;;;
TensorListSetItem;P1;RESHAPE DYNAMIC_UPDATE_SLICE PACK CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
TensorListSplit;;;
TensorListStack;P1;CAST;f32 f16 bf16 f64 i4 u4 i2 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64 c128 resource
TensorMapErase;;;
TensorMapHasKey;;;
TensorMapInsert;;;
TensorMapLookup;;;
TensorMapSize;;;
TensorMapStackKeys;;;
TensorScatterAdd;P2;ADD SCATTER_ND;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
TensorScatterMax;P2;MAXIMUM UNSORTED_SEGMENT_MAX SUM ADD CONCATENATION GATHER MUL REDUCE_PROD RESHAPE SHAPE SLICE;f32 f16 bf16 f64 i32
TensorScatterMin;P2;MINIMUM SUM UNSORTED_SEGMENT_MIN;f32 f16 bf16 f64 i32
TensorScatterSub;P2;SCATTER_ND SUB;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
TensorScatterUpdate;P1;CONCATENATION GATHER ADD GREATER MAXIMUM SELECT_V2 UNSORTED_SEGMENT_MAX SUM RESHAPE SHAPE CAST DYNAMIC_UPDATE_SLICE MUL PAD RANGE SUB REDUCE_PROD SLICE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
TensorStridedSliceUpdate;P2;CONCATENATION GATHER RESHAPE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
Tile;P0;TILE CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool string c64
Timestamp;;;
TokenizerFromLogits;;;
TopK;;TOPK_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8
TopKV2;P0;TOPK_V2 CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Transpose;P0;TRANSPOSE RESHAPE CAST formula;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
TruncateDiv;P2;DIV CAST CEIL FLOOR LESS SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
TruncateMod;P2;ABS FLOOR_MOD LESS NEG SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
TruncatedNormal;;;
UnicodeDecode;;;
UnicodeDecodeWithOffsets;;;
UnicodeEncode;;;
UnicodeScriptTokenizeWithOffsets;;;
UnicodeTranscode;;;
Unique;P1;UNIQUE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
UniqueV2;;UNIQUE;f32 f16 bf16 f64 i8 i16 i32 i64 u8
UniqueWithCounts;P2;RESHAPE SHAPE UNIQUE UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8
UniqueWithCountsV2;;RESHAPE SHAPE UNIQUE UNSORTED_SEGMENT_SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8
Unpack;P0;UNPACK RESHAPE SLICE CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string c64
UnravelIndex;P2;FLOOR_DIV FLOOR_MOD;i8 i16 i32 i64 u8 u16 u32 bool
UnsortedSegmentJoin;;;
UnsortedSegmentMax;P1;UNSORTED_SEGMENT_MAX;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
UnsortedSegmentMin;P1;UNSORTED_SEGMENT_MIN;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
UnsortedSegmentProd;P1;UNSORTED_SEGMENT_PROD CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
UnsortedSegmentSum;P1;UNSORTED_SEGMENT_SUM CAST;f32 f16 bf16 f64 i8 i16 i32 i64 u8 u16 u32
UpperBound;P2;CAST LESS_EQUAL RESHAPE SUM;f32 f16 bf16 f64 i8 i16 i32 i64 u8
VarHandleOp;P1;;
Where;P1;WHERE;f32 f16 bf16 f64 i8 i32 i64 u8 u32 bool
While;P1;WHILE FILL GATHER PACK SHAPE;i32
WhitespaceTokenizeWithOffsets;;;
WordpieceTokenizeWithOffsets;;;
Xdivy;P2;DIV EQUAL SELECT_V2;f32 f16 bf16 f64 i8 i16 i32 u8
XlaCallModule;;;
XlaDynamicSlice;P2;MAXIMUM MINIMUM SLICE SHAPE SUB CAST;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 bool string
XlaDynamicUpdateSlice;P2;DYNAMIC_UPDATE_SLICE;f32 f16 bf16 f64 i8 i16 i32 i64 u8 bool
Xlog1py;P2;ADD DIV EQUAL LOG MAXIMUM MINIMUM MUL SELECT_V2 SUB;f32 f16 bf16 f64
Xlogy;P2;EQUAL LOG MUL SELECT_V2;f32 f16 bf16 f64 i8 i16 u8
ZerosLike;P0;ZEROS_LIKE;f32 f16 bf16 f64 i4 i8 i16 i32 i64 u8 u16 u32 u64 bool string c64
Zeta;;;
_FusedBatchNormEx;;;
_FusedConv2D;;;
_FusedDepthwiseConv2dNative;;;
_FusedMatMul;;;
`
