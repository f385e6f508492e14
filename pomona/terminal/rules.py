"""The output of `pomona rules` and `pomona filter`: comparisons of settings, sweeps of a limit, and warnings."""

from typing import TYPE_CHECKING

from pomona import output
from pomona.page import charts

if TYPE_CHECKING:
    from filters.views import Comparison, OtherLanguages, Sweep

_MOST_LANGUAGES = 6  # in one warning


def render_comparison(found: "Comparison") -> str:
    """Formats counts, reasons and samples of the documents that only one of two settings keeps."""
    counts = found.counts
    lines = [
        f"{found.documents:,} documents",
        output.table(
            [
                ("kept by both", counts["kept_kept"]),
                ("kept only by A", counts["kept_dropped"]),
                ("kept only by B", counts["dropped_kept"]),
                ("dropped by both", counts["dropped_dropped"]),
            ],
            ("", "documents"),
        ),
        f"words kept: {found.words['a']:,} by A, {found.words['b']:,} by B",
    ]

    sides = (
        ("A", found.kept_only_by_a, "B", found.reasons_only_in_b),
        ("B", found.kept_only_by_b, "A", found.reasons_only_in_a),
    )

    for side, samples, other, reasons in sides:
        if samples:
            lines.append(f"\nkept only by {side}; {other} drops them for:")
            lines += [f"  {n:>7,}  {name}" for name, n in reasons.items()]
            lines += [f"  {s.id[:12]}  {s.uri}\n      {', '.join(s.rules)}\n      {s.text}" for s in samples]
    return "\n".join(lines)


def render_sweep(found: "Sweep") -> str:
    """Formats one bar per limit."""
    total = max(found.documents, 1)
    rows = [
        (
            f"{point.limit:.4g}" + (" *" if point.limit == found.limit else ""),
            point.documents,
            f"{point.documents / total:6.1%}",
            point.words,
            "#" * round(40 * point.documents / total),
        )
        for point in found.points
    ]
    text = output.table(rows, (found.bound, "documents", "share", "words", ""))
    return f"{found.rule} ({found.signal}); * is the limit in force\n{text}"


def plot_sweep(found: "Sweep") -> str:
    """Draws the shares of kept documents and words over the limit, as SVG."""
    series = {
        "documents": [(point.limit, point.documents / max(found.documents, 1)) for point in found.points],
        "words": [(point.limit, point.words / max(found.words, 1)) for point in found.points],
    }
    mark = found.limit if isinstance(found.limit, (int, float)) else None
    return charts.lines(series, title=f"{found.rule}: share kept", mark=mark, standalone=True)


def render_other_languages(found: "list[OtherLanguages]") -> str:
    """Formats one warning per group of rule sets; '' if there is nothing to warn about."""
    return "\n".join(_warning(one) for one in found)


def _warning(group: "OtherLanguages") -> str:
    named = ", ".join(f"{language} {count:,}" for language, count in group.languages[:_MOST_LANGUAGES])
    more = ", ..." if len(group.languages) > _MOST_LANGUAGES else ""
    return (
        f"warning: the limits of {', '.join(group.rule_sets)} were chosen on {', '.join(group.made_for)}; "
        f"{group.documents:,} of the {group.total:,} documents whose language is sure are in others ({named}{more}); "
        "set limits for them with `overrides` for a language in a recipe"
    )
