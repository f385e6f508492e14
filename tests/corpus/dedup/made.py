"""Small corpora with planted copies, and the clusters that brute force finds in them."""

import random
from itertools import combinations

import pyarrow as pa

from corpus import schema
from corpus.ingest import steps as ingest
from corpus.ingest.steps import document_ids
from corpus.lake import Lake, Lineage

_WORDS = [f"{a}{b}{c}" for a in ("ba", "ke", "li", "mo", "su") for b in ("r", "nt", "sk", "l") for c in "aeiouyz"]


def prose(seed: int, n_words: int = 80) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choices(_WORDS, k=n_words)) + f" unique{seed}"


def edited(text: str, share: float, seed: int) -> str:
    draw = random.Random(seed * 7919 + 1)
    return " ".join(draw.choice(_WORDS) if draw.random() < share else word for word in text.split())


def corpus(n: int, seed: int = 0) -> list[str]:
    """Texts of which a third are edited copies of others, at all degrees, and a few are chains of copies."""
    draw = random.Random(seed)
    texts = [prose(1000 * seed + i, draw.randint(3, 120)) for i in range(n)]
    for i in range(0, n, 3):
        texts[i] = edited(texts[draw.randrange(n)], draw.choice([0, 0.01, 0.02, 0.05, 0.1]), i)
    return texts


def commit(
    lake: Lake, texts: list[str], part: str = "a", per_part: int = 17, before: list[str] | None = None
) -> list[str]:
    """Adds documents to the source `made`, in several parts; returns the keys of its parts so far."""
    arrow, slot, keys = schema.TABLES["documents"].schema, "ingest-made", list(before or [])
    for start in range(0, len(texts), per_part):
        some = texts[start : start + per_part]
        uri = pa.array([f"{part}/{start + i:05}" for i in range(len(some))])
        columns = [
            document_ids("made", uri, pa.array([""] * len(some))), pa.array(["made"] * len(some)), uri,
            pa.array(some, pa.large_string()), pa.nulls(len(some), pa.string()),
            pa.array([[]] * len(some), pa.map_(pa.string(), pa.string())),
        ]  # fmt: skip
        keys.append(f"{part}{start:05}")
        with lake.part_writer("documents", slot, keys[-1], arrow) as writer:
            writer.write(pa.record_batch(columns, schema=arrow))
    lake.commit(
        "documents", {slot: keys}, Lineage("ingest:made", slot, "-".join(keys), stage_version=ingest.VERSION), arrow
    )
    return keys


def shingles(text: str, n: int = 5) -> set[tuple[str, ...]]:
    words = text.split()
    n = min(n, len(words))
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)} if words else set()


def jaccard(left: str, right: str) -> float:
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b) if a | b else 0.0


def components(n: int, edges: list[tuple[int, int]]) -> list[frozenset[int]]:
    """Sets of two or more that edges connect."""
    sets = {i: {i} for i in range(n)}
    for a, b in edges:
        if sets[a] is not sets[b]:
            joined = sets[a] | sets[b]
            for i in joined:
                sets[i] = joined
    return sorted({frozenset(s) for s in sets.values() if len(s) > 1}, key=min)


def pairs_above(texts: list[str], threshold: float) -> list[tuple[int, int]]:
    return [(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(texts[i], texts[j]) >= threshold]
