"""Writes one self-contained HTML page about a lake, for screens, phones, dark mode and print.

It has no script and loads nothing from the network.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from corpus.lake import Lake
from pomona.destination import new_file
from pomona.page import ablations, boards, charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from corpus.dedup.near.views import NearMisses
    from eval_suites.judges.views import StudyView
    from filters.views import Histogram
    from pomona.ablation.sizes import Metric
    from pomona.ablation.surface_views import Profile
    from pomona.views.trace import Example
    from training.views import Curves, RunView

_ITEMS = 10  # benchmark items that are shown
_STUDIES = 20  # judged comparisons that are shown
_CHAINS = 4  # checkpoints that are shown


def write(lake: Lake, out: str) -> None:
    """Writes the page to `out`; the file appears when it is complete."""
    with new_file(out) as path:
        path.write_text(render(lake), encoding="utf-8")


def render(lake: Lake) -> str:
    """Renders the page. It escapes everything that comes from documents, because their texts are untrusted."""
    with lake.snapshot():
        return _render(lake)


def _render(lake: Lake) -> str:
    from corpus import views
    from corpus.dedup.near.views import near_misses
    from corpus.dedup.views import duplicates
    from corpus.mixture import views as mixtures
    from corpus.tokenizer import views as tokenizers
    from decontam import views as decontamination
    from filters.views import has_overrides, histograms
    from pomona import pipeline, standing
    from pomona.version import __version__
    from pomona.views import lineage, overview

    standing.require(lake)
    verdicts = overview.verdicts_of(lake)
    cutting = {family.name: family.cuts for family in pipeline.FAMILIES if family.cuts}
    return (
        environment()
        .get_template("page.html")
        .render(
            lake=lake.url,
            now=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            version=__version__,
            whole=overview.overview(lake, verdicts),
            overridden=has_overrides(lake),
            histograms=histograms(lake, verdicts),
            kept_samples=overview.samples(lake, verdicts, kept=True),
            dropped_samples=overview.samples(lake, verdicts, kept=False),
            duplicates=duplicates(lake),
            copies={family.name: family.copies for family in pipeline.FAMILIES},
            near=near_misses(lake),
            cuts=[cut for name in cutting if (cut := views.cuts(lake, name))],
            cut_headings=cutting,
            contamination=decontamination.overview(lake, _ITEMS) if decontamination.is_decontaminated(lake) else None,
            rejects=views.rejects(lake),
            passed_over=views.passed_over(lake),
            lineage=lineage.lineage(lake),
            mixtures=[mixtures.mixture(lake, name) for name in mixtures.names(lake)],
            tokenizer=tokenizers.tokenizer(lake) if lake.exists("tokenizers") else None,
            chains=_chains(lake),
            boards=boards.boards(lake),
            studies=_studies(lake),
            ablations=ablations.ablations(lake),
        )
    )


def environment() -> "Environment":
    """Returns what renders templates of this folder, with everything escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from pomona import output

    made = Environment(
        loader=PackageLoader("pomona", "page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    filters: dict[str, Any] = {
        "n": _count, "pct": _percent, "size": output.size_text, "g": _number, "json": _json, "changes": _changes,
        "breakable": _breakable, "beside": _beside, "histogram": _histogram, "curve": _curve, "losses": _losses,
        "color": charts.color,
        "times": _times, "dots": _dots, "growth": _growth, "differences": _differences, "profile": _profile,
        "together": _together,
    }  # fmt: skip
    made.filters |= filters
    return made


def _together(names: "Sequence[str]", metrics: "Sequence[Metric]") -> list[str]:
    """Names of metrics, those of all groups as one."""
    from pomona.ablation.views import together

    return together(names, sorted({one.metric for one in metrics}))


@dataclass(frozen=True, slots=True)
class Chain:
    """A checkpoint with the runs that led to it."""

    runs: "list[RunView]"  # the first one first
    curves: "Curves"
    samples: list[dict[str, str]]  # that its model wrote
    example: "Example | None"  # a sentence that it has read


def _studies(lake: Lake) -> "list[StudyView]":
    """Returns what was judged, the newest first."""
    if not lake.exists("studies"):
        return []
    from eval_suites.judges import views

    return views.studies(lake)[::-1][:_STUDIES]


def _chains(lake: Lake) -> list[Chain]:
    """Returns the newest checkpoints from which no run continues, the newest first."""
    if not lake.exists("runs"):
        return []
    from pomona.views import trace
    from training import views

    every = views.runs(lake)
    last = views.last_of_chains(every)[::-1][:_CHAINS]
    return [
        Chain(
            chain := views.history(every, run), views.curves(lake, chain), views.samples(lake, run.run),
            trace.example(lake, run.run),
        )
        for run in last
    ]  # fmt: skip


def _histogram(row: "Histogram") -> str:
    return charts.histogram(row.kept, row.dropped, row.edges, row.limits, row.signal)


def _curve(near: "NearMisses") -> str:
    return charts.lines({"seen": near.curve}, "probability that a pair is seen", near.threshold)


def _losses(chain: Chain) -> str:
    curves = chain.curves
    marks = [(float(start), name) for start, name in zip(curves.starts[1:], curves.names[1:], strict=True)]
    return charts.losses(curves.training, curves.held_out, marks, "loss in nats per token, over tokens read")


def _dots(dots: "boards.Dots") -> str:
    rows = [(name, place, one.value, one.low, one.high) for name, place, one in dots.rows]
    return charts.dots(rows, dots.baseline if dots.higher_is_better else None, f"{dots.metric} of {dots.task}")


def _differences(plot: "ablations.Plot") -> str:
    return charts.dots(plot.rows, 0.0, f"differences of {plot.metric}")


def _profile(profile: "Profile", weight: float) -> str:
    title = f"{profile.metric} over the weight of {profile.group}"
    return charts.band(profile.points, profile.runs, [weight], title)


def _growth(growth: "boards.Growth") -> str:
    series = [
        (name, place, [(tokens, one.value, one.low, one.high) for tokens, one in points])
        for name, place, points in growth.series
    ]
    baseline = growth.baseline if growth.higher_is_better else None
    return charts.growth(series, baseline, f"{growth.metric} of {growth.task}")


def _times(epochs: float) -> str:
    return f"{epochs:.2f}" if epochs >= 0.1 else f"{epochs:.2g}"


def _count(value: Any) -> str:
    return f"{value or 0:,}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _beside(value: float, other: float) -> str:
    """Formats a number with enough digits to differ from another: 10.04 against 10, not 10 against 10."""
    for digits in (3, 5, 8):
        if value == other or f"{value:.{digits}g}" != f"{other:.{digits}g}":
            return _number(value) if digits == 3 else f"{value:.{digits}g}"
    return f"{value:g}"


def _breakable(name: str) -> Any:
    """Escapes a long name, with line breaks allowed after a dot, a slash or an underscore, but not inside a word."""
    from markupsafe import Markup

    return Markup("<wbr>").join(re.split(r"(?<=[._/])", name))


def _changes(changes: Mapping[str, Any]) -> str:
    """Returns what a variant changes, in words: `weights: a 0.5, b 0.5; train: teacher large`."""

    def told(value: Any) -> str:
        if isinstance(value, Mapping):
            return ", ".join(f"{name} {told(one)}" for name, one in value.items())
        if isinstance(value, (list, tuple)):
            return " and ".join(told(one) for one in value)
        return str(value)

    of_mixture = dict(changes.get("mixture") or {})
    others = {name: value for name, value in changes.items() if name != "mixture" and value}
    return "; ".join(f"{name}: {told(value)}" for name, value in (of_mixture | others).items())


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
