/** One measured figure, as the benchmark run prints and compares it. */
export interface BenchRow {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly target?: { readonly op: '<=' | '>='; readonly value: number }
  readonly note?: string
}
