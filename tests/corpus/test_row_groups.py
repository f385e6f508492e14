"""Row groups of documents, and where other tables keep rows about them."""

from corpus.lake import Lake
from corpus.row_groups import RowGroup, items, parts_by_number, sized
from tests import planning
from tests.corpus.dedup.made import commit, prose


def test_each_row_group_is_an_item_and_its_rows_elsewhere_are_found_by_its_number(lake: Lake) -> None:
    commit(lake, [prose(i, 60) for i in range(40)], per_part=10)
    planning.run(["signals"], lake)
    groups = list(sized(lake, lake.parts("documents")))
    found = items(lake, lake.parts("documents"), ("anything",))
    assert [item.spec for item in found] == [one.group for one in groups]
    assert len({item.key for item in found}) == len(groups) == 4

    by_number = parts_by_number(lake, "signals")
    assert by_number.keys() == {one.group.number for one in groups}
    for (part, row_group), n_rows, *_ in groups:
        ids = lake.open_part("documents", part).read_row_group(row_group, ["id"])["id"].to_pylist()
        signals = by_number[RowGroup(part, row_group).number]
        assert lake.open_part("signals", signals).read(["id"])["id"].to_pylist() == ids
        assert signals.n_rows == n_rows


def test_footers_of_documents_are_read_once(lake: Lake, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    commit(lake, [prose(i, 60) for i in range(20)], per_part=10)
    first = list(sized(lake, lake.parts("documents")))
    parts = lake.parts("documents")
    monkeypatch.setattr(Lake, "open_part", None)
    assert list(sized(lake, parts)) == first
