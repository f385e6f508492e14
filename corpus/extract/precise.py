"""Extracts the main text with trafilatura. Source: Barbaresi 2021, ACL system demonstrations."""

import trafilatura


def extract(html: str) -> str:
    """Returns the main text of a page, '' if trafilatura finds none."""
    return trafilatura.extract(html, include_comments=False) or ""
