"""Decontamination: speed against datatrove's filter; what each policy drops of real text, of leaks and of hard negatives."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks import corpora, leaks
from benchmarks.claims import Claim, Rows, best, claim, named, one_core
from benchmarks.pages import texts

_PEER_TEXTS = 200  # pages on which the peer's speed is measured
_SAMPLED = 700  # documents of each kind, drawn over all benchmarks, on which both sides are judged for the claims
_MADE_DOCUMENTS = 200_000
_POLICIES = ("coverage", "afm", "gpt3", "llama", "tulu")
_PEER = "datatrove"


def run(path: Path | None) -> Iterator[Claim | Rows]:
    """Speed of a scan and of the whole stage; then precision and recall of every policy."""
    protected, pages = leaks.benchmarks(), texts(path)
    with one_core(), tempfile.TemporaryDirectory() as folder:
        theirs = _datatrove(protected, folder)
        yield from speed(protected, pages, theirs)
        yield from quality(protected, pages, theirs)
        yield disguises(protected, pages)


def speed(protected: Sequence[Any], pages: pa.Array, theirs: Any) -> Iterator[Claim]:
    """MB/s from raw text: ours finds all n from 4 to 13 at once, the peer those of 12 words."""
    from decontam.index import build
    from decontam.scan import Scanner

    index = build(protected)
    scanner = Scanner(index.arrays)
    scanner(pages)
    mine = pages.nbytes / best(lambda: scanner(pages), 3) / 1e6
    some = pages[:_PEER_TEXTS].to_pylist()
    size = sum(len(text.encode()) for text in some)
    _kept(theirs, some[:3])
    rate = size / best(lambda: _kept(theirs, some), 3) / 1e6
    note = f"all n from 4 to 13 at once, {len(index.items):,} items; the peer only n = 12"
    yield claim("decontam.scan", mine, rate, named(_PEER), "MB/s", 50.0, note)
    yield claim(
        "decontam.scan_all_n",
        mine,
        20.0,
        "the required minimum",
        "MB/s",
        1.0,
        "the same measurement; target: at least 20 MB/s",
    )
    yield _stage(protected, pages, rate)


def _stage(protected: Sequence[Any], pages: pa.Array, rate: float) -> Claim:
    """Both passes over a lake: counts, totals, six policies, tables."""
    from corpus.lake import Lake
    from pomona import runner
    from pomona.recipe import wanted

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        total = corpora.write(lake, pages, corpora.planned(_MADE_DOCUMENTS))
        asked = wanted({"decontaminate": {"benchmarks": leaks.specs()}})
        first, *others = asked.names()  # the signals, which are not measured here
        runner.run_planned(lake, asked.plan(first, lake), workers=1)
        seconds = sum(runner.run_planned(lake, asked.plan(name, lake), workers=1).seconds for name in others)
    note = f"{total / 1e6:.0f} MB: both passes with all policies, building the index and writing the tables, without the signals stage; the peer: its filter on real pages"
    return claim("decontam.whole", total / seconds / 1e6, rate, named(_PEER), "MB/s", 50.0, note)


def quality(protected: Sequence[Any], pages: pa.Array, theirs: Any) -> Iterator[Claim | Rows]:
    """Share of documents that each policy drops: of real text, of leaks by kind, of hard negatives by kind."""
    real = {"real pages": pages.to_pylist(), "this Python's texts": leaks.python_texts()}
    planted = leaks.planted(protected, pages)
    negatives = leaks.hard_negatives(pages)
    groups = real | planted | {f"hard negatives: {kind}": documents for kind, documents in negatives.items()}
    drops = judged(protected, groups)
    drawn = {name: sample(len(documents)) for name, documents in groups.items()}
    peers = {
        name: np.array([not kept for kept in _kept(theirs, [documents[i] for i in drawn[name]])])
        for name, documents in groups.items()
    }
    header = ("documents", "n", *_POLICIES, f"{_PEER}, n = 12, on {_SAMPLED} of them at most")
    rows = [
        (
            name,
            len(documents),
            *(f"{drops[policy][name].mean():.1%}" for policy in _POLICIES),
            f"{np.mean(peers[name]):.1%}",
        )
        for name, documents in groups.items()
    ]
    own = {name: dropped[drawn[name]] for name, dropped in drops["coverage"].items()}
    verbatim = ("verbatim", "other case", "other marks", "in a long text")
    for name in verbatim:
        share, peer = float(own[name].mean()), float(np.mean(peers[name]))
        yield Claim(f"decontam.recall.{name.replace(' ', '_')}", share, peer, named(_PEER), "of leaks found", share / peer,
                    0.99, share >= 0.99, f"both on {len(drawn[name]):,} of {len(groups[name]):,} planted items, drawn over all "
                    "benchmarks; target: 0.99 of them")  # fmt: skip
    kinds = [kind for kind in negatives if kind != "other exam"]
    flagged = np.concatenate([own[f"hard negatives: {kind}"] for kind in kinds])
    theirs_flagged = np.concatenate([peers[f"hard negatives: {kind}"] for kind in kinds])
    share, peer = float(flagged.mean()), float(theirs_flagged.mean())
    yield Claim("decontam.hard_negatives", share, peer, named(_PEER), "of hard negatives dropped", peer / max(share, 1 / len(flagged)),
                0.01, share <= 0.01, f"both on {len(flagged):,} quotations, templates, formulas, licenses; target: at most 1%")  # fmt: skip
    yield Claim("decontam.real_pages", float(own["real pages"].mean()), float(np.mean(peers["real pages"])),
                named(_PEER), "of real pages dropped", 1.0, 0.01, own["real pages"].mean() <= 0.01,
                f"both on {len(drawn['real pages']):,} web pages; target: at most 1%")  # fmt: skip
    yield Rows("Decontamination: share of documents that each policy drops (gpt3: cuts or drops)", header, rows)


def sample(n: int) -> npt.NDArray[np.int64]:
    """Places of at most `_SAMPLED` of n documents, the same at every call."""
    return np.sort(np.random.default_rng(0).permutation(n)[:_SAMPLED])


def disguises(protected: Sequence[Any], pages: pa.Array) -> Rows:
    """Share of disguised items that the default policy drops."""
    groups = leaks.disguised(protected, pages)
    drops = judged(protected, groups)["coverage"]
    rows = [(name, len(texts), f"{drops[name].mean():.1%}") for name, texts in groups.items()]
    return Rows("Decontamination: share of disguised items that coverage drops", ("disguise", "n", "coverage"), rows)


def judged(protected: Sequence[Any], groups: dict[str, list[str]]) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """By policy and group, which documents go. All groups are one corpus: common usage is counted over all of them."""
    from corpus.text.buffers import string_buffers
    from decontam.index import build
    from decontam.policies import View, policy, scaled_threshold
    from decontam.scan import Scanner, item_counts
    from decontam.usage import Usage

    index = build(protected)
    items = item_counts(index.arrays)
    usage, n_words = Usage(index.arrays, items), 0
    for documents in groups.values():
        words, matches = Scanner(index.arrays)(pa.array(documents, pa.large_string()))
        usage.add(matches)
        n_words += len(words.hash)
    common = scaled_threshold(n_words)
    drops: dict[str, dict[str, npt.NDArray[np.bool_]]] = {name: {} for name in _POLICIES}
    for group, documents in groups.items():
        text = pa.array(documents, pa.large_string())
        words, matches = Scanner(index.arrays)(text)
        offsets, data = string_buffers(text)
        view = View(offsets, data, words, matches, index.arrays, usage.documents, items, common)
        for name in _POLICIES:
            judgement = policy(name).judge(view)
            drops[name][group] = judgement.dropped.copy()
            drops[name][group][judgement.cuts[:, 0]] = True  # gpt3 cuts before it drops
    return drops


def _datatrove(protected: Sequence[Any], folder: str) -> Any:
    """The peer's filter over an index made by its own indexer from the same items."""
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer

    config = NGramsDecontConfig(n_grams=12, find_query_ngrams=True, find_overlap_ngrams=True)
    filtering = NGramsDecontFilter(folder, config)
    compute = (
        NGramsDecontIndexer.compute_hashes
    )  # as a function: to make an indexer takes lighteval, for tasks of its own
    for benchmark in protected:
        hashes: set[int] = set()
        for item in benchmark.items:
            answer = " ".join(filter(None, (item.choices, item.answer)))
            hashes.update(compute(filtering, answer, item.question))
        array = np.array(sorted(hashes), dtype=config.hash_config.np_descr)
        array.tofile(f"{folder}/{benchmark.name}.index.hashes")
    return filtering


def _kept(filtering: Any, documents: Sequence[str]) -> list[bool]:
    from datatrove.data import Document

    return [filtering.filter(Document(text=text, id="x")) is True for text in documents]
