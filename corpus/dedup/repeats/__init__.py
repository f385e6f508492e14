"""Cuts passages that the corpus holds more than once: paragraphs, lines, or spans of words. One copy of each stays."""
