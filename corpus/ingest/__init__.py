"""Turns raw files of a source into documents and rejects, and counts records that are not documents by their nature."""
