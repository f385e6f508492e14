"""The output of `pomona contamination`: benchmarks and policies, or one item with the documents that touch it."""

from typing import TYPE_CHECKING

from corpus.text.normal import normal_text
from decontam.disguises import plain_text
from pomona import output

if TYPE_CHECKING:
    from decontam.views import ItemTexts, Overview

_BOLD, _OFF = "\x1b[1;31m", "\x1b[0m"


def render_overview(found: "Overview", unidentified_items: int) -> str:
    """Formats benchmarks, policies and the worst items as tables."""
    benchmarks = output.table(
        [
            (b.benchmark, b.items, b.touched, b.half_or_more, b.touched_by_kept, b.half_or_more_by_kept)
            for b in found.benchmarks
        ],
        ("benchmark", "items", "touched", "half or more", "by kept documents", "half or more by kept"),
    )
    policies = output.table(
        [(p.policy, "in force" if p.in_force else "", p.drops, f"{p.share:.1%}", p.doc) for p in found.policies],
        ("policy", "", "drops", "share", "what it drops"),
    )
    items = output.table(
        [(one.benchmark, one.item, one.documents, f"{one.share:.2f}", one.n) for one in found.items],
        ("benchmark", "item", "documents", "share", "longest"),
    )
    text = f"{benchmarks}\n\n{policies}\n\n{items}\n\n{_closing(found)}"
    if unidentified_items:
        verb = "item has" if unidentified_items == 1 else "items have"
        text += f"\n\n{unidentified_items:,} {verb} fewer than eight words: only afm protects them"
    return text


def _closing(overview: "Overview") -> str:
    """Says how many documents were checked, and how many touched items kept documents have."""
    documents, benchmarks = overview.documents, overview.benchmarks
    n_items = sum(one.items for one in benchmarks)
    touched, kept = sum(one.touched for one in benchmarks), sum(one.touched_by_kept for one in benchmarks)
    others = documents.documents - documents.looked_at
    before = f" ({others:,} others were dropped before)" if others else ""
    return (
        f"{documents.looked_at:,} documents were checked{before}: {documents.touch:,} touch an item, "
        f"{documents.dropped:,} were dropped.\n"
        f"{touched:,} of {n_items:,} items are touched: {kept:,} by kept documents, {touched - kept:,} only by "
        "dropped ones."
    )


def render_item(one: "ItemTexts", *, color: bool) -> str:
    """Formats the item, then each document around the overlap."""
    lines = [f"{one.benchmark} {one.item}"]
    ngram = one.documents[0].ngram if one.documents else ""
    texts = {"question": one.question, "choices": one.choices, "answer": one.answer}
    lines += [f"  {name}: {_marked(_one_line(text), ngram, color)}" for name, text in texts.items() if text]
    if not one.documents:
        lines.append("\nno document touches it")

    for row in one.documents:
        verdict = {True: "kept", False: "dropped", None: "not seen"}[row.kept]
        lines.append(
            f"\n{row.uri} ({row.source}), {verdict}: share {row.share:.2f}, {row.n} words, "
            f"in {row.count} documents without the item"
        )
        on, off = (_BOLD, _OFF) if color else ("[", "]")
        before, overlap, after = (_one_line(text) for text in (row.before, row.overlap, row.after))
        lines.append(f"  ... {before} {on}{overlap}{off} {after} ...")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """Removes line ends and control characters, because a document must not control the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _marked(text: str, ngram: str, color: bool) -> str:
    """Returns the item's text with the words of the n-gram marked, if it has them."""
    ngram_words, words = normal_text(plain_text(ngram)).split(), text.split()
    normal = [normal_text(plain_text(word)).split() for word in words]
    flat = [(w, i) for i, parts in enumerate(normal) for w in parts]
    for at in range(len(flat) - len(ngram_words) + 1):
        if ngram_words and [w for w, _ in flat[at : at + len(ngram_words)]] == ngram_words:
            first, last = flat[at][1], flat[at + len(ngram_words) - 1][1]
            on, off = (_BOLD, _OFF) if color else ("[", "]")
            return " ".join([*words[:first], f"{on}{' '.join(words[first : last + 1])}{off}", *words[last + 1 :]])
    return text
