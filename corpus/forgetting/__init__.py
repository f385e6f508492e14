"""Requests to forget documents: erasures and opt-outs, in the lake and at every later ingest."""
