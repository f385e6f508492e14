"""Views of duplicates for people: the clusters of all families of deduplication, joined."""

from dataclasses import dataclass

import polars as pl

from corpus.dedup import joined
from corpus.lake import Lake

_LARGEST = 10  # clusters that are shown with their documents
_MEMBERS = 5  # documents that are shown per cluster
_CHARACTERS = 400  # characters that are shown of each text
_SIZES = ((2, 2), (3, 3), (4, 5), (6, 10), (11, 100), (101, 1 << 62))


@dataclass(frozen=True, slots=True)
class Size:
    """The number of clusters in one range of sizes."""

    name: str  # range of documents per cluster, as text: 6 to 10
    count: int
    share: float  # of all clusters


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a cluster."""

    id: str
    source: str
    uri: str
    text: str  # beginning of the text
    similarity: float  # to the copy that stays
    stays: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A large cluster."""

    members: int  # number of documents
    documents: tuple[Member, ...]  # the one that stays, then the most similar ones


@dataclass(frozen=True, slots=True)
class BySource:
    """Numbers of dropped copies, by their own source (rows) and by the source of the copy that stays (columns)."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Clusters of documents; one document of each stays."""

    clusters: int
    copies: int  # dropped copies
    by_stage: tuple[tuple[str, int], ...]  # (stage, copies that it dropped)
    sizes: tuple[Size, ...]
    by_source: BySource
    largest: tuple[Cluster, ...]


def duplicates(lake: Lake) -> Duplicates | None:
    """Returns the clusters that deduplication found, with each document in one cluster; None if it found none."""
    rows = joined.clusters(lake).collect(engine="streaming")
    if not rows.height:
        return None
    n_clusters = rows["cluster"].n_unique()
    counts = [(stage, _dropped(lake, stage)) for stage in joined.STAGES]
    return Duplicates(
        clusters=n_clusters,
        copies=rows.height - n_clusters,
        by_stage=tuple((stage, count) for stage, count in counts if count),
        sizes=_sizes(rows),
        by_source=_by_source(rows),
        largest=_largest(lake, rows),
    )


def _dropped(lake: Lake, stage: str) -> int:
    rows = lake.scan("duplicates", slot=stage).filter(pl.col("id") != pl.col("representative"))
    return int(rows.select(pl.len()).collect().item())


def _sizes(rows: pl.DataFrame) -> tuple[Size, ...]:
    sizes = rows.group_by("cluster").len("n")
    ranges = []
    for low, high in _SIZES:
        count = sizes.filter(pl.col("n").is_between(low, high)).height
        name = str(low) if low == high else f"{low} to {high}" if high < 1 << 60 else f"{low} and more"
        ranges.append(Size(name, count, count / max(sizes.height, 1)))
    return tuple(size for size in ranges if size.count)


def _by_source(rows: pl.DataFrame) -> BySource:
    stays = rows.select(representative="id", stays="source")
    dropped = rows.filter(pl.col("id") != pl.col("representative")).join(stays, on="representative", how="left")
    counts = {(a, b): n for a, b, n in dropped.group_by("source", "stays").len().iter_rows()}
    names = sorted({name for pair in counts for name in pair if name})
    return BySource(tuple(names), tuple((a, tuple(counts.get((a, b), 0) for b in names)) for a in names))


def _largest(lake: Lake, rows: pl.DataFrame) -> tuple[Cluster, ...]:
    sizes = rows.group_by("cluster").len("members").sort("members", "cluster", descending=[True, False]).head(_LARGEST)
    wanted = rows.join(sizes, on="cluster", how="semi").with_columns(stays=pl.col("id") == pl.col("representative"))
    shown = wanted.sort("cluster", "stays", "similarity", "id", descending=[False, True, True, False])
    shown = shown.group_by("cluster", maintain_order=True).head(_MEMBERS)

    texts = (
        lake.scan("documents")
        .join(shown.lazy().select("id"), on="id", how="semi")
        .select("id", "uri", text=pl.col("text").str.slice(0, _CHARACTERS))
        .collect(engine="streaming")
    )
    with_text = shown.join(texts, on="id", how="left", maintain_order="left")
    members: dict[str, list[Member]] = {}
    for row in with_text.select("cluster", "id", "source", "uri", "text", "similarity", "stays").iter_rows():
        members.setdefault(row[0], []).append(Member(*row[1:]))
    return tuple(Cluster(n, tuple(members[cluster])) for cluster, n in sizes.iter_rows())
