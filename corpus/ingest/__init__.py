"""Raw files of a source become documents and rejects; records that are not documents by nature are counted."""
