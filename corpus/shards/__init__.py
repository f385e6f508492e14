"""Token shards: the tokens of a mixture in their training order, as files that are mapped into memory."""
