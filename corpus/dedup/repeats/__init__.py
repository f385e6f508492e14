"""Passages that the corpus holds more than once: paragraphs, lines, or spans of words. All copies but one are cut."""
