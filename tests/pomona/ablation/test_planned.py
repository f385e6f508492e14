"""Which runs a study has, in which order and branch."""

from pathlib import Path

from pomona.ablation import planned
from pomona.ablation.variants import variants
from tests.pomona.ablation.studies import study


def test_whole_comparisons_come_first(tmp_path: Path) -> None:
    wanted = study(model=["1M", "3M"], tokens=["4K", "8K"], suites=["offline"])
    runs = planned.planned(wanted, variants(wanted), tmp_path)
    assert [(one.model, one.seed, one.variant) for one in runs[:4]] == [
        ("1M", 1, "plain"), ("1M", 1, "mixed"), ("1M", 1, "copy"), ("1M", 2, "plain"),
    ]  # fmt: skip
    assert len({one.run.name for one in runs}) == len(runs) == 12
    assert {one.branch for one in runs} == {str(tmp_path / "base")}
    assert {(one.model, one.run.tokens) for one in runs} == {("1M", 4000), ("3M", 8000)}
    assert all(one.mixture.name == one.run.mixture for one in runs)
    assert all((one.mixture.tokens or 0) > (one.run.tokens or 0) for one in runs)
    assert {score.suite for one in runs for score in one.scores} == {"offline"}


def test_long_names_are_cut_and_stay_apart(tmp_path: Path) -> None:
    long = "x" * 60
    names = {f"{long}-{end}": {"weights": {"a": 1, end: 2}} for end in "bc"}
    wanted = study(baseline=f"{long}-b", variants=names, suites=["offline", "math"])
    runs = planned.planned(wanted, variants(wanted), tmp_path)
    every = [one.run.name for one in runs] + [score.name for one in runs for score in one.scores]
    assert len(set(every)) == len(every) == 4 + 8
    assert max(map(len, every)) <= 64
