"""Plans in which order a model reads many sequences, so that what they share is read once.

Few-shot prompts differ in their last few tokens only. So sequences are sorted, which makes a tree of their prefixes,
and the tree is walked from its root, with a stack of keys and values:

  Extend   reads the next tokens of a prefix that many sequences share, and leaves its keys and values on the stack
  Row      reads some small subtrees, all their branches side by side, and leaves nothing on the stack. A token sees
           the stack and its own ancestors in the row
  Crop     takes the end of the stack off

Every step reads at most `budget` tokens, so memory does not grow with the number or length of sequences. A Row of one
branch is what a model reads anyway.

Shapes: N tokens of a step, K tokens whose logits are needed, T targets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.int32]

_LEAST_SHARED = 16  # tokens that are worth a step of their own
_LEAST_BLOCK = 32  # tokens: below that, calls cost more than attention


@dataclass(frozen=True, slots=True)
class Query:
    """Tokens to read, and the targets after the last ones of them."""

    ids: Tokens  # (n,)
    targets: Tokens  # (m,): the token after each of the last m

    @property
    def first(self) -> int:
        """The place of the first token whose logits are needed."""
        return len(self.ids) - len(self.targets)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which logits of a step are needed, and for what."""

    tokens_K: Ints  # tokens of the step whose logits are needed
    logits_T: Ints  # for each target: which of these
    targets_T: Ints
    sequences_T: Ints  # number of the sequence that a target is of


@dataclass(frozen=True, slots=True)
class Extend:
    """Reads tokens that many sequences share."""

    ids_N: Tokens
    depth: int  # of the stack before
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Block:
    """Neighboring tokens of a row that see no other ones of it."""

    start: int
    end: int
    sees_LL: npt.NDArray[np.bool_]  # the token of the row sees the column's token


@dataclass(frozen=True, slots=True)
class Row:
    """Reads the branches of some subtrees. Each token sees the stack, and what its block says."""

    ids_N: Tokens
    depth: int  # of the stack
    positions_N: Ints
    blocks: tuple[Block, ...]
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Crop:
    """Takes the end of the stack off."""

    depth: int  # that stays


Step = Extend | Row | Crop


def steps(queries: Sequence[Query], budget: int) -> Iterator[Step]:
    """Yields the steps that read all sequences; each reads at most `budget` tokens."""
    return _Walk(queries, budget).steps()


def tokens_read(queries: Sequence[Query], budget: int) -> int:
    """Returns how many tokens the steps read together: what scoring costs."""
    return sum(len(step.ids_N) for step in steps(queries, budget) if not isinstance(step, Crop))


class _Walk:
    """The sorted sequences, and the row that is being filled."""

    def __init__(self, queries: Sequence[Query], budget: int) -> None:
        # Big-endian bytes are in the order of the tokens.
        order = sorted(range(len(queries)), key=lambda i: queries[i].ids.astype(">u4").tobytes())
        self._numbers = order
        self._sorted = [queries[i] for i in order]
        self._budget = budget
        self._sizes = np.array([len(one.ids) for one in self._sorted], np.int64)
        self._firsts = np.array([one.first for one in self._sorted], np.int64)
        shared = [n_shared(a.ids, b.ids) for a, b in zip(self._sorted, self._sorted[1:], strict=False)]
        self._shared = np.array([0, *shared], np.int64)  # with the sequence before
        self._row: list[tuple[int, int]] = []  # subtrees: ranges of sorted sequences
        self._row_size = 0

    def steps(self) -> Iterator[Step]:
        """Yields the steps of a walk from the root."""
        todo: list[tuple[int, int] | Crop] = [(0, len(self._sorted))] if self._sorted else []
        depth = 0
        while todo:
            task = todo.pop()
            if isinstance(task, Crop):
                yield from self._flushed(depth)
                depth = task.depth
                yield task
                continue

            first, end = task
            size = self._size(first, end, depth)
            if size <= self._budget:
                if self._row_size + size > self._budget:
                    yield from self._flushed(depth)
                self._row.append((first, end))
                self._row_size += size
                continue

            common = int(self._shared[first + 1 : end].min()) if end - first > 1 else int(self._sizes[first])
            if common - depth >= _LEAST_SHARED or end - first == 1:
                yield from self._flushed(depth)
                todo += [Crop(depth), (first, end)]
                # A lone long sequence keeps its last part for a row; a prefix is read to its end.
                until = common if end - first > 1 else depth + self._budget
                for start in range(depth, until, self._budget):
                    yield self._extended(first, end, start, min(start + self._budget, until))
                depth = until
                continue
            todo += reversed(self._children(first, end, common))
        yield from self._flushed(depth)

    def _size(self, first: int, end: int, depth: int) -> int:
        """Returns the tokens of a subtree below some depth."""
        own = self._sizes[first:end] - np.maximum(self._shared[first:end], depth)
        return int(self._sizes[first] - depth + own[1:].sum())

    def _children(self, first: int, end: int, common: int) -> list[tuple[int, int]]:
        """Returns the subtrees that part at some depth."""
        cuts = (first + 1 + np.flatnonzero(self._shared[first + 1 : end] <= common)).tolist()
        return list(zip([first, *cuts], [*cuts, end], strict=True))

    def _extended(self, first: int, end: int, start: int, until: int) -> Extend:
        wants = _Wants()
        for k in (first + np.flatnonzero(self._firsts[first:end] < until)).tolist():
            sequence = self._sorted[k]
            low, high = max(sequence.first, start), min(len(sequence.ids), until)
            if low < high:
                places = np.arange(low - start, high - start)
                wants.add(places, sequence.targets[low - sequence.first : high - sequence.first], self._numbers[k])
        return Extend(self._sorted[first].ids[start:until], start, wants.wanted())

    def _flushed(self, depth: int) -> Iterator[Row]:
        """Yields the row that was filled, if there is one."""
        if self._row_size:
            yield self._built(depth)
        self._row, self._row_size = [], 0

    def _built(self, depth: int) -> Row:
        ids, positions = np.empty(self._row_size, np.int32), np.empty(self._row_size, np.int64)
        wants, blocks, at = _Wants(), [], 0
        for subtrees, size in self._in_blocks(depth):
            sees = np.zeros((size, size), bool)
            self._fill(subtrees, depth, at, ids[at : at + size], positions[at : at + size], sees, wants)
            blocks.append(Block(at, at + size, sees))
            at += size
        return Row(ids, depth, positions, tuple(blocks), wants.wanted())

    def _in_blocks(self, depth: int) -> Iterator[tuple[list[tuple[int, int]], int]]:
        """Yields some subtrees of the row and their tokens. Small subtrees share a block, which takes fewer calls."""
        subtrees, size = [], 0
        for first, end in self._row:
            subtrees.append((first, end))
            size += self._size(first, end, depth)
            if size >= _LEAST_BLOCK:
                yield subtrees, size
                subtrees, size = [], 0
        if size:
            yield subtrees, size

    def _fill(
        self, subtrees: list[tuple[int, int]], depth: int, begins: int, ids: Tokens, positions: Ints,
        sees: npt.NDArray[np.bool_], wants: "_Wants",
    ) -> None:  # fmt: skip
        """Fills a block that begins at some token of the row, branch by branch."""
        at = 0
        for first, end in subtrees:
            path = np.empty(int(self._sizes[first:end].max()) - depth, np.int64)  # token of the block at each depth
            for k in range(first, end):
                sequence = self._sorted[k]
                start = depth if k == first else max(int(self._shared[k]), depth)
                size = len(sequence.ids) - start
                new = slice(at, at + size)
                ids[new], positions[new] = sequence.ids[start:], np.arange(start, start + size)
                sees[new, path[: start - depth]] = True
                sees[new, new] = np.tri(size, dtype=bool)
                path[start - depth : start - depth + size] = np.arange(at, at + size)
                at += size
                low = max(sequence.first, depth)
                asked = begins + path[low - depth : len(sequence.ids) - depth]
                wants.add(asked, sequence.targets[low - sequence.first :], self._numbers[k])


class _Wants:
    """Collects which logits of a step are needed."""

    def __init__(self) -> None:
        self._tokens: list[Ints] = []
        self._targets: list[Tokens] = []
        self._sequences: list[Ints] = []

    def add(self, tokens: Ints, targets: Tokens, sequence: int) -> None:
        """Adds the targets of one sequence."""
        self._tokens.append(tokens)
        self._targets.append(targets)
        self._sequences.append(np.full(len(tokens), sequence, np.int64))

    def wanted(self) -> Wanted:
        """Returns all of them, each token once."""
        none = np.empty(0, np.int64)
        tokens, of_target = np.unique(np.concatenate([none, *self._tokens]), return_inverse=True)
        targets = np.concatenate([none, *self._targets]).astype(np.int64)
        return Wanted(tokens, of_target, targets, np.concatenate([none, *self._sequences]))


def n_shared(a: Tokens, b: Tokens) -> int:
    """Returns how many first tokens two sequences share."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n
