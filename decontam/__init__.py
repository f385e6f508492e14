"""Finds documents that hold benchmarks: n-gram indexes over benchmarks, a scan of the corpus, policies, reports."""
