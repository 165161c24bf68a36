import type { Preprocess } from '../../run/data/preprocess.ts'
import type { ImageContract } from '../image-contract.ts'
import { javaFloat, javaString } from './java.ts'

/** The class that all configurations extend. */
export function baseConfigSource(packageName: string): string {
  return `package ${packageName};

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the app has to know of a model that takes pictures: which file, how large, and how a pixel becomes the model's input.
 * real value = (pixel - mean) / std.
 */
public abstract class BaseModelConfig {
    private String modelName;
    private int numBytesPerChannel;
    private int dimBatchSize;
    private int dimPixelSize;
    private int dimImgWeight;
    private int dimImgHeight;
    private float imageMean;
    private float imageSTD;

    protected BaseModelConfig() {
        setConfigs();
    }

    protected abstract void setConfigs();

    /**
     * Appends one pixel to a buffer in native byte order. Gray models take the lowest byte of val, color models
     * the red, green and blue of an ARGB color.
     */
    public abstract void addImgValue(ByteBuffer imgData, int val);

    /** An empty buffer of the size of the model's input. */
    public ByteBuffer allocateInput() {
        int size = dimBatchSize * dimImgHeight * dimImgWeight * dimPixelSize * numBytesPerChannel;
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** Nearest integer, ties away from zero, as LiteRT's own QUANTIZE. */
    protected static byte quantize(float real, float scale, int zeroPoint, int min, int max) {
        double scaled = real / scale;
        long rounded = scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
        return (byte) Math.max(min, Math.min(max, rounded + zeroPoint));
    }

    public String getModelName() {
        return modelName;
    }

    protected void setModelName(String modelName) {
        this.modelName = modelName;
    }

    public int getNumBytesPerChannel() {
        return numBytesPerChannel;
    }

    protected void setNumBytesPerChannel(int numBytesPerChannel) {
        this.numBytesPerChannel = numBytesPerChannel;
    }

    public int getDimBatchSize() {
        return dimBatchSize;
    }

    protected void setDimBatchSize(int dimBatchSize) {
        this.dimBatchSize = dimBatchSize;
    }

    public int getDimPixelSize() {
        return dimPixelSize;
    }

    protected void setDimPixelSize(int dimPixelSize) {
        this.dimPixelSize = dimPixelSize;
    }

    /** Width of the picture. */
    public int getDimImgWeight() {
        return dimImgWeight;
    }

    protected void setDimImgWeight(int dimImgWeight) {
        this.dimImgWeight = dimImgWeight;
    }

    public int getDimImgHeight() {
        return dimImgHeight;
    }

    protected void setDimImgHeight(int dimImgHeight) {
        this.dimImgHeight = dimImgHeight;
    }

    public float getImageMean() {
        return imageMean;
    }

    protected void setImageMean(float imageMean) {
        this.imageMean = imageMean;
    }

    public float getImageSTD() {
        return imageSTD;
    }

    protected void setImageSTD(float imageSTD) {
        this.imageSTD = imageSTD;
    }
}
`
}

/** The configuration of one model. */
export function configSource(packageName: string, name: string, assetName: string, c: ImageContract, preprocess: Preprocess): string {
  return `package ${packageName};

import java.nio.ByteBuffer;

/** Input ${commentText(c.input.name)}: ${c.input.dtype}, ${c.height} x ${c.width} pixels, ${c.channels === 1 ? 'gray' : 'color'}. */
public class ${name} extends BaseModelConfig {
    @Override
    protected void setConfigs() {
        setModelName(${javaString(assetName)});

        setNumBytesPerChannel(${c.bytesPerChannel});

        setDimBatchSize(${c.batch});
        setDimPixelSize(${c.channels});

        setDimImgWeight(${c.width});
        setDimImgHeight(${c.height});

        setImageMean(${javaFloat(preprocess.mean[0]!)});
        setImageSTD(${javaFloat(preprocess.std[0]!)});
    }

    @Override
    public void addImgValue(ByteBuffer imgData, int val) {
${pixelStatements(c, preprocess)
  .map((s) => `        ${s}`)
  .join('\n')}
    }
}
`
}

const shifts = { red: 16, green: 8, blue: 0, alpha: 24 } as const

/** One statement a channel. A mean or std for each channel stands in its statement. */
function pixelStatements(c: ImageContract, { mean, std, color }: Preprocess): string[] {
  const rgb = color === 'bgr' ? (['blue', 'green', 'red'] as const) : (['red', 'green', 'blue'] as const)
  const channels = c.channels === 1 ? (['blue'] as const) : c.channels === 4 ? ([...rgb, 'alpha'] as const) : rgb
  return channels.map((channel, i) => {
    const value = shifts[channel] === 0 ? 'val & 0xFF' : `(val >> ${shifts[channel]}) & 0xFF`
    const m = mean.length === 1 ? 'getImageMean()' : javaFloat(mean[i]!)
    const s = std.length === 1 ? 'getImageSTD()' : javaFloat(std[i]!)
    const real = `((${value}) - ${m}) / ${s}`
    if (c.input.dtype === 'float32') return `imgData.putFloat(${real});`
    const { scale, zeroPoint } = c.input.quant!
    const range = c.input.dtype === 'int8' ? '-128, 127' : '0, 255'
    return `imgData.put(quantize(${real}, ${javaFloat(scale)}, ${zeroPoint}, ${range}));`
  })
}

/** Text that cannot end a comment, nor be read as a unicode escape. */
function commentText(text: string): string {
  return javaString(text.replaceAll('*/', '* /').replaceAll('\\', '/'))
}
