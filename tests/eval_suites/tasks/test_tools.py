"""The suite `tools`, from files of a user to scores, with a responder whose answers are known."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites import engine, suites
from eval_suites.asking import Asker
from eval_suites.harness import Harness
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory
from eval_suites.tools import data
from eval_suites.tools.categories import CATEGORIES
from tests.eval_suites.tools import bfcl_files


class Known:
    """Answers a question with a text that is given for its category."""

    key = "known"
    about: Mapping[str, Any] = {}

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.prompts: list[str] = []

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for number, request in enumerate(requests):
            assert request.kind == "generate_until"
            self.prompts.append(request.context)
            name = request.context.rpartition("A question of ")[2].partition(".")[0]
            yield number, Response(text=self.answers[name])

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return "".join(f"<{one['role']}>{one['content']}" for one in messages)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return bfcl_files.write(tmp_path / "data")


def scores(results: Sequence[engine.TaskResult], metric: str) -> dict[str, float]:
    return {
        one.task.removeprefix("pomona_bfcl_"): next(m for m in one.metrics if m.name == metric).items[0].value
        for one in results
    }


def test_the_suite_scores_every_category(folder: Path) -> None:
    suite = suites.load("tools")
    assert [one.task for one in suite.tasks] == [f"pomona_bfcl_{name}" for name in CATEGORIES]
    tasks = engine.Tasks(suite, data=str(folder))

    right = engine.run(tasks, Harness(Asker(Known(bfcl_files.RIGHT), InMemory())))
    assert scores(right, "acc") == dict.fromkeys(CATEGORIES, 1.0)
    assert {(one.primary, one.baseline, one.unparsed, one.version) for one in right} == {("acc", 0.0, 0.0, "1")}

    wrong = engine.run(tasks, Harness(Asker(Known(dict.fromkeys(CATEGORIES, "[other(a=1)")), InMemory())))
    assert scores(wrong, "acc") == dict.fromkeys(CATEGORIES, 0.0) | {"live_relevance": 1.0}
    broken = engine.run(tasks, Harness(Asker(Known(dict.fromkeys(CATEGORIES, "[other(a=")), InMemory())))
    assert {one.unparsed for one in broken} == {1.0}
    assert scores(broken, "acc") == {name: float("irrelevance" in name) for name in CATEGORIES}


def test_a_chat_has_a_system_message(folder: Path) -> None:
    responder = Known(bfcl_files.RIGHT)
    suite = suites.Suite(name="s", about="", tasks=suites.load("tools").tasks[:1])
    engine.run(engine.Tasks(suite, data=str(folder)), Harness(Asker(responder, InMemory())), chat=True)
    (prompt,) = responder.prompts
    assert prompt.startswith("<system>You are an expert in composing functions.")
    assert prompt.endswith("<user>A question of simple_python.")
    assert '"name": "shape.area"' in prompt


def test_the_group_takes_the_installed_package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "bfcl_eval"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    folder.rename(package / "data")
    monkeypatch.syspath_prepend(str(package.parent))
    tasks = engine.Tasks(suites.of_tasks(("pomona_bfcl",)))
    assert set(tasks.leaves) == {f"pomona_bfcl_{name}" for name in CATEGORIES}
    assert "bfcl_eval" not in sys.modules


def test_missing_data_are_one_line_that_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_PACKAGE", "no_such_package_anywhere")
    with pytest.raises(
        UserError,
        match=r"^13 of 13 .*: pomona_bfcl_simple_python and 12 more \(BFCL's data are missing: pip install \S+ bfcl-eval",
    ) as told:
        engine.Tasks(suites.load("tools"))
    assert str(told.value).count("pip install") == 1

    (folder / "possible_answer" / "BFCL_v4_parallel.json").write_text("")
    with pytest.raises(
        UserError,
        match=r"1 of 13 tasks cannot be loaded: pomona_bfcl_parallel \(parallel: item parallel_0 has no answer",
    ):
        engine.Tasks(suites.load("tools"), data=str(folder))
    (folder / "BFCL_v4_multiple.json").unlink()
    with pytest.raises(UserError, match=r"pomona_bfcl_multiple \(no file in .* is called BFCL_v4_multiple.json"):
        engine.Tasks(suites.load("tools"), data=str(folder))
