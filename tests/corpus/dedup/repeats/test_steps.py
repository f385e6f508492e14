"""Repeated passages against plain Python: blocks by splitting, spans by a suffix array; then over a lake."""

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup import canary, shuffle
from corpus.dedup.repeats.passages import Passages, find, rank
from corpus.dedup.repeats.steps import merged, repeats
from corpus.lake import Lake
from corpus.text.normal import normal_text
from pomona import exporting, runner
from tests import planning
from tests.corpus.dedup.made import commit, prose

_LINE = st.sampled_from(["", " ", "one", "One,", "one two", "two ONE three", "é b c", "- -", "\t"])


def blocks(text: str, unit: str) -> list[tuple[int, int]]:
    """Where paragraphs, or lines, begin and end; with the blank lines behind them."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]*\n|[^\n]+", text)]
    if unit == "line":
        return lines
    found: list[tuple[int, int]] = []
    blank = True
    for i, (a, b) in enumerate(lines):
        empty = all(ord(c) <= 32 for c in text[a:b])
        if i == 0 or (blank and not empty and any(ord(c) > 32 for c in text[found[-1][0] : a])):
            found.append((a, b))
        else:
            found[-1] = (found[-1][0], b)
        blank = empty
    return found


@settings(deadline=None)
@given(st.lists(st.lists(_LINE, max_size=8).map("\n".join), max_size=4), st.sampled_from(["line", "paragraph"]),
       st.integers(1, 3))  # fmt: skip
def test_blocks_are_those_of_plain_python(texts: list[str], unit: Any, n_words: int) -> None:
    document, start, end, hashes = find(pa.array(texts, pa.large_string()), Passages(unit, n_words))
    want = [
        (d, a, b, tuple(normal_text(text[a:b]).split()))
        for d, text in enumerate(texts)
        for a, b in blocks(text, unit)
        if len(normal_text(text[a:b]).split()) >= n_words
    ]
    assert list(zip(document.tolist(), start.tolist(), end.tolist(), strict=True)) == [w[:3] for w in want]
    by_hash = dict(zip(hashes.tolist(), (w[3] for w in want), strict=True))
    assert [by_hash[h] for h in hashes.tolist()] == [w[3] for w in want]
    assert len(set(by_hash.values())) == len(by_hash)


def suffix_array_repeats(texts: list[list[str]], n: int) -> set[tuple[int, int]]:
    """Words (document, place) inside runs of n words or more that stand twice: neighbors in a suffix array."""
    suffixes = sorted((words[i:], d, i) for d, words in enumerate(texts) for i in range(len(words)))
    covered = set()
    for (left, *at), (right, *other) in itertools.pairwise(suffixes):
        shared = next((k for k, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
        shared = min(len(left), len(right)) if shared is None else shared
        if shared >= n:
            covered |= {(d, i + k) for d, i in (at, other) for k in range(shared)}
    return covered


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=14), max_size=4), st.integers(2, 4))
def test_spans_cover_what_a_suffix_array_finds(texts: list[list[str]], n: int) -> None:
    document, start, end, hashes = find(pa.array([" ".join(t) for t in texts], pa.large_string()), Passages("span", n))
    counts = dict(zip(*np.unique(hashes, return_counts=True), strict=True))
    covered = {
        (int(d), w)
        for d, a, b, h in zip(document, start, end, hashes, strict=True)
        if counts[h] > 1
        for w in range(a // 2, (b + 1) // 2)
    }
    assert covered == suffix_array_repeats(texts, n)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 2), st.integers(0, 6)), max_size=20))
def test_all_but_the_first_copy_goes(rows: list[tuple[int, int, int, int]]) -> None:
    rows = [(h, d % 2, d, a) for h, _, d, a in rows]  # order, then document
    columns = [np.array(c, np.int64) for c in zip(*rows, strict=True)] if rows else [np.empty(0, np.int64)] * 4
    found = repeats(*columns, columns[3] + 2)
    want = []
    for value in {r[0] for r in rows}:
        own = sorted(r[1:] for r in rows if r[0] == value)
        _, d0, a0 = own[0]
        want += [(d, a, a + 2, len(own)) for _, d, a in own[1:] if d != d0 or a >= a0 + 2]
    assert sorted(map(tuple, found.tolist())) == sorted(want)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 5), st.integers(2, 9)), max_size=20))
def test_ranges_are_merged(rows: list[tuple[int, int, int, int]]) -> None:
    columns = [np.array(c, np.int64) for c in zip(*rows, strict=True)] if rows else [np.empty(0, np.int64)] * 4
    document, start, end, _ = merged(columns[0], columns[1], columns[1] + columns[2], columns[3])
    covered = {(d, i) for d, a, n, _ in rows for i in range(a, a + n)}
    assert {(d, i) for d, a, b in zip(document, start, end, strict=True) for i in range(a, b)} == covered
    assert all(
        d != e or a > b
        for (d, b), (e, a) in zip(
            zip(document, end, strict=True), list(zip(document, start, strict=True))[1:], strict=False
        )
    )


def test_documents_rank_by_source_and_then_by_id() -> None:
    ids = ["f" * 32, "0" * 31 + "1", "0" * 13 + "8" + "0" * 18, "a" * 32]
    found = rank(pa.array(ids), np.array([1, 1, 1, 0]))
    assert np.argsort(found).tolist() == [3, 1, 2, 0]
    assert found[0] == (1 << 54) | (int(ids[0], 16) >> 74)


def dedup(lake: Lake, memory: int | None = None, **fields: Any) -> list[runner.Outcome]:
    section = {"exact": False, "minhash": None, **fields}
    return planning.run(planning.names(dedup=section), lake, memory=memory, dedup=section)


def texts_of(lake: Lake, tmp_path: Path) -> dict[str, str]:
    exporting.export(lake, str(tmp_path / "out.parquet"))
    return dict(pl.read_parquet(tmp_path / "out.parquet").select("uri", "text").iter_rows())


FOOTER = "All rights reserved by the authors of this page and their many heirs forever"


def corpus(n: int) -> list[str]:
    return [
        f"{prose(i, 60)}\n\n{FOOTER.upper() if i % 2 else FOOTER}.\n\n{prose(1000 + i // 3, 30)}\n" for i in range(n)
    ]


def first_by_id(lake: Lake) -> dict[str, str]:
    return dict(lake.scan("documents").select("uri", "id").collect().sort("id").iter_rows())


def test_a_footer_and_shared_paragraphs_stay_once(lake: Lake, tmp_path: Path) -> None:
    commit(lake, corpus(30))
    outcomes = dedup(lake, paragraphs={"min_words_left": 20})
    assert [o.state for o in outcomes] == ["ran"] * 3
    found, order = texts_of(lake, tmp_path), list(first_by_id(lake))
    assert len(found) == 30
    seen: set[str] = set()
    for uri in order:
        i = int(uri[2:])
        want = f"{prose(i, 60)}\n\n"
        if "footer" not in seen:
            want += f"{FOOTER.upper() if i % 2 else FOOTER}.\n\n"
        if str(i // 3) not in seen:
            want += f"{prose(1000 + i // 3, 30)}\n"
        seen |= {"footer", str(i // 3)}
        assert found[uri] == want
    cuts = lake.scan("cuts").collect()
    assert 30 in set(cuts["copies"]) <= {30, 3}  # neighbors that go together are one cut
    again = dedup(lake, paragraphs={"min_words_left": 20})
    assert [o.state for o in again] == ["current"] * 3


def test_a_document_with_too_little_left_goes_and_says_why(lake: Lake, tmp_path: Path) -> None:
    shared = prose(1, 100)
    commit(lake, [f"{shared}\n\nsome words", f"{shared}\n\n{prose(2, 100)}", "short but whole"])
    dedup(lake, paragraphs={"min_words_left": 50})
    rows = lake.scan("decisions").join(lake.scan("documents").select("id", "uri"), on="id").collect()
    dropped = rows.filter(~pl.col("kept")).to_dicts()
    order = [u for u in first_by_id(lake) if u != "a/00002"]
    if order[0] == "a/00000":  # whose copy stays: then the other loses its first paragraph and has enough left
        assert dropped == []
        assert texts_of(lake, tmp_path)["a/00001"] == prose(2, 100)
    else:
        assert [row["uri"] for row in dropped] == ["a/00000"]
        assert dropped[0]["measured"] == [{"rule": "paragraphs.min_words_left", "value": 2.0, "limit": 50.0}]
        assert lake.scan("cuts").collect().is_empty()


def test_spans_are_cut_wherever_they_stand(lake: Lake, tmp_path: Path) -> None:
    quote = " ".join(f"word{i}" for i in range(60))
    texts = [f"{prose(i, 80)} {quote.upper() if i else quote} only{i} {prose(100 + i, 80)}" for i in range(3)]
    commit(lake, texts)
    dedup(lake, substrings={"words": 40, "min_words_left": 0})
    found, order = texts_of(lake, tmp_path), list(first_by_id(lake))
    assert quote in found[order[0]].lower()
    for uri in order[1:]:
        assert "word" not in found[uri].lower()
        assert found[uri] == texts[int(uri[2:])].replace(quote, "").replace(quote.upper(), "")


def test_a_text_that_repeats_itself_keeps_one_period(lake: Lake, tmp_path: Path) -> None:
    commit(lake, [" ".join(["again"] * 100)])
    dedup(lake, substrings={"words": 10, "min_words_left": 0})
    assert texts_of(lake, tmp_path)["a/00000"].split() == ["again"] * 10


@pytest.mark.parametrize("per_part", [3, 11])
def test_the_result_is_the_same_for_any_cut_and_memory(
    tmp_path: Path, per_part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = corpus(33)
    plain, other = Lake(tmp_path / "plain"), Lake(tmp_path / "other")
    fields: dict[str, Any] = {"paragraphs": {"min_words_left": 10}, "substrings": {"words": 20, "min_words_left": 5}}
    commit(plain, texts, per_part=100)
    dedup(plain, **fields)
    monkeypatch.setattr(shuffle, "MIN_RUN_BYTES", 2000)
    monkeypatch.setattr(shuffle, "READ_BYTES", 1)
    commit(other, texts, per_part=per_part)
    outcomes = dedup(other, **fields)
    assert max(o.items for o in outcomes) > 3
    uris = [dict(lake.scan("documents").select("id", "uri").collect().iter_rows()) for lake in (plain, other)]
    cuts = [
        sorted((uris[k][r[0]], *r[2:]) for r in lake.scan("cuts").collect().iter_rows())
        for k, lake in enumerate((plain, other))
    ]
    if per_part == 11:  # 33 is no multiple of 17: the addresses, and so the ids, are other ones
        assert len(cuts[0]) == len(cuts[1]) > 30
    assert sum(r[3] - r[2] for r in cuts[0]) == sum(r[3] - r[2] for r in cuts[1])


def test_other_sources_are_neither_read_nor_cut(lake: Lake) -> None:
    commit(lake, corpus(12))
    dedup(lake, paragraphs={"min_words_left": 10, "only": ["another"]})
    assert lake.scan("cuts").collect().is_empty()
    assert lake.scan("decisions").collect()["kept"].all()
    dedup(lake, paragraphs={"min_words_left": 10, "only": ["another", "made"]})
    assert not lake.scan("cuts").collect().is_empty()


def test_a_later_stage_does_not_see_what_was_cut(lake: Lake, tmp_path: Path) -> None:
    commit(lake, corpus(12))
    dedup(lake, paragraphs={"min_words_left": 10}, substrings={"words": 10, "min_words_left": 5})
    assert lake.scan("cuts", slot="substrings").collect().is_empty()  # nothing repeats once paragraphs are cut


def test_a_lost_canary_ends_the_run(lake: Lake) -> None:
    commit(lake, corpus(12))
    section = {"exact": False, "minhash": None, "paragraphs": {}}
    planning.run(planning.names(dedup=section)[:2], lake, dedup=section)
    import pyarrow.parquet as pq

    for part in lake.parts("repeats"):
        path = f"{lake.root}/repeats/{part.path}"
        rows = pq.read_table(path)
        pq.write_table(rows.slice(0, 0), path, row_group_size=1)
        with pq.ParquetWriter(path, rows.schema) as writer:
            writer.write_table(rows.slice(0, 0), row_group_size=1)
    with pytest.raises(canary.CanaryLostError, match="the planted duplicate was not found"):
        planning.run(["paragraphs"], lake, dedup=section)


def test_passages_longer_than_the_canary_do_without_it(lake: Lake) -> None:
    commit(lake, [prose(1, 200), prose(1, 200) + " and more", prose(2, 300)])
    dedup(lake, substrings={"words": 150})
    assert lake.scan("decisions").collect().filter(~pl.col("kept")).height == 1
