"""A dry run tells of groups that are not there or too small, as the study itself would, and leaves nothing behind."""

import bisect
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.ablation import plan, supply
from pomona.ablation.settings import Study
from pomona.ablation.variants import variants
from pomona.cli import main
from tests.pomona.ablation.studies import FIELDS, lake_of, run, study

PLAIN = {"plain": {"weights": {"a": 1}}}


@pytest.fixture(scope="module")
def lake(mixed: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(mixed, tmp_path_factory.mktemp("supply") / "lake")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"held_out": ["nowhere"]}, "unknown held_out group 'nowhere'. Allowed: a, b, c"),
        ({"variants": PLAIN | {"other": {"weights": {"d": 1}}}}, "variant 'other', seed 1: .*'d', which has a weight"),
        ({"variants": PLAIN | {"other": {"weights": {"c": 1}}}, "tokens": 20_000}, "variant 'other', seed 1: .*short"),
        ({"variants": PLAIN | {"other": {"where": "nothing > 1"}}}, "variant 'other', seed 1: .*nothing"),
        ({"tasks": ["pomona_gramar"]}, "unknown task 'pomona_gramar'; did you mean 'pomona_grammar'"),
        ({"runs": {"large": {"tokens": "9M"}}}, "variant 'runs-large', seed 0: .*short of text"),
        ({"search": {"runs": 8}, "tokens": 40_000, "variants": {"plain": {"weights": {"a": 0.9, "c": 0.1}}}}, "short"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(changes: dict[str, object], told: str, lake: Lake) -> None:
    with pytest.raises(UserError, match=told):
        plan.plan(lake, study(**changes), counted=True)
    assert plan.plan(lake, study(**changes)).seeds == (1, 2)  # without counting, nothing is read
    assert not Path(lake.root, "branches").exists()


def test_what_a_study_can_train_is_not_refused(mixed: Lake, tmp_path: Path) -> None:
    # As many tokens as the study itself gets from the smallest group, which is most of what the group has.
    lake = lake_of(mixed, tmp_path / "lake")

    def of(tokens: int) -> Study:
        return study(tokens=tokens, held_out=["a"], variants=PLAIN | {"other": {"weights": {"c": 1}}})

    def is_told(tokens: int) -> bool:
        try:
            supply.check(lake, of(tokens), variants(of(tokens)))
        except UserError:
            return True
        return False

    most = bisect.bisect_left(range(20_000), True, key=is_told)
    assert 256 < most < 20_000
    run(lake, of(most // 2))
    with pytest.raises(UserError, match="short of text"):
        run(lake, of(most * 2))


def test_the_command_counts_only_in_a_dry_run(lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "study.yaml"
    fields = {name: value for name, value in FIELDS.items() if name != "name"} | {"held_out": ["nowhere"]}
    path.write_text(str(fields))
    assert main(["ablate", str(path), "--lake", lake.root, "--dry-run"]) == 2
    error = capsys.readouterr().err
    assert "unknown held_out group 'nowhere'" in error
    assert error.count("\n") == 1
    path.write_text(str(fields | {"held_out": ["a"]}))
    assert main(["ablate", str(path), "--lake", lake.root, "--dry-run"]) == 0
    assert "6 runs of 1M" in capsys.readouterr().out
