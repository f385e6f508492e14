"""Formats studies of variants."""

from typing import TYPE_CHECKING

from corpus.sizes import count_text
from pomona import output

if TYPE_CHECKING:
    from pomona.ablation.plan import PlanView
    from pomona.ablation.sizes import Comparison
    from pomona.ablation.surface_views import SearchView
    from pomona.ablation.views import AblationView

_FORESEEN = 0.3  # of the variance of left-out runs, below which a surface says little
_MOST = 60  # comparisons that a terminal shows


def render(view: "AblationView", lake: str) -> str:
    """Formats a study of a lake: verdicts, comparisons, and what each metric can tell."""
    lines = [_verdicts(view), "", _comparisons(view), "", _metrics(view)]
    if view.worth:
        lines += ["", _worth(view)]
    if view.search is not None:
        lines += ["", _search(view.search)]
    if view.persistence:
        lines += ["", *_persistence(view)]
    if view.laws:
        lines += ["", _laws(view)]
    lines += ["", *_notes(view, lake)]
    return "\n".join(lines)


def render_plan(view: "PlanView") -> str:
    """Formats what a study will train."""
    lines = [
        f"{one.runs} runs of {one.model} ({one.parameters:,} parameters without the embedding) "
        f"on {count_text(one.tokens)} tokens each: "
        f"{_times(view, one.model)}, about {_time(one.hours)}"
        for one in view.sizes
    ]
    lines.append(f"about {_time(view.hours)} in all, {view.at_once} at once")
    if view.shared:
        lines.append(f"trained once for all of them: {', '.join(view.shared)}")
    lines += [f"{name}: each run after {n} other{'s' if n > 1 else ''}" for name, n in view.before.items()]
    lines += [f"{name} is the same as {other}: a fair null, with seeds of its own" for name, other in view.same.items()]
    return "\n".join(lines)


def _times(view: "PlanView", model: str) -> str:
    """Returns what the runs of a size are: variants times seeds, and those of a search."""
    n = len(view.variants) + view.confirmed
    found = ", what a search finds among them" if view.confirmed else ""
    told = f"{n} variant{'s' if n > 1 else ''} x {len(view.seeds)} seeds{found}"
    return told + (
        f", and {view.searched} runs at random weights" if model == view.sizes[0].model and view.searched else ""
    )


def render_list(views: "list[AblationView]") -> str:
    """Formats a line per study."""
    rows = [
        (one.study[:8], one.name, one.baseline, len(one.variants), len(one.seeds), ", ".join(one.models),
         ", ".join(f"{v.variant} {v.verdict}" for v in one.variants if v.variant != one.baseline))
        for one in views
    ]  # fmt: skip
    header = ("study", "name", "baseline", "variants", "seeds", "models", "verdicts")
    return output.table(rows, header) if rows else "no study yet: pomona ablate STUDY.yaml"


def _verdicts(view: "AblationView") -> str:
    from pomona.ablation.views import together

    every = sorted({one.metric for one in view.metrics})
    differ = not all(one.costs_the_same for one in view.variants)
    rows = [
        (one.variant, one.verdict, *([f"{one.cost:.2f}"] if differ else []), ", ".join(together(one.better_on, every)),
         ", ".join(together(one.worse_on, every)), one.same_as)
        for one in view.variants
    ]  # fmt: skip
    return output.table(rows, ("variant", "verdict", *(["cost"] if differ else []), "better on", "worse on", "same as"))


def _comparisons(view: "AblationView") -> str:
    several = len(view.models) > 1
    rows = [
        (*([one.model] if several else []), one.variant, one.metric, f"{one.difference:+.4f}",
         f"[{one.low:+.4f}, {one.high:+.4f}]", one.verdict, f"{one.adjusted_p:.3g}", _settle(one), one.items,
         *([] if not several else ["" if one.holds is None else f"{one.holds:.0%}"]))
        for one in view.comparisons[:_MOST]
    ]  # fmt: skip
    header = (
        *(["model"] if several else []), "variant", "metric", f"minus {view.baseline}", "95% interval", "verdict",
        "adjusted p", "seeds to settle", "items", *(["holds at next size"] if several else []),
    )  # fmt: skip
    more = len(view.comparisons) - _MOST
    return output.table(rows, header) + (f"\n... and {more} more: --json" if more > 0 else "")


def _settle(one: "Comparison") -> str:
    if one.verdict != "undecided":
        return ""
    return "no number would" if one.seeds_to_settle is None else str(one.seeds_to_settle)


def _metrics(view: "AblationView") -> str:
    rows = [
        (one.metric, one.model, f"{one.signal:.4f}", f"{one.seed_noise:.4f}",
         "" if one.checkpoint_noise is None else f"{one.checkpoint_noise:.4f}", f"{one.ratio:.2f}",
         "yes" if one.can_decide else "no: left out of the verdict")
        for one in view.metrics
    ]  # fmt: skip
    header = ("metric", "model", "spread of variants", "of seeds", "of checkpoints", "signal/noise", "can decide")
    return output.table(rows, header)


def _worth(view: "AblationView") -> str:
    rows = [
        (one.group, f"{one.share:.1%}", one.metric, f"{one.loss:+.4f}", f"[{one.low:+.4f}, {one.high:+.4f}]",
         f"{one.per_share / 100:+.5f}")
        for one in view.worth
    ]  # fmt: skip
    return output.table(
        rows, ("group", "of the tokens", "metric", "lost without it", "95% interval", "per 1% of tokens")
    )


def _search(view: "SearchView") -> str:
    rows = [
        (one.metric, one.kind, f"{one.left_out_error:.4f}", f"{one.explained:.0%}", f"{one.left_out_rank:.2f}")
        for one in view.surfaces
        if one.is_best
    ]
    surfaces = output.table(rows, ("surface of", "kind", "error on left-out runs", "foreseen", "rank correlation"))
    foreseen = [
        (name, f"{one.mean:.4f}", f"[{one.low:.4f}, {one.high:.4f}]",
         ", ".join(f"{group} {weight:.1%}" for group, weight in one.weights.items()))
        for name, one in (("baseline", view.baseline), ("best foreseen", view.best))
    ]  # fmt: skip
    told = f"{surfaces}\n\n" + output.table(foreseen, ("weights", view.target, "95% interval of a run", "which are"))
    best = next(one for one in view.surfaces if one.is_best)
    if best.explained < _FORESEEN:
        told += (
            f"\nthe surface foresees {best.explained:.0%} of what left-out runs came to: do not trust its best weights"
        )
    return told


def _persistence(view: "AblationView") -> list[str]:
    lines = [
        f"from {one.model} to {one.next_model}, {one.kept:.0%} of {one.differences} differences kept their sign; "
        f"{one.foreseen:.0%} were foreseen to"
        for one in view.persistence
    ]
    last = [one.holds for one in view.comparisons if one.model == view.models[-1] and one.holds is not None]
    return [*lines, f"at the next size after {view.models[-1]}, {sum(last) / len(last):.0%} of them are likely to"]


def _laws(view: "AblationView") -> str:
    rows = [
        (one.variant, one.metric, f"{one.floor:.3f}", f"{one.exponent:.3f}", f"{one.value:.4f}",
         f"[{one.low:.4f}, {one.high:.4f}]")
        for one in view.laws
    ]  # fmt: skip
    header = ("variant", "metric", "floor", "exponent", "at 10 times the compute", "95% interval")
    return output.table(rows, header)


def _notes(view: "AblationView", lake: str) -> list[str]:
    sizes = ", ".join(
        f"{model} on {count_text(view.tokens[i] if len(view.tokens) > 1 else view.tokens[0])} tokens"
        for i, model in enumerate(view.models)
    )
    notes = [
        f"study {view.study[:8]}  {view.name}: {view.runs} runs ({sizes}), seeds {', '.join(map(str, view.seeds))}"
    ]
    notes += [f"  {one.variant} is the same as {one.same_as}: a fair null" for one in view.variants if one.same_as]
    if not all(one.costs_the_same for one in view.variants):
        is_equal = bool(view.definition.get("equal_cost"))
        why = "equal up to whole steps" if is_equal else "equal_cost: true makes them equal"
        notes.append(f"  costs differ: FLOPs as a multiple of {view.baseline}'s ({why})")
    if shared := view.definition.get("runs"):
        notes.append(f"  trained once for all variants, and not counted in their cost: {', '.join(shared)}")
    if view.left_out:
        notes.append(f"  too few items to say anything: {', '.join(view.left_out)}")
    notes.append(f"  its runs are in {view.branch} below the lake: pomona runs --lake {lake}/{view.branch}/base")
    return notes


def _time(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.1f} hours"
    minutes = max(round(hours * 60), 1)
    return f"{minutes} minute" + ("s" if minutes > 1 else "")
