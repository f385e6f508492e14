"""The output of `pomona similar`: the documents, and the differences of the first of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pomona import output

if TYPE_CHECKING:
    from corpus.dedup.near.views import Change, Similar

_CONTEXT = 6  # words shown around a change
_MOST_HUNKS = 12  # of a diff that are shown; --json prints all of them
_RED, _GREEN, _OFF = "\x1b[31m", "\x1b[32m", "\x1b[0m"


def render(found: "Sequence[Similar]", *, color: bool) -> str:
    """Formats the documents for a terminal."""
    if not found:
        return "no document shares a shingle with it, according to the signatures"
    rows = [(f"{row.estimate:.3f}", row.id[:12], row.source, row.uri) for row in found]
    lines = [output.visible(output.table(rows, ("jaccard", "id", "source", "uri")))]
    for row in found:
        if row.changes is not None:
            lines += ["", output.visible(f"how {row.uri} differs:"), *_hunks(row.changes, color)]
    return "\n".join(lines)


def _hunks(changes: "Sequence[Change]", color: bool) -> list[str]:
    """Formats one line per run of changes: the number of its first word, and some words around it."""
    hunks: list[list[str]] = []
    at = 1  # number of the current word in the requested text
    for i, (kind, text) in enumerate(changes):
        words = _printable(text).split()
        is_near = i > 0 and (kind != "same" or len(words) <= 2 * _CONTEXT)
        if kind == "same" and not is_near:
            if hunks:
                hunks[-1].append(" ".join([*words[:_CONTEXT], "..."]))
            if i + 1 < len(changes):
                n_before = min(_CONTEXT, len(words))
                more = ["..."] if len(words) > n_before else []
                hunks.append([f"  word {at + len(words) - n_before:,}:", *more, " ".join(words[-n_before:])])
        else:
            if not hunks:
                hunks.append([f"  word {at:,}:"])
            hunks[-1].append(" ".join(words) if kind == "same" else _marked(kind, _clipped(words), color))
        at += 0 if kind == "+" else len(words)
    lines = [" ".join(hunk) for hunk in hunks[:_MOST_HUNKS]]
    if len(hunks) > _MOST_HUNKS:
        lines.append(f"  and {len(hunks) - _MOST_HUNKS:,} more places")
    return lines or ["  only in white space"]


def _clipped(words: list[str]) -> str:
    """Shortens a long run to its ends, with the number of words between them."""
    n_between = len(words) - 4 * _CONTEXT
    if n_between <= 0:
        return " ".join(words)
    return " ".join([*words[: 2 * _CONTEXT], f"... {n_between:,} words ...", *words[-2 * _CONTEXT :]])


def _marked(kind: str, words: str, color: bool) -> str:
    if color:
        return f"{_RED if kind == '-' else _GREEN}{words}{_OFF}"
    return f"[{kind} {words}]"


def _printable(text: str) -> str:
    """Removes control characters, because a document must not control the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
