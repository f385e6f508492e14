"""One self-contained HTML page about a lake, readable on a phone, in the dark and on paper. No script, no network."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from corpus.lake import Lake
from pomona.destination import new_file


def write(lake: Lake, out: str) -> None:
    """Writes the page to `out`; it appears when it is whole."""
    with new_file(out) as path:
        path.write_text(render(lake), encoding="utf-8")


def render(lake: Lake) -> str:
    """The page. Everything that comes from documents is escaped: their texts are untrusted."""
    with lake.snapshot():
        return _render(lake)


def _render(lake: Lake) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from pomona import __version__, output, standing
    from pomona.report import copies, distributions, facts
    from pomona.stages import decided

    standing.require(lake)

    environment = Environment(
        loader=PackageLoader("pomona", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    filters: dict[str, Any] = {
        "n": _count, "pct": _percent, "size": output.n_bytes, "g": _number, "json": _json, "breakable": _breakable,
        "beside": _beside,
    }  # fmt: skip
    environment.filters |= filters
    found = facts.verdicts(lake)
    return environment.get_template("page.html").render(
        lake=lake.url,
        now=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        version=__version__,
        total=found.height,
        kept=int(found["kept"].sum()),
        words=int(found.filter("kept")["n_words"].sum() or 0),
        all_words=int(found["n_words"].sum() or 0),
        slots=decided(lake),
        overridden=facts.has_overrides(lake),
        funnel=facts.funnel(lake, found),
        sources=facts.by_source(lake, found),
        reasons=facts.by_reason(lake),
        distributions=distributions.distributions(lake, found),
        kept_samples=facts.samples(lake, found, kept=True),
        dropped_samples=facts.samples(lake, found, kept=False),
        duplicates=copies.duplicates(lake),
        near=copies.near_misses(lake),
        passages=copies.passages(lake),
        contamination=copies.contamination(lake),
        rejects=facts.rejects(lake),
        passed_over=facts.passed_over(lake),
        lineage=facts.lineage(lake),
    )


def _count(value: Any) -> str:
    return f"{value or 0:,}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _beside(value: float, other: float) -> str:
    """A number with as many digits as tell it from another: 10.04 against 10, not 10 against 10."""
    for digits in (3, 5, 8):
        if value == other or f"{value:.{digits}g}" != f"{other:.{digits}g}":
            return _number(value) if digits == 3 else f"{value:.{digits}g}"
    return f"{value:g}"


def _breakable(name: str) -> Any:
    """A long name, escaped, that may be broken after a dot, a slash or an underscore, and not inside a word."""
    from markupsafe import Markup

    return Markup("<wbr>").join(re.split(r"(?<=[._/])", name))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
