"""Near-duplicates by MinHash: documents that share most of their shingles."""
