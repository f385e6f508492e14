"""Formats what judges say."""

from typing import TYPE_CHECKING

from pomona import output

if TYPE_CHECKING:
    from eval_suites.judges.views import Grades, Preference, StudyView
    from eval_suites.statistics.intervals import Estimate


def render(view: "StudyView") -> str:
    """Formats a study."""
    lines = _preference(view, view.preference) if view.preference is not None else _grades(view)
    if view.unread:
        lines.append(f"{view.unread:,} of {view.n:,} prompts have a verdict that could not be read; they count nowhere")
    for side in ("a", "b", "judge"):
        about = view.manifest.get(side, {})
        if about.get("cut"):
            lines.append(
                f"{about['cut']:,} prompts lost their beginning, since {side} reads no more: do not trust this study"
            )
        if about.get("refused"):
            n, first = sum(about["refused"].values()), next(iter(about["refused"]))
            lines.append(f"{n:,} texts of {side} were refused and count as empty, most of them because {first}")
    against = f" against {view.b}" if view.b else ""
    lines += ["", f"study {view.study[:8]}  {view.name}: {view.a}{against}, judged by {view.rater}"]
    return "\n".join(lines)


def render_list(views: "list[StudyView]") -> str:
    """Formats a line per study."""
    rows = [
        (one.study[:8], one.name, one.a, one.b, one.rater, one.mode, one.n,
         _share(one.preference.win_rate) if one.preference else "",
         one.preference.verdict if one.preference else one.grades[0].verdict)
        for one in views
    ]  # fmt: skip
    header = ("study", "name", "a", "b", "judge", "mode", "prompts", "a wins", "a is")
    return (
        output.table(rows, header) if rows else "nothing was judged yet: pomona judge A B --judge MODEL --prompts FILE"
    )


def _preference(view: "StudyView", found: "Preference") -> list[str]:
    same = f"; {found.same:,} answers are the same" if found.same else ""
    won = f"a pair is won if it is in both orders, once the judge's lean is taken off{same}"
    rows = [
        ("win rate of a", _share(found.win_rate), "mean preference of the judge; ties count half"),
        ("wins, ties, losses", f"{found.wins:,}, {found.ties:,}, {found.losses:,}",
         won),
        ("verdict", f"a is {found.verdict}" if found.verdict != "undecided" else "undecided",
         f"p {found.p:.3f}, by wins and losses"),
        ("flips", _share(found.order.flips), "pairs whose winner changes with the order of the answers"),
        ("first answer wins", _share(found.order.first), "50% without a lean to a position"),
        ("longer answer wins", f"{found.longer_wins:.1%}", "what a judge who only counts letters would agree with"),
    ]  # fmt: skip
    if found.controlled is not None:
        one = found.controlled
        fit = f"the fit explains {one.explained:.0%}" if one.converged else "the fit has not converged"
        value = f"{one.value:.1%}  [{one.low:.1%}, {one.high:.1%}]"
        rows.append(("length-controlled", value, f"if both answers were as long; {fit}"))
    return [output.table(rows, (f"{view.n:,} prompts, each in both orders", "", ""))]


def _grades(view: "StudyView") -> list[str]:
    rows = []
    for one in view.grades:
        as_text = _share if _is_share(one) else _number
        gap = "" if one.gap is None else as_text(one.gap, "+")
        rows.append((one.what, as_text(one.a), "" if one.b is None else as_text(one.b), gap, one.verdict))
    return [output.table(rows, (f"{view.n:,} prompts", "a", "b", "a - b", "a is"))]


def _is_share(one: "Grades") -> bool:
    return one.what in ("good", "poor")


def _share(estimate: "Estimate", sign: str = "") -> str:
    return f"{estimate.value:{sign}.1%}  [{estimate.low:{sign}.1%}, {estimate.high:{sign}.1%}]"


def _number(estimate: "Estimate", sign: str = "") -> str:
    return f"{estimate.value:{sign}.2f}  [{estimate.low:{sign}.2f}, {estimate.high:{sign}.2f}]"
