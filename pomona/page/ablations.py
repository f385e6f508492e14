"""What the report shows of studies of variants: verdicts, a plot per metric, and what each group is worth."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.lake import Lake
from corpus.sizes import count_text

if TYPE_CHECKING:
    from pomona.ablation.sizes import Comparison, Metric
    from pomona.ablation.surface_views import Profile
    from pomona.ablation.views import AblationView

_STUDIES = 5  # that are shown, the newest ones
_PLOTS, _UNDECIDED = 24, 30  # of a study


@dataclass(frozen=True, slots=True)
class Plot:
    """A metric of one size, with the difference of each variant, or the worth of each group."""

    metric: str
    model: str
    higher_is_better: bool
    rows: list[tuple[str, int, float, float, float]]  # name, color, difference, low, high
    told: "Metric | None" = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A study as the report shows it."""

    view: "AblationView"
    tokens: str
    plots: list[Plot]
    undecided: "list[Comparison]"
    worths: list[Plot]
    profiles: "list[Profile]"  # of the target


def ablations(lake: Lake) -> list[Shown]:
    """Returns the studies of a lake, the newest first."""
    if not lake.exists("ablations"):
        return []
    from pomona.ablation import views

    newest: dict[str, AblationView] = {}  # of each name
    for one in reversed(views.studies(lake)):
        newest.setdefault(one.name, one)
    return [shown(one) for one in list(newest.values())[:_STUDIES]]


def shown(view: "AblationView") -> Shown:
    """Returns what the report shows of a study: the largest size first, metrics that can decide first."""
    colors = {one.variant: i for i, one in enumerate(view.variants)}
    order = sorted(view.metrics, key=lambda one: (-view.models.index(one.model), not one.can_decide, one.metric))
    plots = []
    for told in order[:_PLOTS]:
        of = [one for one in view.comparisons if (one.model, one.metric) == (told.model, told.metric)]
        rows = [(one.variant, colors[one.variant], one.difference, one.low, one.high) for one in of]
        if of:
            plots.append(Plot(told.metric, told.model, of[0].higher_is_better, rows, told))
    undecided = [one for one in view.comparisons if one.model == view.models[-1] and one.verdict == "undecided"]

    worths = []
    for metric in dict.fromkeys(one.metric for one in view.worth):
        rows = [(one.group, i, one.loss, one.low, one.high)
                for i, one in enumerate(each for each in view.worth if each.metric == metric)]  # fmt: skip
        worths.append(Plot(metric, view.models[-1], False, rows))
    tokens = ", ".join(count_text(one) for one in view.tokens)
    found = view.search
    profiles = [one for one in found.profiles if one.metric == found.target] if found else []
    return Shown(view, tokens, plots, undecided[:_UNDECIDED], worths, profiles)
