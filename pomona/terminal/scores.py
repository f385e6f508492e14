"""Scores, comparisons and leaderboards as text."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from pomona import output

_SHOWN = 160  # characters of a prompt or an answer
_BFCL = "pomona_bfcl_"  # begins the names of the categories of function calling

if TYPE_CHECKING:
    from eval_suites.comparing import Changed, Comparison
    from eval_suites.manifests import Reason
    from eval_suites.quoted import Quote
    from eval_suites.standings import Standing
    from eval_suites.views import RunOfSuite, ScoreView


def render(view: "RunOfSuite") -> str:
    """Formats the scores of a model on a suite."""
    rows = [
        (one.task, one.metric, f"{one.value:.4f}", _interval(one.low, one.high), one.n, _clusters(one),
         f"{one.baseline:.3g}" if one.higher_is_better else "", one.shots, _share(one.unparsed))
        for one in view.scores
        if one.is_primary and one.split == "all"
    ]  # fmt: skip
    header = ("task", "metric", "score", "95% interval", "items", "clusters", "guessing", "shots", "unparsed")

    lines = [output.table(rows, header), *_contaminated(view), *_settled(view), ""]
    lines.append(
        f"score {view.score[:8]}  {view.name}: {view.model} on suite {view.suite} (version {view.suite_version})"
    )
    if view.headline is not None:
        lines.append(f"  headline {view.headline:.4f}: mean of centered scores, 0 is guessing and 1 is perfect")
    lines.append(f"  {view.requests:,} requests in {view.seconds:,.1f} s, {view.reused:,} of them answered before")

    lines += [*_function_calling(view), *_membership(view)]
    if view.manifest.get("left_out"):
        named = ", ".join(view.manifest["left_out"][:5])
        lines.append(f"  {len(view.manifest['left_out']):,} tasks have no local data and are left out: {named}")
    if view.manifest.get("held_back"):
        n = sum(view.manifest["held_back"].values())
        lines.append(f"  {n:,} items became examples, because no file holds examples")
    if refused := view.manifest.get("refused"):
        n, first = sum(refused.values()), next(iter(refused))
        lines.append(f"  {n:,} texts were refused and count as empty, most of them because {first}")
    if limit := view.manifest["model"].get("texts_limited_to"):
        lines.append(f"  texts were limited to {limit:,} tokens, half of the model's context; a task asks for more")
    if (used := view.manifest["model"]).get("endpoint"):
        cost = f", for {used['cost']:,.2f}" if used["cost"] else ""
        lines.append(f"  {used['read']:,} tokens read and {used['written']:,} written{cost}")
    if view.cut:
        lines.append(f"  {view.cut:,} prompts did not fit into the model's context and lost their beginning")
    return "\n".join(lines)


def _membership(view: "RunOfSuite") -> list[str]:
    """Formats hints that the model has read the items."""
    rows = [
        (task, f"{one['completion']['value']:.1%}", _interval(one["completion"]["low"], one["completion"]["high"]),
         f"{one['least']['value']:.2f}", one["items"])
        for task, one in view.manifest.get("membership", {}).items()
    ]  # fmt: skip
    if not rows:
        return []
    header = ("task", "completed word by word", "95% interval", "nats of least likely words", "items")
    return [
        "",
        output.table(rows, header),
        "  hints that items were read in training, no proof: compare models on one task",
        "",
    ]


def _function_calling(view: "RunOfSuite") -> list[str]:
    """Formats BFCL's averages, where its categories were scored."""
    from eval_suites.tools import categories

    scores = {
        one.task.removeprefix(_BFCL): categories.Score(one.value, one.n)
        for one in view.scores
        if one.task.startswith(_BFCL) and one.is_primary and one.split == "all"
    }
    averages = asdict(categories.averages(scores)) if scores else {}
    named = [f"{name.replace('_', '-')} {value:.4f}" for name, value in averages.items() if value is not None]
    return [f"  averages as BFCL makes them: {', '.join(named)}"] if named else []


def _settled(view: "RunOfSuite") -> list[str]:
    """Formats where scoring stopped early, and what is settled."""
    rows = []
    for task, one in view.manifest.get("settled", {}).items():
        difference = ""
        if one["difference_low"] is not None:
            difference = _interval(one["difference_low"], one["difference_high"], "+")
        rows.append((task, one["n"], one["of"], one["reason"], one["verdict"], difference))
    if not rows:
        return []
    taken, total = sum(row[1] for row in rows), sum(row[2] for row in rows)
    against = next(iter(view.manifest["settled"].values()))["against"]
    header = ("task", "items taken", "of", "settled by", f"against {against}" if against else "", "difference")
    return [
        "", output.table(rows, header),
        f"{total - taken:,} of {total:,} items were saved; the intervals hold whenever one stops",
    ]  # fmt: skip


def _contaminated(view: "RunOfSuite") -> list[str]:
    """Formats the scores of clean and touched items, where the training data touch some."""
    by_split = {(one.task, one.split): one for one in view.scores if one.is_primary and one.split != "all"}
    rows = []
    for task in dict.fromkeys(task for task, _ in by_split):
        clean, touched, gap = (by_split[task, split] for split in ("clean", "touched", "gap"))
        rows.append(
            (task, f"{clean.value:.4f}", clean.n, f"{touched.value:.4f}", touched.n, f"{gap.value:+.4f}",
             _interval(gap.low, gap.high, "+"))
        )  # fmt: skip
    header = ("task", "clean", "items", "touched by training data", "items", "touched - clean", "95% interval")
    return ["", output.table(rows, header)] if rows else []


def render_list(views: "list[RunOfSuite]") -> str:
    """Formats a line per score."""
    rows = [
        (one.score[:8], one.name, one.model, one.suite, one.suite_version, one.requests, _number(one.headline),
         f"{one.seconds:,.1f}")
        for one in views
    ]  # fmt: skip
    header = ("score", "name", "model", "suite", "version", "requests", "headline", "seconds")
    return output.table(rows, header) if rows else "no score yet; make one: pomona score MODEL --suite offline"


def render_comparison(comparison: "Comparison") -> str:
    """Formats how two models differ."""
    rows = [
        (one.task, one.metric, f"{one.a:.4f}", f"{one.b:.4f}", f"{one.difference:+.4f}",
         _interval(one.low, one.high, "+"), _p(one.adjusted_p), one.verdict, one.n, one.method)
        for one in comparison.tasks
    ]  # fmt: skip
    header = (
        "task", "metric", comparison.a, comparison.b, "difference", "95% interval", "p", "verdict", "items", "test",
    )  # fmt: skip

    lines = [output.table(rows, header), ""]
    lines.append(
        f"{comparison.b} against {comparison.a}, paired over the same items; p is adjusted over all tasks (Holm)"
    )
    lines += [f"note: {one}" for one in comparison.notes]
    lines += [f"left out: {one}" for one in comparison.left_out]
    return "\n".join(lines)


def render_changed(changed: "list[Changed]", comparison: "Comparison") -> str:
    """Formats items on which two models differ, with both answers."""
    lines = []
    for one in changed:
        lines += [
            "", f"{one.task} {one.item}: {one.a:.4g} against {one.b:.4g}", f"  ...{_line(one.prompt[-_SHOWN:])}",
            f"  right: {_line(one.target)}", f"  {comparison.a}: {_line(one.answer_a)}",
            f"  {comparison.b}: {_line(one.answer_b)}",
        ]  # fmt: skip
    return "\n".join(["", *lines]) if lines else ""


def _line(text: str) -> str:
    """Returns the beginning of a text on one line. Blanks stay: they may be what was asked for."""
    text = output.visible(text).replace("\n", "\\n")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def render_leaderboard(standings: "list[Standing]") -> str:
    """Formats models in the order of their headline."""
    if not standings:
        return "no score yet; make one: pomona score MODEL --suite offline"
    tasks = list(standings[0].scores)
    title = f"suite {standings[0].suite}\n\n"
    rows = [
        (one.rank, f"{one.best}-{one.worst}" if one.best != one.worst else str(one.best), one.group, one.name,
         _number(one.headline), "" if one.win_rate is None else f"{one.win_rate:.2f}",
         *(f"{one.scores[task]:.3f}" for task in tasks))
        for one in standings
    ]  # fmt: skip
    table = output.table(rows, ("rank", "95%", "group", "name", "headline", "win rate", *tasks))
    return f"{title}{table}\n\nmodels of one group are not told apart; the win rate depends on which models are here"


def render_quotes(quotes: "list[Quote]") -> str:
    """Formats published numbers of a suite, by source."""
    text = ""
    for source in dict.fromkeys(one.source for one in quotes):
        some = [one for one in quotes if one.source == source]
        rows = [(one.model, one.task, f"{one.value:.3f}") for one in some]
        how = "the same protocol" if some[0].is_comparable else f"not comparable: {some[0].protocol}"
        text += f"\n\nquoted from {source} ({how})\n{output.table(rows, ('model', 'task', 'score'))}"
    return text


def render_reasons(reasons: "list[Reason]", a: str, b: str) -> str:
    """Formats why two numbers differ."""
    rows = [(one.entry, _shown(one.a), _shown(one.b), one.meaning) for one in reasons]
    return output.table(rows, ("entry", a, b, "")) if rows else "nothing differs: the numbers must be the same"


def _shown(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _clusters(one: "ScoreView") -> str:
    return "" if one.n_clusters == one.n else f"{one.n_clusters:,}"


def _interval(low: float, high: float, sign: str = "") -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{low:{sign}.4f}, {high:{sign}.4f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _p(p: float) -> str:
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"
