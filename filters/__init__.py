"""Decides whether a document is good: signals are measured once, and rules decide by them in seconds."""
