"""HumanEval with its own solutions: all pass; and nothing is run unless it is asked for."""

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
from eval_suites.tasks.code import items


class Knows:
    """Writes the solution of each problem but every fourth."""

    key, about, can_chat = "knows", {}, False

    def __init__(self) -> None:
        rows = items.humaneval()["test"]
        self.solutions = {row["prompt"].strip(): row["canonical_solution"] for row in rows}

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for i, one in enumerate(requests):
            right = self.solutions[one.context.strip()]
            yield i, Response(text=right if i % 4 else "    return None\n")

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return ""


def test_right_solutions_pass_and_wrong_ones_do_not() -> None:
    tasks = engine.Tasks(suites.of_tasks(("pomona_humaneval",)), run_code=True)
    (result,) = engine.run(tasks, Harness(Asker(Knows(), InMemory())), limit=40)
    by_name = {one.name: one for one in result.metrics}
    assert result.primary == "pass@1"
    passed = {item.item: item.value for item in by_name["pass@1"].items}
    assert all(passed[i] == (1.0 if i % 4 else 0.0) for i in range(40))
    assert not by_name["wrong"].higher_is_better
    assert sum(item.value for item in by_name["wrong"].items) + sum(item.value for item in by_name["error"].items) == 10
    assert result.answers[1].answer.strip().startswith(("return", "result", "for", "if", "current"))


def test_nothing_is_run_unless_it_is_allowed(tmp_path: Path) -> None:
    tasks = engine.Tasks(suites.of_tasks(("pomona_humaneval",)))
    with pytest.raises(
        UserError, match="pomona_humaneval: answers are programs that are run; allow it with --run-code"
    ):
        engine.run(tasks, Harness(Asker(Knows(), InMemory())), limit=1)

    (tmp_path / "rows.jsonl").write_text('{"q": "x"}\n')
    (tmp_path / "open.yaml").write_text(
        f"task: t_open\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: {tmp_path}/rows.jsonl}}}}\n"
        "test_split: test\noutput_type: generate_until\nunsafe_code: true\ndoc_to_text: q\ndoc_to_target: q\n"
    )
    tasks = engine.Tasks(suites.of_tasks(("t_open",)), folders=[str(tmp_path)], run_code=True)
    with pytest.raises(UserError, match="t_open: the task runs programs in this process, without a lock"):
        engine.run(tasks, Harness(Asker(Knows(), InMemory())))


def test_mbpp_from_local_files(tmp_path: Path) -> None:
    import json

    rows: list[dict[str, Any]] = [
        {"text": f"Write f{i}.", "code": f"def f{i}(): return {i}", "test_list": [f"assert f{i}() == {i}"], "test_setup_code": ""}
        for i in range(4)
    ]  # fmt: skip
    for name, some in (("test", rows[3:]), ("prompt", rows[:3])):
        (tmp_path / f"mbpp_{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in some))
    prompts: list[str] = []

    class Writes(Knows):
        def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
            prompts.extend(one.context for one in requests)
            yield from ((i, Response(text="def f3(): return 3\n")) for i in range(len(requests)))

    tasks = engine.Tasks(suites.of_tasks(("pomona_mbpp",)), data=str(tmp_path), run_code=True)
    (result,) = engine.run(tasks, Harness(Asker(Writes(), InMemory())))
    assert [one.value for one in result.metrics[0].items] == [1.0]
    assert prompts[0].startswith(
        "You are an expert Python programmer, and here is your task: Write f0. Your code should pass these tests:\n\n"
        "assert f0() == 0\n[BEGIN]\ndef f0(): return 0\n[DONE]\n\n"
    )
    assert prompts[0].endswith("assert f3() == 3\n[BEGIN]\n")
