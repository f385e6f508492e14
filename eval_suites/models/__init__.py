"""Answers requests for log-likelihoods and texts with a model: shared prefixes are computed once."""
