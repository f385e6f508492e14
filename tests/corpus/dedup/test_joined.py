import random
from pathlib import Path

import polars as pl

from corpus import schema
from corpus.dedup.joined import STAGES, clusters
from corpus.lake import Lake, Lineage

ID = "{:032x}"


def lake_of(folder: Path, found: dict[str, list[list[int]]]) -> Lake:
    """A lake in which each stage found these clusters; the first of each stays."""
    lake = Lake(folder)
    for stage, groups in found.items():
        rows = [
            {"id": ID.format(i), "source": "s", "stage": stage, "cluster": f"{stage}-{group[0]}",
             "representative": ID.format(group[0]), "similarity": 1.0 if stage == "exact" else 0.9}
            for group in groups
            for i in group
        ]  # fmt: skip
        arrow = schema.TABLES["duplicates"].schema
        with lake.part_writer("duplicates", stage, "part", arrow) as writer:
            writer.write(schema.batch("duplicates", pl.DataFrame(rows)))
        lake.commit("duplicates", {stage: ["part"]}, Lineage(stage, stage, stage))
    return lake


def test_a_document_is_in_one_cluster_under_the_copy_that_stays(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake", {"exact": [[1, 2, 3], [7, 8]], "minhash": [[4, 1, 5]], "semantic": [[9, 4]]})
    rows = clusters(lake).sort("id").collect()
    assert rows["id"].to_list() == [ID.format(i) for i in (1, 2, 3, 4, 5, 7, 8, 9)]
    by_id = {int(row["id"], 16): row for row in rows.to_dicts()}
    for i in (1, 2, 3, 4, 5, 9):
        assert (by_id[i]["representative"], by_id[i]["cluster"]) == (ID.format(9), "semantic-9")
    assert by_id[7]["representative"] == by_id[8]["representative"] == ID.format(7)
    assert {i: by_id[i]["stage"] for i in (1, 2, 4, 5, 9)} == {
        1: "exact", 2: "exact", 4: "minhash", 5: "minhash", 9: "semantic",
    }  # fmt: skip
    assert by_id[2]["similarity"] == 0.9


def test_it_is_what_a_chain_of_lookups_gives(tmp_path: Path) -> None:
    draw = random.Random(0)
    for run in range(20):
        left, found = list(range(60)), {}
        for stage in STAGES:
            draw.shuffle(left)
            groups = [left[i : i + 3] for i in range(0, draw.randrange(0, len(left), 3), 3)]
            found[stage] = [group for group in groups if len(group) > 1]
            left = [i for i in left if all(i not in group[1:] for group in found[stage])]
        lake = lake_of(tmp_path / str(run), {stage: groups for stage, groups in found.items() if groups})
        stays: dict[int, int] = {}
        for groups in found.values():
            stays |= {i: group[0] for group in groups for i in group[1:]}

        def last(i: int, stays: dict[int, int] = stays) -> int:
            return last(stays[i]) if i in stays else i

        members = {i for groups in found.values() for group in groups for i in group}
        rows = clusters(lake).collect()
        assert rows.height == len(members)
        assert {int(a, 16): int(b, 16) for a, b in rows.select("id", "representative").iter_rows()} == {
            i: last(i) for i in members
        }
        assert rows.group_by("representative").agg(pl.col("cluster").n_unique())["cluster"].to_list().count(1) == len(
            {last(i) for i in members}
        )


def test_a_lake_without_copies(tmp_path: Path) -> None:
    assert clusters(Lake(tmp_path / "lake")).collect().height == 0
