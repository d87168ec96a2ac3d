/** The port behind which a neural network runs; engine/kernels and engine/onnx implement it, a test may too. */

/** Our kernels; onnxruntime in WebAssembly or on the graphics processor; a stand-in of a test. */
export type Engine = 'kernels' | 'onnxruntime-wasm' | 'onnxruntime-webgpu' | 'plain'

export interface Network {
  /** What runs it, by name. */
  readonly engine: Engine
  /** Rows the implementation likes to get at once. */
  readonly batchRows: number
  /**
   * Squared error per feature, averaged over the steps of each window.
   * `windows` is rows × steps × features (scaled, row-major); resolves to rows × features.
   */
  reconstructionErrors(windows: Float32Array, rows: number): Promise<Float32Array>
  dispose(): Promise<void>
}
