"""trafilatura's extraction. Source: Barbaresi 2021, ACL system demonstrations."""

import trafilatura


def extract(html: str) -> str:
    """Main text of a page; empty where trafilatura finds none."""
    return trafilatura.extract(html, include_comments=False) or ""
