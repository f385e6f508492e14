"""The data, and how it gets in and out: sources, extraction, text kernels, deduplication and the lake."""
