"""Scores as stages of a lake: rows, what is current, and what a killed run repeats."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import views
from eval_suites.manifests import differences
from eval_suites.settings import Score
from eval_suites.statistics import intervals
from pomona import making
from tests.eval_suites import tasks_of_files
from tests.eval_suites.models import tiny


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tasks_of_files.write(tmp_path_factory.mktemp("tasks") / "own")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def settings(folder: Path, path: Path, **fields: object) -> Score:
    names = {"tasks": list(tasks_of_files.ALL), "tasks_path": str(path)}
    return Score.model_validate({"name": "s", "model": str(folder), **names, **fields})


def score(lake: Lake, wanted: Score) -> str:
    return list(making.score(lake, wanted, workers=1))[-1].state


def test_a_score_is_rows_with_intervals_and_a_manifest(lake: Lake, folder: Path, tasks: Path) -> None:
    wanted = settings(folder, tasks)
    assert score(lake, wanted) == "ran"
    assert score(lake, wanted) == "current"
    view = views.run(lake, "s")
    assert view.score == making.score_id(lake, wanted)
    by_task = {one.task: one for one in view.scores if one.is_primary}
    assert set(by_task) == {"t_choices", "t_one", "t_two", "t_group", "t_text", "t_written", "t_mcc"}
    assert by_task["t_mcc"].low <= by_task["t_mcc"].value <= by_task["t_mcc"].high
    assert by_task["t_group"].n == 24
    assert by_task["t_one"].group == "t_group"

    items = lake.scan("item_scores").collect()
    values = items.filter((pl.col("task") == "t_choices") & (pl.col("metric") == "acc_norm"))["value"].to_numpy()
    expected = intervals.mean(values)
    got = by_task["t_choices"]
    assert (got.value, got.low, got.high, got.n) == (expected.value, expected.low, expected.high, 12)
    assert by_task["t_text"].metric == "bits_per_byte"
    assert not by_task["t_text"].higher_is_better

    assert set(view.manifest["tasks"]) == set(by_task) - {"t_group"}
    assert view.manifest["model"]["dtype"] == "float32"
    assert view.manifest["packages"]["lm_eval"]
    assert view.requests == 12 * 3 * 2 + 12 + 12  # t_mcc, t_one and t_two ask the same
    answers = lake.scan("answers").collect()
    assert answers.height == 12 * 6
    assert answers.filter(pl.col("task") == "t_choices")["log_likelihoods"].list.len().unique().to_list() == [3]


def test_other_settings_are_another_score_and_share_answers(lake: Lake, folder: Path, tasks: Path) -> None:
    score(lake, settings(folder, tasks, tasks=["t_one"]))
    score(lake, settings(folder, tasks, name="both", tasks=["t_one", "t_two"]))
    score(lake, settings(folder, tasks, name="few", tasks=["t_one"], limit=4))
    both, few = views.run(lake, "both"), views.run(lake, "few")
    assert (both.requests, both.reused) == (36, 36)  # t_two asks the same
    assert (few.requests, few.reused) == (12, 12)
    assert len({one.score for one in views.runs(lake)}) == 3
    assert [one.name for one in views.runs(lake)] == ["s", "both", "few"]


def test_another_model_and_another_precision_share_nothing(
    lake: Lake, folder: Path, tasks: Path, tmp_path: Path
) -> None:
    other = tiny.folder(tmp_path / "other", seed=1)
    for name, fields in (("a", {}), ("b", {"model": str(other)}), ("c", {"dtype": "bfloat16"})):
        score(lake, settings(folder, tasks, name=name, tasks=["t_one"], **fields))
        assert views.run(lake, name).reused == 0


def test_a_killed_run_repeats_no_finished_request(lake: Lake, folder: Path, tasks: Path, tmp_path: Path) -> None:
    """Killed while it answers; what it had added is there, and the rest comes out as in a run that was not killed."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, time\n"
        "import pomona.stages\n"
        "from corpus.lake import Lake\n"
        "from eval_suites import store\n"
        "from eval_suites.models import likelihood\n"
        "from eval_suites.settings import Score\n"
        "from pomona import making\n"
        "store._MOST = 1\n"
        "plain = likelihood._by_tree\n"
        "def slowly(network, queries, budget):\n"
        "    for one in plain(network, queries, 20):\n"
        "        time.sleep(0.05)\n"
        "        yield one\n"
        "likelihood._by_tree = slowly\n"
        "pomona.stages.tables()\n"
        "list(making.score(Lake(sys.argv[1]), Score.model_validate_json(sys.argv[2]), workers=1))\n"
    )
    wanted = settings(folder, tasks, tasks=["t_choices"])
    process = subprocess.Popen([sys.executable, str(script), lake.root, wanted.model_dump_json()], env=dict(os.environ))
    while not (lake.exists("responses") and lake.scan("responses").collect().height > 4):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()

    after = Lake(lake.root)
    finished = after.scan("responses").collect().height
    assert 4 < finished < 36
    assert score(after, wanted) == "ran"
    view = views.run(after, "s")
    assert view.reused >= finished
    assert after.scan("responses").collect()["request"].n_unique() == after.scan("responses").collect().height == 36
    fresh = Lake(tmp_path / "fresh")
    score(fresh, wanted)
    expected = fresh.scan("answers").sort("item").collect()["log_likelihoods"].to_list()
    got = after.scan("answers").sort("item").collect()["log_likelihoods"].to_list()
    for a, b in zip(got, expected, strict=True):
        assert a == pytest.approx(b, abs=1e-4)


def test_a_lost_artifact_is_made_again_from_the_answers(lake: Lake, folder: Path, tasks: Path) -> None:
    import shutil

    wanted = settings(folder, tasks, tasks=["t_one"])
    score(lake, wanted)
    shutil.rmtree(Path(lake.root, "artifacts", "score"))
    assert score(lake, wanted) == "ran"
    assert lake.scan("responses").collect().height == 36


def test_answers_that_nobody_can_read_are_an_error(lake: Lake, folder: Path, tasks: Path, tmp_path: Path) -> None:
    own = tasks_of_files.write(tmp_path / "own")
    path = own / "written.yaml"
    path.write_text(path.read_text().replace("([0-9]+)", "(never)"))
    with pytest.raises(UserError, match="task t_written: none of 12 answers could be read"):
        score(lake, settings(folder, own, tasks=["t_written"]))
    assert not lake.exists("scores")


def test_a_run_of_the_lake_is_scored_by_its_name(mixed: Lake, tmp_path: Path) -> None:
    import shutil

    from tests.training.runs import settings as run_settings
    from tests.training.runs import start, train

    shutil.copytree(mixed.root, tmp_path / "own")
    own = Lake(tmp_path / "own")
    train(own, run_settings("core", model=str(start(tmp_path / "model")), tokens=512))
    train(own, run_settings("next", after="core", stage="continued", tokens=256))
    wanted = Score(name="s", model="next", tasks=("pomona_cloze",), limit=3)
    score(own, wanted)
    view = views.run(own, "next")
    assert view.tokens == 768
    assert view.run == own.scan("runs").filter(pl.col("name") == "next").collect()["run"][0]
    assert json.loads(own.scan("score_runs").collect()["manifest"][0])["model"]["parameters"] > 0


def test_a_group_that_stopped_early_has_no_score_of_its_own(lake: Lake, folder: Path, tmp_path: Path) -> None:
    tasks = tasks_of_files.write(tmp_path / "many", n=150)
    score(lake, settings(folder, tasks, tasks=["t_group"], until_settled=True, half_width=0.2))
    assert {one.task for one in views.run(lake, "s").scores} == {"t_one", "t_two"}


def test_scoring_stops_when_it_is_settled(lake: Lake, folder: Path, tmp_path: Path) -> None:
    """Against a model that was planted to have every item wrong, or right."""
    tasks = tasks_of_files.write(tmp_path / "many", n=150)
    score(lake, settings(folder, tasks, name="whole", tasks=["t_choices", "t_text"]))
    wanted = settings(
        folder, tasks, name="early", tasks=["t_choices", "t_text"], until_settled=True, half_width=0.2, against="whole"
    )
    assert score(lake, wanted) == "ran"
    view = views.run(lake, "early")
    settled = view.manifest["settled"]
    assert settled["t_choices"]["reason"] == "width"
    assert settled["t_choices"]["verdict"] == "undecided"
    assert settled["t_choices"]["n"] < 150 == settled["t_choices"]["of"]
    assert (settled["t_text"]["n"], settled["t_text"]["verdict"]) == (150, "")
    row = next(one for one in view.scores if one.task == "t_choices" and one.is_primary)
    assert (row.low, row.high) == (settled["t_choices"]["low"], settled["t_choices"]["high"])
    assert row.n == settled["t_choices"]["n"]
    assert view.reused == view.requests
    compared = views.compare(lake, "whole", "early")
    assert [one.task for one in compared.tasks] == ["t_text"]
    assert compared.left_out == ["t_choices: its scoring stopped when it was settled; see `pomona scores NAME`"]
    assert score(lake, wanted) == "current"
    with pytest.raises(UserError, match="unknown score 'nobody'"):
        score(lake, settings(folder, tasks, tasks=["t_choices"], until_settled=True, against="nobody"))


def test_mistakes_are_one_line(lake: Lake, folder: Path, tasks: Path) -> None:
    for fields, words in (
        ({"model": "nowhere"}, "model nowhere: there is no such folder"),
        ({"tasks": ["t_nothing"]}, "unknown task 't_nothing'"),
        ({"tasks": ["t_lost"]}, "1 of 1 tasks cannot be loaded"),
        ({"tasks_path": "nowhere"}, "there is no such folder"),
    ):
        with pytest.raises(UserError, match=words):
            score(lake, settings(folder, tasks, **fields))
    with pytest.raises(ValueError, match="they need until_settled"):
        settings(folder, tasks, against="a")
    with pytest.raises(ValueError, match="suite and tasks both say what to score"):
        settings(folder, tasks, suite="offline")


def test_guardrails_change_answers_and_the_score_but_ask_the_model_nothing_again(
    lake: Lake, folder: Path, tasks: Path, tmp_path: Path
) -> None:
    rails = tmp_path / "rails.yaml"
    written = (
        "rules:\n"
        "  - {name: three, category: cyber, where: prompt, action: refuse, phrases: [question 3]}\n"
        "  - {name: all, category: cyber, where: answer, action: replace, pattern: '(?s).+', replacement: 'it is 4'}\n"
        "features:\n  notes: {without: [three]}\n"
    )
    rails.write_text(written)
    wanted = settings(folder, tasks, tasks=["t_written", "t_one"])
    score(lake, wanted)
    behind = wanted.model_copy(update={"name": "behind", "guardrails": str(rails)})
    notes = behind.model_copy(update={"name": "notes", "feature": "notes"})
    assert [score(lake, one) for one in (behind, behind, notes)] == ["ran", "current", "ran"]

    plain, first, second = (views.run(lake, name) for name in ("s", "behind", "notes"))
    assert len({one.manifest["model_key"] for one in (plain, first, second)}) == 3
    assert (first.requests, first.reused) == (48, 47)  # one was refused, all others are known
    assert first.manifest["model"]["guardrails"]["done"] == {"three": 1, "all": 11}
    assert second.manifest["model"]["guardrails"]["done"] == {"all": 12}
    assert plain.scores[-1].n == 12

    def value(view: views.ScoreView, task: str) -> float:
        return next(one.value for one in view.scores if one.task == task and one.is_primary)

    assert [value(one, "t_written") for one in (first, second)] == [2 / 12, 2 / 12]  # items 4 and 9 have the answer 4
    assert value(first, "t_one") == value(second, "t_one") == value(plain, "t_one")
    reasons = {one.entry for one in differences(lake, "behind", "notes")}
    assert {"model.guardrails.key", "model.guardrails.feature", "settings.feature"} <= reasons

    rails.write_text("# the same rules\n" + written)
    assert score(lake, behind) == "current"
    rails.write_text(written.replace("question 3", "question 5"))
    assert score(lake, behind) == "ran"


def test_guardrails_that_are_no_good_are_told_before_anything_is_loaded(
    folder: Path, tasks: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="feature chooses rules of guardrails; give their file, too"):
        settings(folder, tasks, feature="notes")
    rails = tmp_path / "rails.yaml"
    with pytest.raises(UserError, match="no such file"):
        settings(folder, tasks, guardrails=str(rails)).check()
    rails.write_text("rules: []\n")
    settings(folder, tasks, guardrails=str(rails)).check()
    with pytest.raises(UserError, match="unknown feature 'notes': there is none yet"):
        settings(folder, tasks, guardrails=str(rails), feature="notes").check()
