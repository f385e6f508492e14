"""Numba kernels over Arrow string buffers. Code that processes the whole corpus does not create Python strings."""
