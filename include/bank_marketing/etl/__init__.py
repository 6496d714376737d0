"""Pure Spark transformations: DataFrame in, DataFrame out. Sessions, paths and clocks are the callers'."""
