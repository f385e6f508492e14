from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.records import Reject
from corpus.sources import parquet
from corpus.sources.files import File

OPTIONS = {"max_record_bytes": 1 << 20}


def file(tmp_path: Path, table: pa.Table, **how: object) -> File:
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, **how)
    return File(str(path), path.stat().st_size, "1")


def read(f: File, n_bytes: int = 1 << 30, **options: object) -> tuple[list[dict], list[Reject]]:
    rows, rejects = [], []
    for span in parquet.cut(f, n_bytes):
        for found in parquet.read(f, span, OPTIONS | options):
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                rows += found.to_pylist()
    return rows, rejects


def test_rows_become_texts_whatever_the_cut(tmp_path: Path) -> None:
    f = file(tmp_path, pa.table({"text": [f"t{i}" for i in range(100)]}), row_group_size=7)
    whole, _ = read(f)
    assert [row["text"] for row in whole] == [f"t{i}" for i in range(100)]
    assert [row["position"] for row in whole] == [str(i) for i in range(100)]
    assert len(parquet.cut(f, 1)) == 15
    assert read(f, 1)[0] == whole


def test_columns_are_mapped_and_typed_values_kept_as_text(tmp_path: Path) -> None:
    table = pa.table({
        "body": ["x", None, "z"], "url": ["u", "v", ""], "lic": ["MIT", None, None],
        "score": [1.5, None, 2.0], "tags": [["a"], None, []], "other": [1, 2, 3],
    })  # fmt: skip
    rows, rejects = read(
        file(tmp_path, table),
        text_column="body",
        uri_column="url",
        license_column="lic",
        metadata_columns=["score", "tags"],
    )
    assert [(r["text"], r["license"]) for r in rows] == [("x", "MIT"), ("z", None)]
    assert rows[0]["uri"] == "u"
    assert rows[1]["uri"].endswith("a.parquet#2")
    assert dict(rows[0]["metadata"]) == {"score": "1.5", "tags": '["a"]'}
    assert [(r.reason, r.position) for r in rejects] == [("missing_column", "1")]


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    _, [missing] = read(file(tmp_path, pa.table({"other": ["x"]})))
    assert (missing.reason, missing.detail) == ("missing_column", "no 'text' among other")
    _, [typed] = read(file(tmp_path, pa.table({"text": [1]})))
    assert typed.reason == "not_text"
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"PAR1 no more than that")
    _, [corrupt] = read(File(str(broken), 22, "1"))
    assert corrupt.reason == "corrupt"
