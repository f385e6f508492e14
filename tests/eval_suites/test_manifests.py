"""Why two numbers differ: each reason is found, and none where there is none."""

import pytest

import pomona.stages
from corpus.lake import Lake
from eval_suites.manifests import differences
from eval_suites.settings import Score
from pomona import making
from tests.eval_suites import tasks_of_files
from tests.eval_suites.models import tiny


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    pomona.stages.tables()
    folder = tmp_path_factory.mktemp("manifests")
    own = tasks_of_files.write(folder / "own")
    one, two = (tiny.folder(folder / name, seed=seed) for seed, name in enumerate(("one", "two")))
    lake = Lake(folder / "lake")
    for name, fields in {
        "a": {}, "same": {}, "model": {"model": str(two)}, "dtype": {"dtype": "bfloat16"}, "shots": {"shots": 1},
        "few": {"limit": 5},
    }.items():  # fmt: skip
        wanted = {"name": name, "model": str(one), "tasks": ["t_choices"], "tasks_path": str(own)} | fields
        list(making.score(lake, Score.model_validate(wanted), workers=1))
    return lake


@pytest.mark.parametrize(
    ("other", "entries"),
    [
        ("model", {"model.fingerprint"}),
        ("dtype", {"model.dtype", "settings.dtype"}),
        ("shots", {"settings.shots", "suite.tasks", "tasks.t_choices.shots", "tasks.t_choices.prompt_hash"}),
        ("few", {"settings.limit", *(f"tasks.t_choices.{one}" for one in ("items", "prompt_hash", "items_hash"))}),
    ],
)
def test_each_reason_is_named(lake: Lake, other: str, entries: set[str]) -> None:
    reasons = differences(lake, "a", other)
    assert {one.entry for one in reasons} == entries
    assert all(one.a != one.b for one in reasons)
    assert any(one.meaning for one in reasons)


def test_the_same_score_has_no_reasons(lake: Lake) -> None:
    assert differences(lake, "a", "same") == []
