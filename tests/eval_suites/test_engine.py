"""What each item scored: lm-eval's own numbers, and what this adds to them."""

import math
from pathlib import Path

import pytest
from lm_eval import evaluator
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from corpus.errors import UserError
from eval_suites import engine, suites
from eval_suites.asking import Asker
from eval_suites.engine import TaskResult
from eval_suites.harness import Harness
from eval_suites.models.loading import load
from eval_suites.models.local import LocalResponder
from eval_suites.store import InMemory
from tests.eval_suites import tasks_of_files
from tests.eval_suites.models import tiny


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tasks_of_files.write(tmp_path_factory.mktemp("tasks") / "own")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def results(tasks: Path, folder: Path) -> dict[str, TaskResult]:
    suite = suites.of_tasks(tasks_of_files.ALL)
    loaded = engine.Tasks(suite, folders=[str(tasks)])
    found = engine.run(loaded, Harness(Asker(LocalResponder(load(str(folder))), InMemory())))
    return {one.task: one for one in found}


def test_scores_are_those_of_lm_eval(results: dict[str, TaskResult], tasks: Path, folder: Path) -> None:
    peer = evaluator.simple_evaluate(
        model=HFLM(pretrained=str(folder), dtype="float32", device="cpu", batch_size=2), tasks=list(tasks_of_files.ALL),
        task_manager=TaskManager(include_path=str(tasks), include_defaults=False), bootstrap_iters=0,
    )  # fmt: skip
    assert set(results) == {"t_choices", "t_one", "t_two", "t_text", "t_written", "t_mcc"}
    compared = 0
    for name, one in results.items():
        for metric in one.metrics:
            key = f"{metric.name},none" if one.task != "t_written" else f"{metric.name},number"
            if key not in peer["results"][name]:
                assert metric.name == "bits_per_byte"  # lm-eval has none for choices
                continue
            compared += 1
            if metric.estimate is not None:
                assert metric.estimate.value == pytest.approx(peer["results"][name][key], rel=1e-4)
                assert metric.items == ()
                continue
            values = [item.value for item in metric.items]
            total = sum(values) / (sum(item.weight for item in metric.items) if metric.is_ratio else len(values))
            assert total == pytest.approx(peer["results"][name][key], abs=1e-5)
        assert {metric.name for metric in one.metrics if metric.estimate} == {
            "t_text": {"word_perplexity"}, "t_mcc": {"mcc"},
        }.get(name, set())  # fmt: skip
        samples = peer["samples"][name]
        for answer, sample in zip(one.answers, samples, strict=True):
            assert answer.item == sample["doc_id"]
            assert answer.prompt == sample["arguments"][0][0]
            if answer.log_likelihoods and name != "t_text":
                expected = [pair[0] for pair in sample["filtered_resps"]]
                assert answer.log_likelihoods == pytest.approx(expected, abs=1e-3)
    assert compared == 2 * 3 + 2 + 1 + 1


def test_examples_and_groups_are_known(results: dict[str, TaskResult]) -> None:
    assert (results["t_choices"].shots, results["t_one"].shots) == (2, 0)
    assert (results["t_one"].group, results["t_choices"].group) == ("t_group", "t_choices")
    assert results["t_choices"].version == "2"
    assert results["t_choices"].prompt_hash != results["t_one"].prompt_hash == results["t_two"].prompt_hash
    assert results["t_choices"].primary == "acc_norm"
    assert results["t_written"].primary == "exact_match"


def test_bits_of_right_answers_are_of_the_string_that_was_scored(results: dict[str, TaskResult]) -> None:
    one = results["t_choices"]
    bits = next(metric for metric in one.metrics if metric.name == "bits_per_byte")
    assert not bits.higher_is_better
    for item, answer in zip(bits.items, one.answers, strict=True):
        gold = item.item % 3
        assert item.value == pytest.approx(-answer.log_likelihoods[gold] / math.log(2))
        assert item.weight == len(f" {('here', 'there', 'on')[gold]}".encode())


def test_answers_that_cannot_be_read_are_counted(results: dict[str, TaskResult]) -> None:
    one = results["t_written"]
    unread = sum(answer.answer == "[invalid]" for answer in one.answers)
    assert one.unparsed == unread / len(one.answers)
    assert results["t_choices"].unparsed is None


def test_a_limit_takes_the_first_items(tasks: Path, folder: Path) -> None:
    loaded = engine.Tasks(suites.of_tasks(("t_choices",), 0), folders=[str(tasks)], shots=1)
    harness = Harness(Asker(LocalResponder(load(str(folder))), InMemory()))
    (one,) = engine.run(loaded, harness, limit=5)
    assert [answer.item for answer in one.answers] == [0, 1, 2, 3, 4]
    assert one.shots == 1
    assert len(harness.asker.responses) == 15


def test_items_of_a_passage_are_one_cluster(tasks: Path, folder: Path) -> None:
    suite = suites.Suite(name="s", about="", tasks=(suites.Task(task="t_choices", cluster="passage", metric="acc"),))
    harness = Harness(Asker(LocalResponder(load(str(folder))), InMemory()))
    (one,) = engine.run(engine.Tasks(suite, folders=[str(tasks)]), harness)
    assert [item.cluster for item in one.metrics[0].items][:4] == ["p0", "p0", "p0", "p1"]
    assert one.primary == "acc"


def test_missing_data_are_named_before_a_model_is_loaded(tasks: Path) -> None:
    with pytest.raises(UserError, match=r"1 of 2 tasks cannot be loaded: t_lost \(.*nowhere.jsonl") as told:
        engine.Tasks(suites.of_tasks(("t_choices", "t_lost")), folders=[str(tasks)])
    assert "pomona fetch" in str(told.value)


def test_a_task_that_is_wrong_is_said_to_be(tasks: Path, tmp_path: Path) -> None:
    own = tasks_of_files.write(tmp_path / "own")
    path = own / "choices.yaml"
    path.write_text(path.read_text().replace("doc_to_text: q", 'doc_to_text: "{{nothing}}"'))
    with pytest.raises(UserError, match=r"1 of 1 tasks cannot be loaded: t_choices \(.*nothing.*\)$"):
        engine.Tasks(suites.of_tasks(("t_choices",)), folders=[str(own)])


def test_a_metric_that_nothing_makes_is_said(tasks: Path, folder: Path) -> None:
    suite = suites.Suite(name="s", about="", tasks=(suites.Task(task="t_choices", metric="f1"),))
    with pytest.raises(UserError, match="task t_choices has no metric 'f1'; it has acc, acc_norm, bits_per_byte"):
        engine.run(
            engine.Tasks(suite, folders=[str(tasks)]), Harness(Asker(LocalResponder(load(str(folder))), InMemory()))
        )


def test_a_score_that_is_no_mean_is_lm_evals_own() -> None:
    """Also where each item has a number: a median is not read as a mean."""

    def median(values: list[float]) -> float:
        return sorted(values)[len(values) // 2]

    samples = [{"doc_id": i, "doc": {}, "m": float(v), "metrics": ["m"]} for i, v in enumerate((0, 0, 0, 0, 10))]
    got = engine._metric("m", "none", ["none"], samples, True, "", median)
    assert got.estimate is not None
    assert (got.estimate.value, got.items) == (0.0, ())
