/** Programs of property.test.ts that failed once, as fast-check prints them: seed and path. They are run each time. */
export const FAILED: readonly { readonly seed: number; readonly path: string }[] = []
