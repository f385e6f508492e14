"""Contamination for a person: which items are touched, both texts side by side with the overlap marked."""

from dataclasses import asdict
from typing import Any

from corpus.lake import Lake
from corpus.text.normal import normal_text
from decontam import report
from decontam.disguises import plain_text
from decontam.policies import policies
from decontam.steps import by_item

_MARGIN = 160  # characters shown around an overlap
_BOLD, _OFF = "\x1b[1;31m", "\x1b[0m"


def overview(lake: Lake, most: int = 20) -> dict[str, Any]:
    """Benchmarks, policies and the worst items, as JSON."""
    index = report.read_index(lake)
    return {
        "benchmarks": report.by_benchmark(lake, index),
        "policies": [asdict(policy) for policy in report.by_policy(lake)],
        "items": by_item(lake).head(most).to_dicts(),
        "unidentified_items": index.unidentified,
        "documents": asdict(report.looked_at(lake)),
    }


def render_overview(facts: dict[str, Any]) -> str:
    """For a terminal."""
    from pomona import output

    benchmarks = output.table(
        [tuple(row.values()) for row in facts["benchmarks"]],
        ("benchmark", "items", "touched", "half or more", "by kept documents", "half or more by kept"),
    )
    rows = [(p["policy"], "in force" if p["in_force"] else "", p["drops"], f"{p['share']:.1%}", p["doc"])
            for p in facts["policies"]]  # fmt: skip
    policy_table = output.table(rows, ("policy", "", "drops", "share", "what it drops"))
    items = output.table(
        [(r["benchmark"], r["item"], r["documents"], f"{r['share']:.2f}", r["n"]) for r in facts["items"]],
        ("benchmark", "item", "documents", "share", "longest"),
    )
    text = f"{benchmarks}\n\n{policy_table}\n\n{items}\n\n{_closing(facts)}"
    if facts["unidentified_items"]:
        n = facts["unidentified_items"]
        text += f"\n\n{n:,} {'item has' if n == 1 else 'items have'} fewer than eight words: only afm protects them"
    return text


def _closing(facts: dict[str, Any]) -> str:
    """What was looked at, and where the touched items are now."""
    documents = facts["documents"]
    n_items, touched, kept = (
        sum(row[k] for row in facts["benchmarks"]) for k in ("items", "touched", "touched_by_kept")
    )
    others = documents["documents"] - documents["looked_at"]
    before = f" ({others:,} others were dropped before)" if others else ""
    return (
        f"{documents['looked_at']:,} documents were looked at{before}: {documents['touch']:,} touch an item, "
        f"{documents['dropped']:,} were dropped.\n"
        f"{touched:,} of {n_items:,} items are touched: {kept:,} by documents that stay, {touched - kept:,} by dropped "
        "ones alone."
    )


def item(lake: Lake, benchmark: str, name: str, most: int = 5) -> dict[str, Any]:
    """One item and the documents that touch it."""
    index = report.read_index(lake)
    rows = report.documents_of(lake, index, benchmark, name, most)
    question, choices, answer = index.texts[index.items.index((benchmark, name))]
    texts = {"question": question, "choices": choices, "answer": answer}
    return {"benchmark": benchmark, "item": name, **texts, "documents": [_shown(row) for row in rows]}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    text = row.pop("text") or ""
    start, end = row["start"], row["end"]
    row["before"] = text[max(0, start - _MARGIN) : start]
    row["overlap"], row["after"] = text[start:end], text[end : end + _MARGIN]
    return row


def render_item(one: dict[str, Any], *, color: bool) -> str:
    """For a terminal: the item, then each document around the overlap."""
    lines = [f"{one['benchmark']} {one['item']}"]
    ngram = one["documents"][0]["ngram"] if one["documents"] else ""
    lines += [
        f"  {name}: {_marked(_one_line(one[name]), ngram, color)}"
        for name in ("question", "choices", "answer")
        if one[name]
    ]
    if not one["documents"]:
        lines.append("\nno document touches it")
    for row in one["documents"]:
        verdict = {True: "kept", False: "dropped", None: "not seen"}[row["kept"]]
        lines.append(
            f"\n{row['uri']} ({row['source']}), {verdict}: share {row['share']:.2f}, {row['n']} words, "
            f"in {row['count']} documents without the item"
        )
        on, off = (_BOLD, _OFF) if color else ("[", "]")
        before, overlap, after = (_one_line(row[k]) for k in ("before", "overlap", "after"))
        lines.append(f"  ... {before} {on}{overlap}{off} {after} ...")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """Without line ends and control characters: a document must not steer the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _marked(text: str, ngram: str, color: bool) -> str:
    """The item's text with the words of the n-gram marked, where they stand in it."""
    wanted, words = normal_text(plain_text(ngram)).split(), text.split()
    normal = [normal_text(plain_text(word)).split() for word in words]
    flat = [(w, i) for i, parts in enumerate(normal) for w in parts]
    for at in range(len(flat) - len(wanted) + 1):
        if wanted and [w for w, _ in flat[at : at + len(wanted)]] == wanted:
            first, last = flat[at][1], flat[at + len(wanted) - 1][1]
            on, off = (_BOLD, _OFF) if color else ("[", "]")
            return " ".join([*words[:first], f"{on}{' '.join(words[first : last + 1])}{off}", *words[last + 1 :]])
    return text


def list_policies() -> list[dict[str, Any]]:
    """Every policy with its limit, meaning and source."""
    return [
        {"policy": name, "drops_from": module.LIMIT, "unit": module.UNIT, "doc": module.DOC, "source": module.SOURCE}
        for name, module in policies().items()
    ]
