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

from corpus import schema
from corpus.errors import UserError
from corpus.ingest import steps as ingest
from corpus.ingest.listing import Listing, find_files
from corpus.ingest.steps import SourceSettings, document_ids, plan, step
from corpus.records import Reject
from corpus.sources.files import named
from corpus.task import WorkItem
from tests.corpus.sources.warcs import gzipped, http, record, responses
from tests.pomona.corpora import raw


def tables(items: list[WorkItem]) -> dict[str, list[dict]]:
    tables: dict[str, list[dict]] = {"documents": [], "rejects": [], "passed_over": []}
    for item in items:
        for table, batch in step(item):
            assert batch.schema.equals(schema.TABLES[table].schema)
            tables[table] += batch.to_pylist()
    return tables


def listing(*paths: Path | str, kind: str | None = None) -> Listing:
    found = [find_files(str(path), kind) for path in paths]
    return Listing(
        found[0].kind,
        tuple(named(f for one in found for f in one.files)),
        tuple(r for one in found for r in one.rejects),
    )


def read(path: Path | str, item_bytes: int = 1 << 26, kind: str | None = None, **settings: object):
    of = listing(path, kind=kind)
    rows = tables(plan(SourceSettings("s", of.kind, **settings), of, item_bytes))  # type: ignore[arg-type]
    return rows["documents"], rows["rejects"]


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
    [found] = document_ids("src", pa.array(["a/00.warc.gz"]), pa.array(["7"])).to_pylist()
    key = b"src\x1fa/00.warc.gz\x1f7"
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
    of = find_files(str(tmp_path), None)
    assert of.passed == {str(tmp_path / "other.parquet"): "file:.parquet"}
    settings = SourceSettings("s", of.kind)
    items = plan(settings, of, item_bytes=20_000)
    assert 2 < len(items) < 20
    assert [i.key for i in plan(settings, of, item_bytes=20_000)] == [i.key for i in items]
    assert {i.key for i in plan(SourceSettings("s", of.kind, license="MIT"), of, item_bytes=20_000)}.isdisjoint(
        i.key for i in items
    )


def test_a_changed_file_has_another_key(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    settings = SourceSettings("s", "text")
    [before] = plan(settings, find_files(str(tmp_path), "text"))
    (tmp_path / "a.txt").write_text("other")
    [after] = plan(settings, find_files(str(tmp_path), "text"))
    assert before.key != after.key


def test_a_file_of_the_same_size_that_was_written_later_has_another_key(tmp_path: Path) -> None:
    import os

    path, settings = tmp_path / "a.txt", SourceSettings("s", "text")
    path.write_text("one")
    os.utime(path, ns=(1_000, 1_000))
    [before] = plan(settings, find_files(str(tmp_path), "text"))
    path.write_text("two")
    os.utime(path, ns=(2_000, 2_000))
    [after] = plan(settings, find_files(str(tmp_path), "text"))
    assert before.key != after.key
    os.utime(path, ns=(1_000, 1_000))
    assert plan(settings, find_files(str(tmp_path), "text"))[0].key == before.key


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
    of = find_files(str(path), None)
    column = {"text_column": "body"} if of.kind == "parquet" else {}
    for item in plan(SourceSettings("s", of.kind, extractor="fast", **column), of, item_bytes=3000):  # type: ignore[arg-type]
        for table, batch in step(item):
            assert table in ("documents", "rejects", "passed_over")
            batch.validate(full=True)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = raw(tmp_path_factory.mktemp("whole"), n=10)
    with tarfile.open(root / "code.tar.gz", "w:gz") as tar:
        for path in sorted((root / "html").iterdir()):
            tar.add(path, arcname=path.name)
    (root / "lines.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(b'{"text": "some words"}\n' * 500))
    return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}


# Ids


def make(root: Path, kind: str) -> list[Path]:
    """Two files of the same name, whose records have the same addresses and positions."""
    paths = []
    for i, folder in enumerate(("a", "b")):
        path = root / folder / {"warc": "00.warc.gz", "jsonl": "00.jsonl", "parquet": "00.parquet", "html": "x.html",
                                "text": "x.txt", "code": "x.tar"}[kind]  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "warc":
            path.write_bytes(gzipped(*responses(4)))
        elif kind == "jsonl":
            path.write_text("".join(json.dumps({"text": f"row {n}", "key": n}) + "\n" for n in range(4)))
        elif kind == "parquet":
            pq.write_table(pa.table({"text": [f"row {n}" for n in range(4)], "key": list(range(4))}), path)
        elif kind == "code":
            (root / "m.py").write_text("x = 1\n")
            with tarfile.open(path, "w") as tar:
                for _ in range(2):  # the same member twice
                    tar.add(root / "m.py", arcname="m.py")
            (root / "m.py").unlink()
        else:
            path.write_text(f"<p>{'Some words stand here. ' * 30}</p>")
        paths.append(path)
        assert i < 2
    return paths


KINDS = ("warc", "jsonl", "parquet", "html", "text", "code")
COLUMNS = {"uri_column": "key", "metadata_columns": ("key",)}


def ids(of: Listing, item_bytes: int = 1 << 24, **settings: object) -> list[str]:
    options = COLUMNS if of.kind in ("jsonl", "parquet") else {}
    rows = tables(plan(SourceSettings("s", of.kind, **options, **settings), of, item_bytes))  # type: ignore[arg-type]
    return [row["id"] for row in rows["documents"]]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_unique_whatever_records_say_of_themselves(tmp_path: Path, kind: str) -> None:
    paths = make(tmp_path / "raw", kind)
    for of in (listing(*paths, kind=kind), listing(*paths[::-1], kind=kind), listing(tmp_path / "raw", kind=kind)):
        found = ids(of)
        assert len(found) == len(set(found)) >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_the_same_on_other_machines_in_other_orders_and_cuts(tmp_path: Path, kind: str) -> None:
    make(tmp_path / "here", kind)
    make(tmp_path / "there" / "deep", kind)
    want = ids(listing(tmp_path / "here", kind=kind))
    assert ids(listing(tmp_path / "there" / "deep", kind=kind)) == want
    assert sorted(ids(listing(tmp_path / "here", kind=kind), 300)) == sorted(want)
    pattern = f"{tmp_path}/here/*/*"
    assert sorted(ids(listing(pattern, kind=kind))) == sorted(want)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_keeps_its_ids_when_others_come(tmp_path: Path, kind: str) -> None:
    first, second = make(tmp_path / "raw", kind)
    before = ids(listing(tmp_path / "raw", kind=kind))
    for name in ("0", "aa", "z"):
        other = tmp_path / "raw" / name / first.name
        other.parent.mkdir()
        other.write_bytes(second.read_bytes())
    after = ids(listing(tmp_path / "raw", kind=kind))
    assert len(after) == len(set(after)) == len(before) // 2 * 5
    assert set(before) < set(after)


# A new file costs that file


def test_a_file_more_changes_one_item(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"m{i:03}.txt").write_text("x" * (100 + i))
    settings = SourceSettings("s", "text")

    def keys() -> set[str]:
        return {item.key for item in plan(settings, find_files(str(tmp_path), "text"), 64_000)}

    before = keys()
    assert len(before) > 10
    for name in ("aaa", "m150x", "zzz"):
        (tmp_path / f"{name}.txt").write_text("new")
        assert len(keys() - before) <= 2  # its own; two where it ends a group itself
        (tmp_path / f"{name}.txt").unlink()
        assert keys() == before
    for i in range(300, 3000):  # growth changes what it touches
        (tmp_path / f"n{i}.txt").write_text("x" * 100)
    assert len(before - keys()) <= 1


# Every record is a document, a reject, or passed over


def test_records_are_documents_rejects_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(
        gzipped(
            *responses(5), record("http://x.org/404", http(b"", status=404)), record("http://x.org/e", http(b"<p></p>"))
        )
    )
    of = listing(tmp_path / "a.warc.gz")
    rows = tables(plan(SourceSettings("s", "warc"), of))
    n_passed = sum(row["records"] for row in rows["passed_over"])
    assert len(rows["documents"]) + len(rows["rejects"]) + n_passed == 12
    assert {row["kind"]: row["records"] for row in rows["passed_over"]} == {"warc:request": 5, "http:404": 1}
    assert [(row["uri"], row["reason"]) for row in rows["rejects"]] == [("http://x.org/e", "empty")]


def test_files_of_other_kinds_and_pipes_are_told(tmp_path: Path) -> None:
    import os

    for name in ("a.html", "b.png", "c.PNG", "noext", "d.tar.gz"):
        (tmp_path / name).write_text(f"<p>{'Some words. ' * 30}</p>")
    os.mkfifo(tmp_path / "pipe.html")
    (tmp_path / "gone.html").symlink_to(tmp_path / "nothing")
    of = find_files(str(tmp_path), "html")
    rows = tables(plan(SourceSettings("s", "html"), of))
    assert len(rows["documents"]) == 1
    assert {row["kind"]: row["records"] for row in rows["passed_over"]} == {
        "file:.png": 2, "file:other": 1, "file:.gz": 1,
    }  # fmt: skip
    assert sorted(row["reason"] for row in rows["rejects"]) == ["not_a_file", "not_a_file"]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    import os

    for name in (b"caf\xe9.txt", b"caf%E9.txt", b"caf\xc3\xa9.txt"):
        with open(os.fsencode(tmp_path) + b"/" + name, "w") as f:
            f.write("some words")
    rows = tables(plan(SourceSettings("s", "text"), listing(tmp_path)))
    assert sorted(row["uri"].rpartition("/")[2] for row in rows["documents"]) == [
        "caf%E9.txt",
        "caf%E9.txt",
        "café.txt",
    ]
    assert len({row["id"] for row in rows["documents"]}) == 3


def test_a_file_of_another_kind_is_not_read_as_the_kind_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>x</p>")
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n')
    alone = str(tmp_path / "b.jsonl")
    with pytest.raises(
        UserError, match=r"b\.jsonl does not have the name of a html file, as the source's other paths have"
    ):
        find_files(alone, "html", is_guessed=True)
    assert len(find_files(alone, "html").files) == 1  # the user says so
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "c.jsonl").write_text("")
    for path in (tmp_path / "only", tmp_path / "only" / "*"):
        of = find_files(str(path), "html")
        assert (of.files, list((of.passed or {}).values())) == ((), ["file:.jsonl"])


def test_a_file_named_by_a_url_is_taken_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "odd name.dat").write_text('{"text": "a"}\n')
    url = (tmp_path / "odd name.dat").as_uri()
    assert url.startswith("file://")
    assert [Path(f.path).name for f in find_files(url, "jsonl").files] == ["odd name.dat"]
