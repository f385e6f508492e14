"""What the data is, how it gets in and out: sources, extraction, text kernels, deduplication and the lake."""
