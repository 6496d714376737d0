"""The campaign replayed as the platform would have lived it: each evening knows what had landed by then, and nothing else."""
