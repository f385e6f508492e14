"""Work items: keys that never change, and specs that come back from JSON as they went."""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from corpus.ingest.steps import FilePiece, FilesSpec, IngestStep, ListingSpec, Passed
from corpus.lake import Lake
from corpus.row_groups import RowGroup
from corpus.settings import NAME
from corpus.task import All, WorkItem, _plain, _read_plan, decoded, digest, name_of, write_plan


class Pair(NamedTuple):
    name: str
    n: int


@dataclass(frozen=True)
class Pairs:
    pairs: tuple[Pair, ...]
    span: tuple[int, int] | None


@dataclass(frozen=True)
class Number:
    number: int


def through_json(value: object) -> object:
    return json.loads(json.dumps(value, default=_plain))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (All, All()),
        (Pairs, Pairs((Pair("a", 1), Pair("b", 2)), (3, 4))),
        (Pairs, Pairs((), None)),
        (Pairs | Number, Number(5)),
        (Pairs | Number, Pairs((), (1, 2))),
        (RowGroup, RowGroup("documents/aa.parquet", 3)),
        (IngestStep.spec_type, FilesSpec({"name": "web"}, (FilePiece("a\udcff.txt", 5, "1", "a", (0, 5)),))),
        (IngestStep.spec_type, FilesSpec({"name": "web"}, (FilePiece("a.txt", 5, "1", "a", None),))),
        (IngestStep.spec_type, ListingSpec({"name": "web"}, ({"uri": "x"},), (Passed("", "file:.png", 2),))),
    ],
)
def test_a_spec_comes_back_as_it_went(kind: object, value: object) -> None:
    assert decoded(kind, through_json(value)) == value
    assert type(decoded(kind, through_json(value))) is type(value)


def test_a_key_is_that_of_the_plain_values() -> None:
    """Keys name parts on disk: a dataclass counts as a dictionary of its fields, and a named tuple as a list."""
    spec = Pairs((Pair("a", 1),), (3, 4))
    assert digest([spec, 7]) == digest([{"pairs": [["a", 1]], "span": [3, 4]}, 7])
    assert digest([{"b": 1, "a": 2}]) == "250fe47c8e506beb149de625d2970c4a"


def test_a_plan_holds_items_in_order(lake: Lake) -> None:
    lake.make_folder(lake.root)
    items = [WorkItem(str(i), f"item {i}", i, Number(i)) for i in range(3)]
    plan = write_plan(lake, lake.root, items)
    lines = [json.loads(line) for line in _read_plan(lake.url, (), plan)]
    assert [decoded(Number, spec) for *_, spec in lines] == [item.spec for item in items]
    assert plan != write_plan(lake, lake.root, items[:2])  # two runs with other items never share a file


def test_names_of_parts_are_allowed_and_stay_apart() -> None:
    assert name_of("core", "6M", "seed0") == "core-6M-seed0"
    assert name_of("a b/c", "x:y") == "a-b-c-x-y"
    assert name_of("../..", "seed0") == "seed0"
    assert name_of("..") == "unnamed"
    long = [name_of("m" * 80, end, "seed0") for end in ("10", "21")]
    assert len(set(long)) == 2
    assert all(re.fullmatch(NAME, one) for one in [*long, name_of("-x"), name_of("é", "ü")])
