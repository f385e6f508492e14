"""Whether a document has seen the exam: n-gram indexes over benchmarks, a scan of the corpus, policies, reports."""
