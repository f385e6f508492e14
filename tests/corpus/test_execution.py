import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from corpus import execution, owner, temporaries
from corpus.execution import pending, run
from corpus.lake import Lake
from corpus.task import Output, WorkItem, digest, run_item
from tests.corpus.test_lake import REJECTS, rejects
from tests.corpus.test_uniqueness import DOCUMENTS, documents

OUTPUTS = (Output("rejects", "slot", REJECTS),)


@dataclass(frozen=True)
class Counting:
    """Writes its item's label; leaves a mark for every call; may fail, or die, on one item."""

    spec_type: ClassVar = dict

    marks: str
    fail: str = ""
    die: str = ""

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        with open(f"{self.marks}/{item.label}", "a") as mark:
            mark.write("x")
        yield "rejects", rejects(item.label)
        if item.label == self.fail:
            raise ValueError(f"cannot do {item.label}")
        if item.label == self.die:
            os.kill(os.getpid(), signal.SIGKILL)


def items(n: int) -> list[WorkItem]:
    return [WorkItem(digest(i), f"item{i}", 1, {"i": i}) for i in range(n)]


def calls(marks: Path) -> dict[str, int]:
    return {path.name: len(path.read_text()) for path in marks.iterdir()}


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_runs_once_and_a_repetition_runs_none(lake: Lake, marks: Path, workers: int) -> None:
    seen: list[tuple[int, int]] = []
    ran = run(
        lake, Counting(str(marks)), OUTPUTS, items(5), workers=workers, progress=lambda d, n, i: seen.append((d, n))
    )
    assert ran.items == 5
    assert ran.peak_bytes > 50 << 20
    assert seen == [(i + 1, 5) for i in range(5)]
    assert run(lake, Counting(str(marks)), OUTPUTS, items(5), workers=workers).items == 0
    assert calls(marks) == {f"item{i}": 1 for i in range(5)}
    assert lake.finished("rejects", "slot") == {digest(i) for i in range(5)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_that_raises_stops_the_run_and_keeps_what_is_finished(lake: Lake, marks: Path, workers: int) -> None:
    with pytest.raises(ValueError, match="cannot do item3"):
        run(lake, Counting(str(marks), fail="item3"), OUTPUTS, items(5), workers=workers)
    left = {item.label for item in pending(lake, OUTPUTS, items(5))}
    assert "item3" in left
    assert run(lake, Counting(str(marks)), OUTPUTS, items(5), workers=workers).items == len(left)
    repeated = sum(n - 1 for n in calls(marks).values())
    assert repeated <= workers


def test_a_worker_that_is_killed_ends_the_run_with_the_cause(lake: Lake, marks: Path) -> None:
    with pytest.raises(RuntimeError, match="a worker process died"):
        run(lake, Counting(str(marks), die="item1"), OUTPUTS, items(4), workers=2)
    run(lake, Counting(str(marks)), OUTPUTS, items(4), workers=2)
    assert pending(lake, OUTPUTS, items(4)) == []


BOTH = (Output("documents", "slot", DOCUMENTS), Output("rejects", "slot", REJECTS))


@dataclass(frozen=True)
class Twofold:
    """Writes a document and a reject of each item."""

    spec_type: ClassVar = dict

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        yield "documents", documents((item.label, item.label))
        yield "rejects", rejects(item.label)


def part(lake: Lake, table: str, key: str) -> Path:
    return Path(lake.root) / table / "slot" / f"{key}.parquet"


def test_the_first_outputs_part_appears_last(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    publish = Lake._publish

    def seen(self: Lake, temporary: str, target: str) -> None:
        publish(self, temporary, target)
        named.append(target)

    monkeypatch.setattr(Lake, "_publish", seen)
    run_item(lake, Twofold(), BOTH, items(1)[0])
    assert named == [str(part(lake, table, digest(0))) for table in ("rejects", "documents")]


@pytest.mark.parametrize("table", ["documents", "rejects"])
@pytest.mark.parametrize("harm", ["gone", "empty", "cut"])
def test_an_item_that_lacks_one_of_its_parts_is_made_again(lake: Lake, table: str, harm: str) -> None:
    run(lake, Twofold(), BOTH, items(3))
    assert pending(lake, BOTH, items(3)) == []
    broken = part(lake, table, digest(1))
    whole = broken.read_bytes()
    broken.unlink() if harm == "gone" else broken.write_bytes(b"" if harm == "empty" else whole[: len(whole) // 2])
    assert [item.label for item in pending(lake, BOTH, items(3))] == ["item1"]
    assert run(lake, Twofold(), BOTH, items(3)).items == 1
    assert broken.read_bytes() == whole


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_carry_the_token_of_their_run(lake: Lake, marks: Path, workers: int) -> None:
    token = owner.new_token()
    with pytest.raises(ValueError, match="cannot do"):
        run(lake, Listing(str(marks), lake.root), OUTPUTS, items(2), workers=workers, token=token)
    names = [name for path in marks.iterdir() for name in path.read_text().split()]
    assert names
    assert {temporaries.token_of(name) for name in names} == {token}


@dataclass(frozen=True)
class Listing:
    """Notes the temporaries that are there while it runs, and fails."""

    spec_type: ClassVar = dict

    marks: str
    root: str

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        names = [path.name for path in Path(self.root).rglob("*.tmp")]
        Path(self.marks, item.label).write_text("\n".join(names))
        yield "rejects", rejects(item.label)
        raise ValueError("cannot do it")


def test_the_pool_is_datatroves_executor(lake: Lake, marks: Path) -> None:
    run(lake, Counting(str(marks)), OUTPUTS, items(2), workers=1)
    logs = Path(lake.root) / ".pomona" / "rejects" / "slot" / "logs"
    assert (logs / "completions" / "00001").exists()
    assert "Processing done" in (logs / "logs" / "task_00000.log").read_text()


def test_digests_name_content() -> None:
    assert digest({"a": [1, 2], "b": None}) == digest({"b": None, "a": (1, 2)})
    assert digest([1]) != digest(["1"])
    assert len(digest(0)) == 32


def test_clock_counts() -> None:
    clock = execution.Clock()
    sum(range(10**7))  # several ticks of the clock that counts processor time
    read = clock.read()
    assert read["seconds"] > 0
    assert read["cpu_seconds"] > 0
