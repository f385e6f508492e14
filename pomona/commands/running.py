"""Brings a stage and its inputs up to date, and prints the result."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from corpus.errors import counted
from pomona.commands.options import Running

if TYPE_CHECKING:
    from corpus.lake import Lake
    from corpus.stage import Stage
    from pomona.runner import Outcome
    from pomona.stages import Wanted
    from pomona.standing import OutOfDate

_MOST_LISTED = 6  # kinds of rejects, or of records passed over, that a line names


def bring_up_to_date(lake: "Lake", wanted: "Wanted", run: Running) -> "list[Outcome]":
    """Runs the stages of some families, with progress."""
    from pomona import output, runner

    options = run.options()
    with output.progress() as progress:
        return list(runner.bring_up_to_date(lake, wanted, report=progress, **options))


def bring_planned_up_to_date(lake: "Lake", plans: "Mapping[str, Callable[[], Stage]]", run: Running) -> "list[Outcome]":
    """Runs stages that are not planned from a recipe's section, with progress."""
    from pomona import output, runner

    options = run.options()
    with output.progress() as progress:
        return list(runner.run_stages(lake, plans, report=progress, **options))


def show_last(lake: "Lake", outcomes: "list[Outcome]", as_json: bool) -> None:
    """Prints the result of the last stage, and which later stages are out of date now."""
    from pomona import output, stages, standing, summary

    outcome = outcomes[-1]
    name = outcome.stage
    work = "nothing to do" if outcome.state == "current" else f"work items: {summary.items(outcome)}"
    text, facts = _ingested(lake, name) if stages.reads_sources(name) else _made(lake, outcome)
    text = f"{name}: {text} ({work}, {outcome.seconds:.1f} s)"
    if name in stages.deciding():
        reasons = summary.reasons(lake, name)
        facts["reasons"] = [{"reason": reason, "documents": n, "alone": alone} for reason, n, alone in reasons]
        text = "\n".join(filter(None, [text, summary.main_reasons(reasons)]))

    stale = standing.out_of_date(lake)
    output.show(asdict(outcome) | facts | {"out_of_date": [asdict(one) for one in stale]}, text, as_json)
    print_out_of_date(stale)


def print_out_of_date(stale: "list[OutOfDate]") -> None:
    """Prints on standard error which stages are out of date now, and what to run."""
    before = ""
    for one in stale:
        line = str(replace(one, command="the same command")) if one.command and one.command == before else str(one)
        before = one.command
        print(f"now {line}", file=sys.stderr)


def _made(lake: "Lake", outcome: "Outcome") -> tuple[str, dict[str, Any]]:
    """Returns the rows of each table, and the number of kept documents, as text and as JSON."""
    from pomona.views.decided import decided

    text = ", ".join(f"{n:,} {table}" for table, n in outcome.rows.items())
    if "decisions" not in outcome.rows:
        return text, {}
    kept = decided(lake, outcome.stage).kept
    return f"{text}, {kept:,} kept", {"kept": kept}


def _ingested(lake: "Lake", stage: str) -> tuple[str, dict[str, Any]]:
    """Returns the number of raw records, and of documents, rejects and others, as text and as JSON."""
    from pomona import stages
    from pomona.views.ingested import ingested

    counts = ingested(lake, stages.source_of(stage))
    kind = f" of kind {counts.kind}" if counts.kind else ""
    n_rejects, n_passed = sum(counts.rejects.values()), sum(counts.passed_over.values())
    text = (
        f"{counted(counts.records, 'record')}{kind}: {counted(counts.documents, 'document')}, "
        f"{counted(n_rejects, 'reject')}{_listed(counts.rejects)}, "
        f"{n_passed:,} passed over{_listed(counts.passed_over)}"
    )
    return text, {"records": counts.records, "rejects": counts.rejects, "passed_over": counts.passed_over}


def _listed(counts: dict[str, int]) -> str:
    """Lists counts in parentheses, the most frequent first."""
    if not counts:
        return ""
    shown = [f"{name} {n:,}" for name, n in list(counts.items())[:_MOST_LISTED]]
    return f" ({', '.join(shown)}{', ...' if len(counts) > _MOST_LISTED else ''})"
