"""The log of a run: one line per step, also after a kill; and what a person sees."""

import io
import json
from pathlib import Path

from training.journal import NAME, Journal, Rate, read


def journal(folder: Path, after: int = 0, out: io.StringIO | None = None) -> Journal:
    return Journal(folder, "r", after_step=after, n_steps=9, out=out or io.StringIO())


def test_lines_of_steps_that_are_taken_again_are_removed(tmp_path: Path) -> None:
    first = journal(tmp_path)
    for step in range(1, 6):
        first.write(step=step, loss=1.0 / step)
    first.close()
    with open(tmp_path / NAME, "a") as file:
        file.write('{"step": 6, "los')  # cut off by a kill
    second = journal(tmp_path, after=3)
    second.write(step=4, loss=9.0)
    second.close()
    assert [(line["step"], line["loss"]) for line in read(tmp_path)] == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 9.0)]


def test_a_run_without_a_log_has_no_lines(tmp_path: Path) -> None:
    assert list(read(tmp_path)) == []


def test_a_file_gets_few_lines_and_the_last_one(tmp_path: Path) -> None:
    out = io.StringIO()
    told = journal(tmp_path, out=out)
    for step in range(1, 10):
        told.say(step, "loss 3")
    told.say(9, "done", last=True)
    told.close()
    assert out.getvalue() == "r: step 1/9  loss 3\nr: step 9/9  done\n"


def test_curves_get_every_number_of_a_step(tmp_path: Path) -> None:
    class Kept:
        def __init__(self) -> None:
            self.got: list[tuple[int, dict[str, float]]] = []
            self.calls: list[str] = []

        def add(self, step: int, numbers: dict[str, float]) -> None:
            self.got.append((step, numbers))

        def flush(self) -> None:
            self.calls.append("flush")

        def close(self) -> None:
            self.calls.append("close")

    kept = Kept()
    told = Journal(tmp_path, "r", after_step=0, n_steps=9, curves=[kept], out=io.StringIO())
    told.write(step=1, loss=2.0, note="text")
    told.write(step=1, held_out={"a": 3.0})
    told.flush()
    told.close()
    assert kept.got == [(1, {"loss": 2.0}), (1, {"held_out/a": 3.0})]
    assert kept.calls == ["flush", "close"]
    assert json.loads((tmp_path / NAME).read_text().splitlines()[1]) == {"step": 1, "held_out": {"a": 3.0}}


def test_a_note_is_said_once(tmp_path: Path) -> None:
    out = io.StringIO()
    told = journal(tmp_path, out=out)
    for _ in range(3):
        told.note("something")
    told.close()
    assert out.getvalue() == "r: something\n"


def test_a_rate_that_falls_far_is_noticed() -> None:
    rate = Rate()
    for seconds in (1.0, 1.0, 20.0):
        rate.add(100, seconds)
    assert not rate.is_disturbed()
    for _ in range(40):
        rate.add(100, 20.0)
    assert rate.is_disturbed()


def test_rates_are_tokens_a_second() -> None:
    rate = Rate()
    rate.add(100, 2.0)
    assert rate.recent == 50
    rate.add(100, 1.0)
    assert (rate.tokens, rate.seconds, rate.recent) == (200, 3.0, 55.0)
