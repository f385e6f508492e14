"""Writes blocks as text."""

from corpus.extract.block import Block


def render(blocks: list[Block]) -> str:
    """Returns the text of blocks, with an empty line between them.

    Consecutive list items and table rows follow each other without an empty line.
    """
    pieces: list[str] = []
    line_before = False
    for block in blocks:
        if pieces:
            pieces.append("\n" if block.is_line and line_before else "\n\n")
        pieces.append(_with_marker(block))
        line_before = block.is_line
    return "".join(pieces)


def _with_marker(block: Block) -> str:
    if block.marker is None or block.verbatim:
        return block.text
    indent = "  " * block.indent
    if not block.marker:
        return f"{indent}  {block.text}"
    return f"{indent}{block.marker}{block.text}"
