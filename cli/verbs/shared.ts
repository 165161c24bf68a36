/** How stored values become the model's inputs; the same record for run, compare and deploy. */
export const preprocessOption = {
  kind: 'text',
  value: 'mean=M,std=S,...',
  help: 'real = (x - mean) / std; a value for each channel as 1:2:3; also size=HxW, color=gray|rgb|bgr|rgba, layout',
} as const
