"""Semantic duplicates: documents whose embeddings are near to each other."""
