/**
 * Runs between the look at a place's state and the copying of what it says. With 0: between the looks at a native
 * histogram's blocks, and before each shard's cell where one place is folded for a thread that records, or what was reset.
 * Nothing, and compiled to nothing. The kernel that tests run calls them here (see scripts/build-kernel.ts), so that they can free the
 * place, or store to it, at that very point.
 */
// @ts-ignore: decorator
@inline
export function beforeCopy(_place: usize): void {}
