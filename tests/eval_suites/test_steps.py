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
from eval_suites import comparing, views
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
    compared = comparing.compare(lake, "whole", "early")
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


def test_other_data_of_a_task_make_another_score(lake: Lake, folder: Path, tmp_path: Path) -> None:
    """Data beside the tasks and data that they name elsewhere, and the packages that have tasks."""
    path = tasks_of_files.write(tmp_path / "own")
    wanted = settings(folder, path, tasks=["t_choices"])
    assert score(lake, wanted) == "ran"
    assert score(lake, wanted) == "current"
    rows = (path / "test.jsonl").read_text()
    (path / "test.jsonl").write_text(rows.replace("question 1", "question one"))
    assert score(lake, wanted) == "ran"

    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text(rows)
    task = (path / "choices.yaml").read_text().replace(f"{path}/test.jsonl", str(elsewhere))
    (path / "choices.yaml").write_text(task)
    assert score(lake, wanted) == "ran"
    elsewhere.write_text(rows + rows.splitlines()[0] + "\n")
    assert score(lake, wanted) == "ran"
    assert views.run(lake, "s").manifest["tasks"]["t_choices"]["items"] == 13


def test_another_version_of_a_package_with_tasks_makes_another_score(
    lake: Lake, folder: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eval_suites import stages

    wanted = settings(folder, tasks, tasks=["t_choices"])
    before = making.score_id(lake, wanted)
    monkeypatch.setattr(stages, "installed", lambda package: "other")
    assert making.score_id(lake, wanted) != before


def test_items_of_an_early_stop_are_those_of_the_whole_score(lake: Lake, folder: Path, tmp_path: Path) -> None:
    """Items are asked in a random order, and must be written down under their own numbers."""
    path = tasks_of_files.write(tmp_path / "own", n=60)
    tasks = ["t_choices", "t_one", "t_text"]
    score(lake, settings(folder, path, name="whole", tasks=tasks))
    score(lake, settings(folder, path, name="early", tasks=tasks, until_settled=True, half_width=0.3))
    score(lake, settings(folder, path, name="itself", tasks=tasks, until_settled=True, against="whole"))

    def answered(name: str) -> dict[tuple[str, int], tuple[str, str]]:
        rows = lake.scan("answers", slot=f"score-{views.run(lake, name).score}").collect().to_dicts()
        return {(row["task"], row["item"]): (row["prompt"], row["answer"]) for row in rows}

    whole = answered("whole")
    for name in ("early", "itself"):
        some = answered(name)
        assert some
        assert some == {key: whole[key] for key in some}
    for one in views.run(lake, "itself").manifest["settled"].values():
        if one["difference_low"] is not None:
            assert one["verdict"] == "undecided"
            assert one["difference_low"] < 0 < one["difference_high"]
            assert one["difference_low"] == pytest.approx(-one["difference_high"])  # no item differs
    with pytest.raises(UserError, match="it was scored on none of these tasks"):
        score(lake, settings(folder, path, name="other", tasks=["t_two"], until_settled=True, against="whole"))


def test_one_cluster_is_one_piece_of_evidence(lake: Lake, folder: Path, tasks: Path, tmp_path: Path) -> None:
    suite = tmp_path / "s.yaml"
    suite.write_text("about: x\ntasks: [{task: t_choices, cluster: passage, metric: acc}]\n")
    wanted = settings(folder, tasks, tasks=[], suite=str(suite), limit=3)
    score(lake, wanted)
    (one,) = (each for each in views.run(lake, "s").scores if each.is_primary)
    assert (one.n, one.n_clusters) == (3, 1)
    assert one.high - one.low > 0.9


def test_guessing_follows_from_the_choices(lake: Lake, folder: Path, tasks: Path) -> None:
    score(lake, settings(folder, tasks, tasks=["t_choices"]))
    (one,) = (each for each in views.run(lake, "s").scores if each.is_primary)
    assert one.baseline == pytest.approx(1 / 3)


def test_files_without_rows_for_any_task_are_one_line(lake: Lake, folder: Path, tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mmlu.jsonl").write_text(
        '{"subject": "anatomy", "question": "q", "choices": ["a", "b", "c", "d"], "answer": 0}\n'
    )
    suite = tmp_path / "s.yaml"
    suite.write_text('about: x\ntasks: [{task: mmlu_astronomy, data: {test: "mmlu*"}}]\n')
    wanted = settings(folder, tasks, tasks=[], tasks_path=None, suite=str(suite), data=str(tmp_path / "data"))
    with pytest.raises(UserError, match="no task has data: the files of --data have no rows for mmlu_astronomy"):
        score(lake, wanted)
