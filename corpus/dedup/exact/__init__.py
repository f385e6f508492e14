"""Exact duplicates: documents whose texts differ only in case and white space."""
