"""Extracts the main text with resiliparse. Source: Bevendorff et al. 2018, ChatNoir; github.com/chatnoir-eu."""

from resiliparse.extract.html2text import extract_plain_text


def extract(html: str) -> str:
    """Returns the main text of a page."""
    return str(extract_plain_text(html, main_content=True, alt_texts=False))
