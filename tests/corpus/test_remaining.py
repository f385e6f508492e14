"""What earlier stages left: whom they kept, and texts blanked where they cut."""

import polars as pl

from corpus import schema
from corpus.lake import Lake, Lineage
from corpus.remaining import batches, cuts, kept, row_group
from tests.corpus.dedup.made import commit


def decide(lake: Lake, slot: str, verdicts: dict[str, bool], ranges: list[tuple[str, int, int]]) -> None:
    rows = [
        {"id": i, "source": "made", "stage": slot, "kept": k, "reasons": [], "measured": []}
        for i, k in verdicts.items()
    ]
    cut = [{"id": i, "source": "made", "stage": slot, "start": a, "end": b, "copies": 2} for i, a, b in ranges]
    for table, found in (("decisions", rows), ("cuts", cut)):
        with lake.part_writer(table, slot, "k", schema.TABLES[table].schema) as writer:
            frame = pl.DataFrame(found, schema=pl.from_arrow(schema.TABLES[table].schema.empty_table()).schema)
            writer.write(schema.batch(table, frame))
        lake.commit(table, {slot: ["k"]}, Lineage(slot, slot, "k"))


def test_a_later_stage_sees_what_is_left(lake: Lake) -> None:
    commit(lake, ["one two three", "four five", "six séven eight", "nine"])
    ids = lake.scan("documents").collect().sort("uri")["id"].to_list()
    decide(lake, "filter", dict(zip(ids, [True, False, True, True], strict=True)), [])
    decide(lake, "paragraphs", {ids[0]: True, ids[2]: True, ids[3]: False}, [(ids[2], 0, 4), (ids[2], 9, 11)])
    decide(lake, "substrings", {ids[0]: True, ids[2]: True}, [(ids[0], 0, 2), (ids[2], 3, 6)])
    slots = ("filter", "paragraphs", "substrings")
    series = pl.Series("id", ids)
    assert kept(lake, slots[:1], series).tolist() == [True, False, True, True]
    assert kept(lake, slots, series).tolist() == [True, False, True, False]
    assert [c.tolist() for c in cuts(lake, slots, series)] == [[0, 2, 2, 2], [0, 0, 3, 9], [2, 4, 6, 11]]
    part = lake.parts("documents")[0].path
    rows = row_group(lake, part, 0, ["id", "source", "text"], slots)
    assert rows is not None
    assert dict(zip(rows["row"].to_pylist(), rows["text"].to_pylist(), strict=True)) == {
        0: "\n\ne two three", 2: "\n\n\n\n\n\nven\n\night",
    }  # fmt: skip
    assert [len(b) for b in batches(rows, 1)] == [1, 1]
    assert row_group(lake, part, 0, ["id", "source", "text"], ()).num_rows == 4


def test_nobody_left(lake: Lake) -> None:
    commit(lake, ["one", "two"])
    ids = lake.scan("documents").collect()["id"].to_list()
    decide(lake, "filter", dict.fromkeys(ids, False), [])
    assert row_group(lake, lake.parts("documents")[0].path, 0, ["id", "source", "text"], ("filter",)) is None
