/**
 * Fills in the quantiles of a run of summaries, after their count and sum: done by hdr-histogram-js, in the thread that
 * encodes. See src/folds/summary-fold.ts.
 */
@external('env', 'quantiles')
export declare function quantiles(family: u32, page: u32, first: i32, count: i32, values: usize): void
