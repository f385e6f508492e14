import gzip
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import ingest, schema
from corpus.errors import UserError
from corpus.execution import WorkItem
from corpus.ingest import SourceSettings, document_ids, find_files, plan, step
from corpus.records import Page, Reject, Text
from tests.corpus.sources.warcs import gzipped, http, record, responses
from tests.pomona.corpora import raw


def run(items: list[WorkItem]) -> tuple[list[dict], list[dict]]:
    tables: dict[str, list[dict]] = {"documents": [], "rejects": []}
    for item in items:
        for table, batch in step(item):
            assert batch.schema.equals(schema.TABLES[table].schema)
            tables[table] += batch.to_pylist()
    return tables["documents"], tables["rejects"]


def read(path: Path | str, item_bytes: int = 1 << 26, kind: str | None = None, **settings: object):
    kind, files, rejects, _ = find_files(str(path), kind)
    return run(plan(SourceSettings("s", kind, **settings), files, rejects, item_bytes))  # type: ignore[arg-type]


def test_documents_and_rejects_together_are_the_records_that_qualify(tmp_path: Path) -> None:
    broken = record("http://x.org/lie", http(b"<p>x</p>", X_Robots_Tag="all"), length=9_999_999)
    (tmp_path / "a.warc.gz").write_bytes(
        gzipped(*responses(7), record("http://x.org/no", http(b"", status=404)), broken)
    )
    documents, rejects = read(tmp_path / "a.warc.gz")
    assert len(documents) == 7
    assert len(rejects) == 1
    assert documents[0]["uri"] == "http://x.org/0"
    assert dict(documents[0]["metadata"])["title"] == "Page 0"


def test_the_cut_changes_no_document(tmp_path: Path) -> None:
    raw = b"".join(json.dumps({"text": f"text {i}"}).encode() + b"\n" for i in range(500))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "b.jsonl").write_bytes(raw)
    whole, _ = read(tmp_path)
    for item_bytes in (100, 1000, 5000):
        cut, _ = read(tmp_path, item_bytes)
        assert sorted(d["id"] for d in cut) == sorted(d["id"] for d in whole)
    assert len({d["id"] for d in whole}) == 1000


def test_ids_are_a_hash_that_anyone_can_recompute() -> None:
    [found] = document_ids("src", pa.array(["http://a"]), pa.array(["7"])).to_pylist()
    key = b"src\x1fhttp://a\x1f7"
    assert found == xxhash.xxh64_hexdigest(key, 0) + xxhash.xxh64_hexdigest(key, 1)


def test_line_ends_are_normalized_and_empty_texts_refused(tmp_path: Path) -> None:
    rows = [{"text": "a\r\nb\rc"}, {"text": " \n\t"}, {"text": ""}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    documents, rejects = read(tmp_path / "a.jsonl")
    assert [d["text"] for d in documents] == ["a\nb\nc"]
    assert [r["reason"] for r in rejects] == ["empty", "empty"]


def test_rights_signals_are_recorded_and_honored_by_choice(tmp_path: Path) -> None:
    for name, robots in (("a", "index"), ("b", "noai")):
        html = f'<html><head><meta name="robots" content="{robots}"></head><body><p>{"Some words. " * 30}</p></body></html>'
        (tmp_path / f"{name}.html").write_text(html)
    documents, _ = read(tmp_path)
    assert [dict(d["metadata"])["robots"] for d in documents] == ["index", "noai"]
    documents, rejects = read(tmp_path, honor_rights=True)
    assert len(documents) == 1
    assert [(r["reason"], r["detail"]) for r in rejects] == [("opted_out", "robots: noai")]


def test_cleaning_and_a_default_license(tmp_path: Path) -> None:
    text = "A line that ends well.\nno end here\nClick to enable Javascript now."
    pq.write_table(pa.table({"text": [text]}), tmp_path / "a.parquet")
    [document], _ = read(tmp_path / "a.parquet", clean=("c4_lines",), license="CC0-1.0")
    assert document["text"] == "A line that ends well."
    assert document["license"] == "CC0-1.0"


def test_one_hostile_record_of_each_kind_never_ends_a_run(tmp_path: Path) -> None:
    (tmp_path / "deep.html").write_bytes(b"<div>" * 300_000)
    (tmp_path / "good.html").write_text(f"<p>{'Good words stand here. ' * 20}</p>")
    (tmp_path / "huge.html").write_bytes(b"x" * 2_000_000)
    (tmp_path / "loop.html").symlink_to("/etc/hostname")
    documents, rejects = read(tmp_path, max_record_bytes=1_600_000)
    assert [Path(d["uri"]).name for d in documents] == ["good.html"]
    assert {r["reason"] for r in rejects} == {"empty", "too_large", "link_outside"}


def test_small_files_share_items_and_plans_repeat(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i:02}.txt").write_text("x" * 100)
    (tmp_path / "other.parquet").write_bytes(b"")
    kind, files, _, passed_over = find_files(str(tmp_path), None)
    assert passed_over == 1
    settings = SourceSettings("s", kind)
    items = plan(settings, files, item_bytes=500)
    assert len(items) == 4
    assert [i.key for i in plan(settings, files, item_bytes=500)] == [i.key for i in items]
    assert {i.key for i in plan(SourceSettings("s", kind, license="MIT"), files, item_bytes=500)}.isdisjoint(
        i.key for i in items
    )


def test_a_changed_file_has_another_key(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    settings = SourceSettings("s", "text")
    [before] = plan(settings, find_files(str(tmp_path), "text")[1])
    (tmp_path / "a.txt").write_text("other")
    [after] = plan(settings, find_files(str(tmp_path), "text")[1])
    assert before.key != after.key


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="matches no file"):
        find_files(f"{tmp_path}/*.html", None)


def test_details_of_rejects_are_one_bounded_line() -> None:
    batch = ingest.rejects_batch("s", [Reject("u", "", "empty", "a\nb " * 1000)])
    detail = batch["detail"][0].as_py()
    assert len(detail) == 500
    assert "\n" not in detail


@pytest.mark.parametrize("name", ["site.warc.gz", "lines.jsonl.gz", "rows.parquet", "code.tar.gz", "lines.jsonl.zst"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_broken_bytes_end_no_run(
    tmp_path_factory: pytest.TempPathFactory, originals: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    broken = bytearray(originals[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(broken) - 1, 0)))
        how = data.draw(st.sampled_from(["flip", "cut", "insert", "delete"]))
        if how == "flip" and broken:
            broken[at] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del broken[at:]
        elif how == "insert":
            broken[at:at] = data.draw(st.binary(max_size=40))
        else:
            del broken[at : at + data.draw(st.integers(1, 200))]
    path = tmp_path_factory.mktemp("broken") / name
    path.write_bytes(broken)
    kind, files, _, _ = find_files(str(path), None)
    column = {"text_column": "body"} if kind == "parquet" else {}
    for item in plan(SourceSettings("s", kind, extractor="fast", **column), files, item_bytes=3000):  # type: ignore[arg-type]
        found = list(ingest._records(item))
        assert all(isinstance(one, (Text, Page, Reject, pa.RecordBatch)) for one in found)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = raw(tmp_path_factory.mktemp("whole"), n=10)
    with tarfile.open(root / "code.tar.gz", "w:gz") as tar:
        for path in sorted((root / "html").iterdir()):
            tar.add(path, arcname=path.name)
    (root / "lines.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(b'{"text": "some words"}\n' * 500))
    return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
