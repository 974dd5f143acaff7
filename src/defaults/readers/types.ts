/** How a default metric is called, in both interfaces. */
export interface Definition {
  readonly name: string
  readonly help: string
}
