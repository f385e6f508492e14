"""Whether a document has seen the exam: n-gram indexes over benchmarks, and policies. Not built yet."""
