"""Numba kernels over Arrow string buffers: no Python string is made on a path that sees the corpus."""
