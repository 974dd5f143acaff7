/**
 * Runs between the look at a place's state and the copying of what it says, and, with 0, between the looks at a native
 * histogram's blocks. Nothing, and compiled to nothing: the kernel
 * that tests run has a call to them in its stead (see scripts/build-kernel.ts), so that they can free the place right there.
 */
// @ts-ignore: decorator
@inline
export function beforeCopy(_place: usize): void {}
