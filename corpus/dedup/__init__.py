"""Which documents are copies of one another, and which copy stays."""
