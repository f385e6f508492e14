"""What earlier stages left: whom they kept, and texts blanked where they cut."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from corpus import schema
from corpus.lake import Lake, Lineage
from corpus.remaining import Places, batches, check_numbers, cuts_of, documents, kept_ids, remaining, row_group_number
from tests.corpus.dedup.made import commit


def places(lake: Lake) -> dict[str, tuple[str, int, int]]:
    """Of each address: its id, and where it stands."""
    found = {}
    for part in lake.parts("documents"):
        rows = lake.open_part("documents", part).read(["id", "uri"]).to_pylist()
        found |= {r["uri"]: (r["id"], row_group_number(part.path, 0), i) for i, r in enumerate(rows)}
    return found


def decide(lake: Lake, slot: str, verdicts: dict[str, bool], ranges: list[tuple[str, int, int]]) -> None:
    at = places(lake)
    fixed = {"source": "made", "stage": slot}
    rows = [
        {"id": at[u][0], "kept": k, "reasons": [], "measured": [], "row_group": at[u][1], "row": at[u][2]} | fixed
        for u, k in verdicts.items()
    ]
    cut = [
        {"id": at[u][0], "start": a, "end": b, "copies": 2, "row_group": at[u][1], "row": at[u][2]} | fixed
        for u, a, b in ranges
    ]
    for table, found in (("decisions", rows), ("cuts", cut)):
        arrow = schema.TABLES[table].schema
        with lake.part_writer(table, slot, "k", arrow) as writer:
            frame = pl.DataFrame(found, schema=pl.from_arrow(arrow.empty_table()).schema)
            writer.write(schema.batch(table, frame.sort("row_group", "row")))
        lake.commit(table, {slot: ["k"]}, Lineage(slot, slot, "k"))


U = [f"a/{i:05}" for i in range(4)]
TEXTS = ["one two three", "four five", "six séven eight", "nine"]
SLOTS = ("filter", "paragraphs", "substrings")


def judged(lake: Lake) -> None:
    decide(lake, "filter", dict(zip(U, [True, False, True, True], strict=True)), [])
    decide(lake, "paragraphs", {U[0]: True, U[2]: True, U[3]: False}, [(U[2], 0, 4), (U[2], 9, 11)])
    decide(lake, "substrings", {U[0]: True, U[2]: True}, [(U[0], 0, 2), (U[2], 3, 6)])


@pytest.mark.parametrize("per_part", [1, 2, 4])
def test_a_later_stage_sees_what_is_left(lake: Lake, per_part: int) -> None:
    commit(lake, TEXTS, per_part=per_part)
    judged(lake)
    parts = [part.path for part in lake.parts("documents")]
    numbers = [row_group_number(part, 0) for part in parts]
    texts: dict[str, str] = {}
    kept: dict[int, set[str]] = {n: set() for n in range(4)}
    for n in range(4):
        remains = remaining(lake, SLOTS[:n], numbers)
        for part in parts:
            rows = documents(lake, remains, part, 0, ["uri", "text"])
            if rows is not None:
                kept[n] |= set(rows["uri"].to_pylist())
                texts |= dict(zip(rows["uri"].to_pylist(), rows["text"].to_pylist(), strict=True)) if n == 3 else {}
    assert kept == {0: set(U), 1: {U[0], U[2], U[3]}, 2: {U[0], U[2]}, 3: {U[0], U[2]}}
    assert texts == {U[0]: "\n\ne two three", U[2]: "\n\n\n\n\n\nven\n\night"}
    uris = dict(lake.scan("documents").select("id", "uri").collect().iter_rows())
    assert {uris[i] for i in kept_ids(lake, SLOTS).collect()["id"]} == kept[3]


def test_a_work_item_reads_of_its_own_documents_only(lake: Lake) -> None:
    commit(lake, TEXTS, per_part=2)
    judged(lake)
    second = lake.parts("documents")[1].path
    number = row_group_number(second, 0)
    remains = remaining(lake, SLOTS, [number])
    assert remains.rows is not None
    assert {n: rows.tolist() for n, rows in remains.rows.items()} == {number: [0]}
    assert [c.tolist() for c in cuts_of(remains, number, remains.rows_of(number, 2))] == [
        [0, 0, 0],
        [0, 3, 9],
        [4, 6, 11],
    ]
    assert remains.rows_of(number + 1, 2).tolist() == []
    assert documents(lake, remains, lake.parts("documents")[0].path, 0, ["text"]) is None


def test_batches_hold_one_document_at_least(lake: Lake) -> None:
    commit(lake, TEXTS)
    rows = documents(lake, remaining(lake, (), []), lake.parts("documents")[0].path, 0, ["text"])
    assert rows is not None
    assert [len(b) for b in batches(rows, 1)] == [1, 1, 1, 1]
    assert [len(b) for b in batches(rows, 1000)] == [4]


def test_numbers_follow_the_order_of_parts_and_differ() -> None:
    names = sorted(hashlib.blake2b(str(i).encode(), digest_size=16).hexdigest() for i in range(200))
    numbers = [row_group_number(f"slot/{name}.parquet", group) for name in names for group in (0, 1, 65535)]
    assert numbers == sorted(set(numbers))
    assert 0 <= min(numbers) <= max(numbers) < 2**63
    check_numbers(f"a/{name}.parquet" for name in names)
    with pytest.raises(RuntimeError, match="have the same number"):
        check_numbers(["a/0123456789abcdef.parquet", "b/0123456789abcd00.parquet"])


def test_places_count_on_from_batch_to_batch(tmp_path: Path) -> None:
    found = Places("a/b.parquet", 3)
    assert [row.to_pylist() for _, row in (found.next(2), found.next(3))] == [[0, 1], [2, 3, 4]]
    assert found.next(1)[0].to_pylist() == [row_group_number("a/b.parquet", 3)]


def test_a_row_group_that_has_no_number_is_an_error() -> None:
    part = f"ingest-a/{'f' * 32}.parquet"
    assert row_group_number(part, 0xFFFF) == 0xFFFFFFFFFFFFFFF < 1 << 63
    for group in (-1, 1 << 16):
        with pytest.raises(RuntimeError, match=f"has row group {group}; the highest is 65535"):
            row_group_number(part, group)
