"""What a reader sees, as words."""

from corpus.text.normal import normal_text
from decontam.disguises import plain_text


def seen(text: str) -> str:
    """The normal text of what a reader sees."""
    return normal_text(plain_text(text))
