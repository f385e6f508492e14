"""What a study will cost is said before it starts."""

import pytest

from corpus.lake import Lake
from pomona import budget
from pomona.ablation import costs
from pomona.ablation.plan import plan
from tests.pomona.ablation.studies import study
from training.shape import named


def test_runs_and_hours_follow_from_sizes_and_this_machines_rate(mixed: Lake) -> None:
    view = plan(mixed, study(model=["1M", "3M"], tokens=["100K", "200K"], seeds=5, at_once=2))
    assert [(one.model, one.runs, one.tokens) for one in view.sizes] == [("1M", 15, 100_000), ("3M", 15, 200_000)]
    assert view.same == {"copy": "plain"}
    assert view.at_once == 2
    rate = budget.load_rates()["training"] * 1e9
    for one in view.sizes:
        least = 15 * one.tokens * named(one.model, 560).flops_per_token(64) / rate / 3600
        assert least < one.hours < 1.2 * least
    assert view.hours == sum(one.hours for one in view.sizes)


def test_a_recipes_plan_knows_what_a_study_costs() -> None:
    plain, more = study(), study(search={"runs": 20}, variants={"plain": {"weights": {"a": 1, "b": 1}}})
    assert (costs.n_runs(plain, "1M"), costs.n_runs(more, "1M")) == (6, 2 + 20 + 2)
    one, two = (costs.spent("small", {"ablate": (each,)}, 1e9, 200.0) for each in (plain, more))
    assert two.minutes == pytest.approx(one.minutes * 4)
    assert one.minutes > 6 * 4096 * named("1M", 49_152).flops_per_token(64) / 200e9 / 60
    assert one.peak_bytes == two.peak_bytes
