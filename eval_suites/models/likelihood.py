"""Log-likelihoods of many token sequences, in as few tokens as their shared prefixes allow.

Shapes: K logits, V vocabulary, T targets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from eval_suites.models.network import Network
from eval_suites.models.prefixes import Crop, Query, Wanted, steps

_ROWS_OF_LOGITS = 256  # that are normalized at a time
_SHARED, _BRANCH = 20, 8  # tokens of the tree that is tried
_TOLERANCE = 0.05  # nats: far above rounding, also in bfloat16, and far below what another mask does


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of a query's targets."""

    log_likelihood: float  # nats, of all targets together
    is_greedy: bool  # whether each of them is the likeliest token


def answers(network: Network, queries: Sequence[Query], budget: int) -> Iterator[tuple[int, Answer]]:
    """Yields (number of a query, its answer), as soon as each is known. Steps read at most `budget` tokens."""
    if reads_trees(network):
        yield from _by_tree(network, queries, budget)
    else:
        yield from _by_batch(network, queries, budget)


def reads_trees(network: Network) -> bool:
    """Returns whether a model may read the branches of a tree side by side. That is not believed but tried: a small
    tree must say what its branches say by themselves."""
    if network.reads_trees is None:
        network.reads_trees = _agrees(network)
    return network.reads_trees


def _agrees(network: Network) -> bool:
    ids = np.random.default_rng(0).integers(0, network.vocab_size, (_SHARED + 2 * _BRANCH)).astype(np.int32)
    first, second = ids[: _SHARED + _BRANCH], np.concatenate([ids[:_SHARED], ids[-_BRANCH:]])
    queries = [Query(one, one[-_BRANCH + 1 :]) for one in (first, second)]
    try:
        by_tree = dict(_by_tree(network, queries, 2 * _BRANCH))  # too small for both: a prefix, then two branches
        plain = dict(_by_batch(network, queries, 10**6))
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return False
    return all(abs(by_tree[i].log_likelihood - plain[i].log_likelihood) < _TOLERANCE for i in (0, 1))


def _by_tree(network: Network, queries: Sequence[Query], budget: int) -> Iterator[tuple[int, Answer]]:
    left = np.array([len(query.targets) for query in queries])
    sums, greedy = np.zeros(len(queries)), np.ones(len(queries), bool)
    try:
        for step in steps(queries, budget):
            logits = network.read(step)
            if isinstance(step, Crop) or logits is None:
                continue
            wanted = step.wanted
            log_p_T, is_best_T = _scored(logits, wanted)
            np.add.at(sums, wanted.sequences_T, log_p_T)
            np.logical_and.at(greedy, wanted.sequences_T, is_best_T)
            np.subtract.at(left, wanted.sequences_T, 1)
            for i in np.unique(wanted.sequences_T).tolist():
                if left[i] == 0:
                    yield i, Answer(float(sums[i]), bool(greedy[i]))
    finally:
        network.crop(0)


def _by_batch(network: Network, queries: Sequence[Query], budget: int) -> Iterator[tuple[int, Answer]]:
    """Plain batches of sequences of similar length, for models that read no trees."""
    order = sorted(range(len(queries)), key=lambda i: -len(queries[i].ids))
    while order:
        longest = len(queries[order[0]].ids)
        batch, order = order[: max(budget // longest, 1)], order[max(budget // longest, 1) :]
        places = [np.arange(queries[i].first, len(queries[i].ids)) for i in batch]
        for i, logits in zip(batch, network.batch([queries[i].ids for i in batch], places), strict=True):
            n = len(queries[i].targets)
            every = Wanted(np.arange(n), np.arange(n), queries[i].targets.astype(np.int64), np.zeros(n, np.int64))
            log_p_T, is_best_T = _scored(logits, every)
            yield i, Answer(float(log_p_T.sum()), bool(is_best_T.all()))


def _scored(logits_KV: torch.Tensor, wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    """Returns (log-probability of each target, whether it is the likeliest token)."""
    totals, best = [], []
    for rows in logits_KV.split(_ROWS_OF_LOGITS):
        totals.append(rows.logsumexp(-1))
        best.append(rows.argmax(-1))
    total_K, best_K = torch.cat(totals), torch.cat(best)
    logits_T = torch.from_numpy(wanted.logits_T).to(logits_KV.device)
    targets_T = torch.from_numpy(wanted.targets_T).to(logits_KV.device)
    log_p_T = logits_KV[logits_T, targets_T] - total_K[logits_T]
    return log_p_T.double().cpu().numpy(), (best_K[logits_T] == targets_T).cpu().numpy()
