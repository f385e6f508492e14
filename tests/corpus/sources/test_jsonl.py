import bz2
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.records import Passed, Reject, Risky, Text
from corpus.sources import jsonl
from corpus.sources.files import File

OPTIONS = {"max_record_bytes": 1 << 16}


def file(tmp_path: Path, raw: bytes, name: str = "a.jsonl") -> File:
    path = tmp_path / name
    path.write_bytes(raw)
    return File(str(path), len(raw), str(hash(raw)))


def read(
    f: File, spans: list[tuple[int, int] | None] | None = None, **options: object
) -> tuple[list[dict], list[Reject]]:
    texts, rejects = [], []
    for span in spans or [None]:
        for found in jsonl.read(f, span, OPTIONS | options):
            if isinstance(found, Risky):
                found = found.build()
            if isinstance(found, Passed):
                continue
            if isinstance(found, Reject):
                rejects.append(found)
            elif isinstance(found, Text):
                texts.append({"uri": found.uri, "position": found.position, "text": found.text,
                              "license": found.license, "metadata": list(found.metadata.items())})  # fmt: skip
            else:
                assert isinstance(found, pa.RecordBatch)
                texts += found.to_pylist()
    return texts, rejects


def lines(n: int) -> bytes:
    return b"".join(json.dumps({"text": f"document {i} " * (i % 5 + 1), "n": i}).encode() + b"\n" for i in range(n))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_lines_become_texts_addressed_by_byte_offset(tmp_path: Path, suffix: str) -> None:
    import zstandard

    raw = lines(20)
    packed = {"": raw, ".gz": gzip.compress(raw), ".zst": zstandard.ZstdCompressor().compress(raw)}[suffix]
    f = file(tmp_path, packed, f"a.jsonl{suffix}")
    texts, rejects = read(f)
    assert rejects == []
    assert [t["text"] for t in texts] == [json.loads(line)["text"] for line in raw.splitlines()]
    for text in texts:
        assert text["uri"] == f"{f.path}#{text['position']}"
        assert json.loads(raw[int(text["position"]) :].split(b"\n")[0])["text"] == text["text"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(['{"text":"a"}', '{"text":"bb"}', "", "not json", "  ", '{"text":"ü"}']), max_size=12),
       st.integers(1, 40), st.booleans())  # fmt: skip
def test_every_cut_finds_every_line_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], step: int, end: bool
) -> None:
    raw = "\n".join(parts).encode() + (b"\n" if end else b"")
    f = file(tmp_path_factory.mktemp("cut"), raw)
    spans: list[tuple[int, int] | None] = [(i, min(i + step, len(raw))) for i in range(0, len(raw), step)]
    whole, cut = read(f), read(f, spans or [None])
    assert [(t["position"], t["text"]) for t in cut[0]] == [(t["position"], t["text"]) for t in whole[0]]
    assert cut[1] == whole[1]
    assert len(whole[0]) + len(whole[1]) == sum(bool(p.strip()) for p in parts)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_large_file_is_cut_and_nothing_is_lost(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import zstandard

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    raw = lines(3000)
    packed = {"": raw, ".gz": gzip.compress(raw), ".zst": zstandard.ZstdCompressor().compress(raw)}[suffix]
    f = file(tmp_path, packed, f"a.jsonl{suffix}")
    spans = jsonl.cut(f, 10_000)
    assert len(spans) > 5
    assert read(f, spans)[0] == read(f)[0]


def test_bad_lines_are_refused_with_their_number_and_the_rest_is_read(tmp_path: Path) -> None:
    raw = b'{"text": "one"}\n{"text": \n[1]\n{"other": 1}\n{"text": 5}\n{"text": "\\ud800"}\n{"text": "\xff"}\n\n{"text": "two"}\n'
    texts, rejects = read(file(tmp_path, raw))
    assert [t["text"] for t in texts] == ["one", "two"]
    assert [(r.reason, r.detail.split(":")[0]) for r in rejects] == [
        ("invalid_json", "line 2"),
        ("invalid_json", "line 3"),
        ("missing_column", "line 4"),
        ("not_text", "line 5"),
        ("encoding", "line 6"),
        ("encoding", "line 7"),
    ]


def test_columns_are_mapped(tmp_path: Path) -> None:
    rows = [{"body": "x", "url": "http://a", "lic": "MIT", "lang": "en", "n": 3}, {"body": "y", "url": None}]
    raw = b"\n".join(json.dumps(row).encode() for row in rows)
    options = {"text_column": "body", "uri_column": "url", "license_column": "lic", "metadata_columns": ["lang", "n"]}
    texts, rejects = read(file(tmp_path, raw), **options)
    assert rejects == []
    assert (texts[0]["uri"], texts[0]["license"]) == ("http://a", "MIT")
    assert sorted(texts[0]["metadata"]) == [("lang", "en"), ("n", "3")]
    assert texts[1]["uri"].endswith("#" + texts[1]["position"])


@pytest.mark.parametrize("blocks", [10, 8 << 20])
def test_a_line_over_the_limit_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK", blocks)
    raw = b'{"text": "a"}\n{"text": "' + b"x" * 100_000 + b'"}\n{"text": "b"}\n'
    for step in (len(raw), 20_000, 14, 7):
        spans: list[tuple[int, int] | None] = [(i, min(i + step, len(raw))) for i in range(0, len(raw), step)]
        texts, rejects = read(file(tmp_path, raw), spans)
        assert [t["text"] for t in texts] == ["a", "b"]
        assert [(r.reason, r.position) for r in rejects] == [("too_large", "14")]


def test_a_truncated_gzip_file_gives_what_stands_before_the_break(tmp_path: Path) -> None:
    raw = gzip.compress(lines(5000))
    texts, rejects = read(file(tmp_path, raw[: len(raw) // 2], "a.jsonl.gz"))
    assert len(texts) > 100
    assert rejects[-1].reason == "truncated"
    garbage, [refused] = read(file(tmp_path, b"no gzip at all", "b.jsonl.gz"))
    assert garbage == []
    assert refused.reason == "corrupt"


@pytest.mark.parametrize("blocks", [40, 8 << 20])
@pytest.mark.parametrize("step", [50, 700, 10**6])
def test_bad_lines_are_numbered_in_any_block_and_span(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, step: int
) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK", blocks)
    rows = [b"bad" if i % 7 == 3 else b"" if i % 11 == 5 else b'{"text": "good"}' for i in range(200)]
    raw = b"\n".join(rows)
    spans: list[tuple[int, int] | None] = [(i, min(i + step, len(raw))) for i in range(0, len(raw), step)]
    _, rejects = read(file(tmp_path, raw), spans)
    assert [int(r.detail.split(":")[0].removeprefix("line ")) for r in rejects] == [
        i + 1 for i, row in enumerate(rows) if row == b"bad"
    ]


# A line's fate is its own

GOOD = b'{"text": "good"}'
ODD = {  # after the manner of JSONTestSuite: what each line is, whatever stands around it
    b"null": "invalid_json", b"[1]": "invalid_json", b'"text"': "invalid_json", b"{": "invalid_json",
    b'{"text": "a"}, {"text": "b"}': "invalid_json", b'{"text": "a"': "invalid_json", b', "n": 1}': "invalid_json",
    b'{"text": "a"}{"text": "b"}': "invalid_json", b"\x00\x00\x00": "invalid_json", b"\x0c": "invalid_json",
    b'{"text": "a", "x": "\xff"}': "encoding", b'{"text": "\xed\xa0\xbd"}': "encoding",
    b'{"text": "cut \\ud83d"}': "encoding", b"[Inf]": "invalid_json", b'{"text": "a", "x": Inf}': "invalid_json",
    b'{"text": "a", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}": "invalid_json",
    b'{"text": "a",}': "invalid_json", b"{'text': 'a'}": "invalid_json", b'{"text": "a\x01b"}': "invalid_json",
    b'{"text": null}': "missing_column", b'{"Text": "a"}': "missing_column", b"{}": "missing_column",
    b'{"text": ["a"]}': "not_text", b'{"text": 1}': "not_text", b'\xef\xbb\xbf{"text": "a"}': "invalid_json",
    b'{"text": "a", "x": ' + b"9" * 6000 + b"}": "a", b'{"text": "a", "x": NaN}': "a", b'{"text": "a", "x": 1e999}': "a",
    b'{"text": "a", "x": "\\ud83d"}': "a", b'  {"text": "a"}\t\r': "a", b'{"text": "b", "text": "a"}': "a",
    b'{"text": "a", "x": "\\u0000"}': "a", b'{"text": "a", "x": -0.0}': "a",
}  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([GOOD, b"", *ODD]), min_size=1, max_size=10), st.integers(10, 5000))
def test_a_lines_fate_never_depends_on_its_neighbors(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[bytes], step: int
) -> None:
    chosen = [GOOD, *chosen]  # a byte order mark is one only at the file's start
    raw = b"\n".join(chosen)
    f = file(tmp_path_factory.mktemp("odd"), raw)
    spans: list[tuple[int, int] | None] = [(i, min(i + step, len(raw))) for i in range(0, len(raw), step)]
    offset, want = 0, {}
    for line in chosen:
        if line.strip(b" \t\r"):
            want[str(offset)] = ODD.get(line, "good")
        offset += len(line) + 1
    for cut in ([None], spans):
        texts, rejects = read(f, cut)
        assert {t["position"]: t["text"] for t in texts} | {r.position: r.reason for r in rejects} == want


def test_documents_rejects_and_blank_lines_are_all_lines(tmp_path: Path) -> None:
    raw = b"\n".join([GOOD, b"", b" \t\r", b"null", GOOD, b"", GOOD]) + b"\n"
    f = file(tmp_path, raw)
    for spans in ([None], [(i, i + 9) for i in range(0, len(raw), 9)]):
        counted = 0
        for span in spans:
            for record in jsonl.read(f, span, OPTIONS):
                counted += len(record) if isinstance(record, pa.RecordBatch) else getattr(record, "n", 1)
        assert counted == raw.count(b"\n")


def test_a_file_that_is_one_json_value_over_many_lines_says_what_to_do(tmp_path: Path) -> None:
    for value in ([{"text": "a"}, {"text": "b"}], {"text": "a"}):
        texts, [refused] = read(file(tmp_path, json.dumps(value, indent=2).encode()))
        assert texts == []
        assert "jq -c" in refused.detail


def test_a_byte_order_mark_begins_a_file(tmp_path: Path) -> None:
    texts, rejects = read(file(tmp_path, b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD + b"\nnull\n"))
    assert [t["position"] for t in texts] == ["0", str(len(GOOD) + 4)]
    assert [r.detail.split(":")[0] for r in rejects] == ["line 3"]


@pytest.mark.parametrize(("suffix", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress)])
def test_other_compressions(tmp_path: Path, suffix: str, pack: object) -> None:
    raw = lines(30)
    f = file(tmp_path, pack(raw), f"a.jsonl{suffix}")  # type: ignore[operator]
    assert jsonl.cut(f, 10) == [None]
    assert len(read(f)[0]) == 30
    _, [cut_short] = read(file(tmp_path, pack(raw)[:-20], f"b.jsonl{suffix}"))  # type: ignore[operator]
    assert cut_short.reason in ("truncated", "corrupt")


def test_strings_of_other_columns_become_valid(tmp_path: Path) -> None:
    raw = b'{"text": "t", "title": "cut \\ud83d", "url": "http://x/\\udce9", "tags": ["\\ud83d"]}'
    [text], rejects = read(file(tmp_path, raw), uri_column="url", metadata_columns=["title", "tags"])
    assert rejects == []
    assert dict(text["metadata"])["title"] == "cut \ufffd"
    assert text["uri"] == "http://x/%E9"
    json.dumps(text).encode()


def test_a_folder_that_names_a_value_is_a_column(tmp_path: Path) -> None:
    folder = tmp_path / "lang=zh" / "day=2026%2D01"
    folder.mkdir(parents=True)
    f = file(folder, b'{"text": "t"}\n{"text": "u", "lang": "en"}\n')
    texts, _ = read(f, metadata_columns=["lang", "day"])
    assert [dict(t["metadata"]) for t in texts] == [{"lang": "zh", "day": "2026-01"}, {"lang": "en", "day": "2026-01"}]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_what_stands_before_a_break_is_read_and_the_break_is_told(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import random

    import zstandard

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
            ".zst": zstandard.ZstdCompressor().compress}[suffix]  # fmt: skip
    noise = random.Random(1)
    rows = [json.dumps({"text": noise.randbytes(50).hex()}).encode() + b"\n" for _ in range(3000)]
    first, second = pack(b"".join(rows[:1500])), pack(b"".join(rows[1500:]))
    for name, raw, least in (
        ("cut", first + second[: len(second) // 2], 1500), ("cut-at-once", first + second[:5], 1500),
        ("garbage", first + second + b"garbage" * 99, 3000), ("whole", first + second, 3000),
        ("padded", first + bytes(512) + second, 3000),
    ):  # fmt: skip
        f = file(tmp_path, raw, f"{name}.jsonl{suffix}")
        for spans in ([None], jsonl.cut(f, 20_000)):
            texts, rejects = read(f, spans)
            assert least <= len(texts) <= 3000
            told = [r for r in rejects if r.reason in ("truncated", "corrupt")]  # besides a line that was cut
            assert len(told) == (name not in ("whole", "padded"))


def test_a_broken_index_of_a_gzip_file_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    f = file(tmp_path, gzip.compress(lines(3000)), "a.jsonl.gz")
    spans = jsonl.cut(f, 20_000)
    for index in (tmp_path / "cache").rglob("*.gzidx"):
        index.write_bytes(index.read_bytes()[:20])
    assert len(read(f, spans)[0]) == 3000


def test_a_first_line_that_opens_a_value_costs_itself_among_good_lines(tmp_path: Path) -> None:
    for first in (b"{", b"[", b"[{"):
        raw = first + b"\n" + lines(500)
        f = file(tmp_path, raw)
        for step in (len(raw), 3000):
            spans: list[tuple[int, int] | None] = [(i, min(i + step, len(raw))) for i in range(0, len(raw), step)]
            texts, rejects = read(f, spans)
            assert (len(texts), [r.reason for r in rejects]) == (500, ["invalid_json"])
    pretty = json.dumps([{"text": f"t{i}"} for i in range(5000)], indent=1).encode()
    assert jsonl.cut(file(tmp_path, pretty), 3000) == [None]


def test_a_column_that_is_nested_too_deep_costs_its_line(tmp_path: Path) -> None:
    deep = b'{"text": "b", "m": ' + b"[" * 1000 + b"]" * 1000 + b"}\n"
    texts, rejects = read(file(tmp_path, GOOD + b"\n" + deep + GOOD + b"\n"), metadata_columns=["m"])
    assert [t["text"] for t in texts if t["text"] == "good"] == ["good", "good"]
    assert len(texts) + len(rejects) == 3


@pytest.mark.parametrize("first", [b"{", b"[", b"[{"])
def test_a_damaged_first_line_does_not_cost_long_lines_behind_it(tmp_path: Path, first: bytes) -> None:
    lines = [json.dumps({"text": f"{i} " + "long " * 5000}).encode() for i in range(3)]
    texts, rejects = read(file(tmp_path, b"\n".join([first, *lines])))
    assert len(texts) == 3
    assert [r.reason for r in rejects] == ["invalid_json"]


def test_an_address_of_zero_is_one(tmp_path: Path) -> None:
    texts, _ = read(file(tmp_path, b'{"text": "x", "id": 0}\n{"text": "x", "id": ""}\n'), uri_column="id")
    assert [t["uri"].rpartition("/")[2] for t in texts] == ["0", "a.jsonl#23"]


@pytest.mark.parametrize("first", [b"{", b"[", b"{\n", b"[\n", b"{\ngarbage", b"[\n\n\n"])
def test_a_broken_first_line_costs_itself_before_lines_of_any_length(tmp_path: Path, first: bytes) -> None:
    lines = [json.dumps({"text": f"{i} " + "word " * 5000}).encode() for i in range(20)]
    texts, rejects = read(file(tmp_path, first + b"\n" + b"\n".join(lines) + b"\n"))
    assert len(texts) == 20
    assert {reject.reason for reject in rejects} == {"invalid_json"}


@pytest.mark.parametrize(
    "value",
    ['[\n{"a": 1},\n{"a": 2}\n]', '[\n{"a": 1}\n]\n', '{\n  "a": [\n    1,\n    2\n  ]\n}', "[{\n\"a\": 1\n}]"],
)  # fmt: skip
def test_one_value_over_lines_is_told_as_one(tmp_path: Path, value: str) -> None:
    texts, [reject] = read(file(tmp_path, value.encode()))
    assert not texts
    assert "jq -c" in reject.detail


def test_gzip_gives_every_line_that_was_unpacked_before_a_fault(tmp_path: Path) -> None:
    import zlib

    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    lines = b"".join(json.dumps({"text": f"line {i}"}).encode() + b"\n" for i in range(50))
    raw = packer.compress(lines) + packer.flush(zlib.Z_FULL_FLUSH) + b"\x07\x07\x07" + b"\xaa" * 50
    texts, [reject] = read(file(tmp_path, raw, "a.jsonl.gz"))
    assert [text["text"] for text in texts] == [f"line {i}" for i in range(50)]
    assert reject.reason == "corrupt"
