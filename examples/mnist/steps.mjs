/**
 * The walk of the book's chapter on quantized models, step by step: what the book does, and the command here.
 * Commands run in this folder; `downcast` is the command line of this package.
 */
export const steps = [
  {
    title: 'Convert the trained SavedModel to a float model',
    book: 'The TF 2.0 command line does this, and only this.',
    command: 'downcast convert saved/1 -o out/mnist_savedmodel.tflite',
  },
  {
    title: 'Convert it to a quantized model',
    book: 'A Python program: TFLiteConverter.from_saved_model with optimizations = [DEFAULT].',
    command: 'downcast convert saved/1 --quantize dynamic -o out/mnist_savedmodel_quantized.tflite',
  },
  {
    title: 'The same from the Keras file',
    book: 'Not in the book. Both ways give the same weights.',
    command: 'downcast convert mnist.h5 --quantize dynamic -o out/from_h5.tflite',
  },
  {
    title: 'See the structure and the key facts in one page',
    book: 'Clone TensorFlow and FlatBuffers, build flatc with cmake, run visualize.py beside them.',
    command: 'downcast report out/mnist_savedmodel_quantized.tflite -o out/report.html --preprocess mean=0,std=255',
    page: 'report.html',
  },
  {
    title: 'See the structure as a picture',
    book: 'In TF 1: tflite_convert with a graphviz dump, then graphviz to pdf or png.',
    command: 'downcast graph out/mnist_savedmodel_quantized.tflite -o out/graph.svg',
    page: 'graph.svg',
  },
  {
    title: 'Check the inputs and outputs',
    book: 'Read off the page: both models take and give FLOAT32, so the float configuration can be used again.',
    command: 'downcast inspect out/mnist_savedmodel_quantized.tflite',
  },
  {
    title: 'Write the Android configuration',
    book: 'QuantSavedModelConfig.java, written by hand and checked again after each conversion.',
    command:
      'downcast deploy android out/mnist_savedmodel.tflite out/mnist_savedmodel_quantized.tflite -o out/android --preprocess mean=0,std=255 --force',
  },
  {
    title: 'Run some digits',
    book: 'On the phone, digit by digit.',
    command: 'downcast run out/mnist_savedmodel_quantized.tflite --input data --preprocess mean=0,std=255 --max-samples 4',
  },
  {
    title: 'Float against quantized, on all 10,000 test digits',
    book: 'A table of size and time, and the remark that some pictures that were right become wrong: which ones stays open.',
    command:
      'downcast compare out/mnist_savedmodel.tflite out/mnist_savedmodel_quantized.tflite --data data --preprocess mean=0,std=255 -o out/compare.html',
    page: 'compare.html',
  },
]

/** The book's own figures, on its author's phone. */
export const book = { floatBytes: '312K', quantizedBytes: '82K', floatMs: 5.858854, quantizedMs: 1.439062 }
