/** The port behind which a neural network runs; engine/onnx implements it, a test may too. */
export interface Network {
  /** Rows the implementation likes to get at once. */
  readonly batchRows: number
  /**
   * Squared error per feature, averaged over the steps of each window.
   * `windows` is rows × steps × features (scaled, row-major); resolves to rows × features.
   */
  reconstructionErrors(windows: Float32Array, rows: number): Promise<Float32Array>
  dispose(): Promise<void>
}
