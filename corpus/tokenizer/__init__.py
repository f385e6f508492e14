"""Tokenizers: training one on a sample of the corpus, using another, and turning documents into tokens."""
