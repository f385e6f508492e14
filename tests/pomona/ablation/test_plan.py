"""What a study will cost is said before it starts."""

import pytest

from corpus.lake import Lake
from pomona import budget
from pomona.ablation import costs
from pomona.ablation.plan import plan
from pomona.terminal.ablations import render_plan
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
    assert "on 100K tokens each: 3 variants x 5 seeds, about" in render_plan(view)

    two = {"plain": {"weights": {"a": 1, "b": 1}}}
    view = plan(mixed, study(search={"runs": 20}, variants=two))
    assert view.sizes[0].runs == 2 + 2 + 20
    assert "2 variants x 2 seeds, what a search finds among them, and 20 runs at random weights" in render_plan(view)
    assert "1 variant x 2 seeds, and 20 " in render_plan(
        plan(mixed, study(search={"runs": 20, "confirm": False}, variants=two))
    )


def test_a_recipes_plan_knows_what_a_study_costs() -> None:
    plain, more = study(), study(search={"runs": 20}, variants={"plain": {"weights": {"a": 1, "b": 1}}})
    assert (costs.n_runs(plain, "1M"), costs.n_runs(more, "1M")) == (6, 2 + 20 + 2)
    one, two = (costs.spent("small", {"ablate": (each,)}, 1e9, 200.0) for each in (plain, more))
    assert two.minutes == pytest.approx(one.minutes * 4)
    assert one.minutes > 6 * 4096 * named("1M", 49_152).flops_per_token(64) / 200e9 / 60
    assert one.peak_bytes == two.peak_bytes


def test_runs_before_others_and_for_all_are_a_part_of_the_plan(mixed: Lake) -> None:
    train = {"sequence_length": 64, "units": 112}
    plain = study(train=train)
    two = {"plain": {"weights": {"a": 1}}, "mixed": {"weights": {"b": 1}}, "copy": {"weights": {"a": 1}}}
    after = two | {"copy": {"weights": {"a": 1}, "before": [{"after": "large", "tokens": 1024}]}}
    shared = study(train=train, runs={"large": {"tokens": 8192}}, variants=after)
    equal = study(train=train, runs={"large": {"tokens": 8192}}, variants=after, equal_cost=True)
    hours = [plan(mixed, one).hours for one in (plain, shared, equal)]
    rate, per_token = budget.load_rates()["training"] * 1e9 * 3600, named("1M", 560).flops_per_token(64)
    assert hours[1] - hours[0] == pytest.approx((8192 + 2 * 1024) * per_token / rate, rel=1e-6)
    assert hours[2] - hours[0] == pytest.approx(8192 * per_token / rate, rel=1e-6)
    view = plan(mixed, shared)
    assert (view.before, view.shared) == ({"copy": 1}, ("large",))
    assert view.sizes[0].parameters < plan(mixed, study()).sizes[0].parameters
    assert "trained once for all of them: large" in render_plan(view)
