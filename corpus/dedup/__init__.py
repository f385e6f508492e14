"""Deduplication: finds documents that are copies of each other, and decides which copy stays."""
