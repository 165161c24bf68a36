import type { ImageContract, PortContract } from '../image-contract.ts'

export interface DeployedModel {
  readonly className: string
  readonly assetName: string
  readonly contract: ImageContract
}

/** How to put the folder into an app. */
export function androidReadme(packageName: string, models: readonly DeployedModel[], preprocess: string): string {
  const runtime = models.map((m) => m.contract.minRuntimeVersion).filter((v) => v !== undefined)
  return `# Models for Android

Copy \`java/\` and \`assets/\` into \`app/src/main/\` of the app. In \`app/build.gradle\`, keep models as they are, so that they can be mapped into memory:

\`\`\`groovy
android {
    aaptOptions {
        noCompress "tflite"
    }
}
\`\`\`

The app needs the interpreter of LiteRT or TensorFlow Lite${runtime.length > 0 ? `, ${runtime.sort(byVersion).at(-1)} or newer` : ''}.

Pixels become inputs by (pixel - mean) / std with ${code(preprocess)}; this is written into the classes.

| class | model | input | outputs |
|---|---|---|---|
${models.map((m) => `| \`${packageName}.${m.className}\` | ${code(`assets/${m.assetName}`)} | ${port(m.contract.input)} | ${m.contract.outputs.map(port).join(', ')} |`).join('\n')}

\`\`\`java
BaseModelConfig config = new ${models[0]!.className}();
ByteBuffer input = config.allocateInput();
for (int pixel : pixels) {
    config.addImgValue(input, pixel);
}
interpreter.run(input, output);
\`\`\`
`
}

function port({ name, dtype, shape, quant }: PortContract): string {
  const scale = quant ? `, real = ${quant.scale} * (q - ${quant.zeroPoint})` : ''
  return `${code(name)} ${dtype}[${shape.join(', ')}]${scale}`
}

/** Names come from files: nothing in them may act as Markdown. */
function code(text: string): string {
  return `\`${text.replace(/[`|\n\r]/g, '_')}\``
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
