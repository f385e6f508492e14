import os
import time
from pathlib import Path

import pytest

from corpus import owner, temporaries
from corpus.lake import Lake

ELSEWHERE = "00000000.7.7.00000000"


def put(folder: Path, name: str, days: float = 0) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("x")
    os.utime(path, (time.time() - days * 86400,) * 2)
    return str(path)


def test_a_name_says_whose_it_is() -> None:
    token = owner.new_token()
    assert temporaries.token_of("a/b/" + temporaries.name("a-key-with-hyphens", token)) == token
    assert temporaries.name("k", token) != temporaries.name("k", token)
    assert temporaries.token_of(".0123-89abcdef.tmp") == ""  # as older versions named them


def test_only_ones_own_the_dead_and_the_old_are_swept(lake: Lake, tmp_path: Path) -> None:
    mine, other = owner.new_token(), owner.new_token()
    host, pid, start, random = mine.split(".")
    dead = f"{host}.{pid}.{int(start) + 1}.{random}"
    folder = tmp_path / "lake" / "rejects" / "one"
    gone = {
        put(folder, temporaries.name("k", mine)),
        put(folder, temporaries.name("k", dead)),
        put(folder, temporaries.name("k", ELSEWHERE), days=8),
        put(folder, ".k-89abcdef.tmp", days=8),
    }
    stay = {
        put(folder, temporaries.name("k", other)),  # another run of a process that lives
        put(folder, temporaries.name("k", ELSEWHERE), days=6),
        put(folder, ".k-89abcdee.tmp", days=6),
        put(folder, "k.parquet", days=100),
        put(folder.parent / "two", temporaries.name("k", mine)),
    }
    assert set(temporaries.sweep(lake.fs, [str(folder), "/nowhere"], mine)) == gone
    assert {str(path) for path in Path(lake.root).rglob("*") if path.is_file()} == stay


def test_what_one_run_left_is_swept_everywhere(lake: Lake, tmp_path: Path) -> None:
    mine, other = owner.new_token(), owner.new_token()
    for table in ("rejects", "documents"):
        put(tmp_path / "lake" / table / "one", temporaries.name("k", mine))
        put(tmp_path / "lake" / table / "one", temporaries.name("k", other))
    assert len(temporaries.sweep_below(lake.fs, lake.root, mine)) == 2
    assert len(list(Path(lake.root).rglob("*.tmp"))) == 2


@pytest.mark.parametrize("info", [{"mtime": 5.0}, {"LastModified": None, "mtime": 5.0}, {}])
def test_when_a_file_was_written(info: dict[str, float]) -> None:
    assert temporaries.modified(info) == info.get("mtime")
