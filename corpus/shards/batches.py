"""The sequences of every training step, the same for any number of devices, workers and micro-batches.

Step k has the sequences [k x B, (k + 1) x B) of a packing, B being the global batch. A device takes its share of them
by number, so nothing depends on what was read before: any step is found in constant time, and a run that resumes with
another number of devices reads the same tokens.

Shapes: B sequences, S slots.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from corpus.shards.kinds import Boundaries
from corpus.shards.packing import Packing
from corpus.shards.stream import Stream

NO_TARGET = -100  # of slots that carry no loss
PADDING = -1  # document of a slot without a token


@dataclass(frozen=True, slots=True)
class Sequences:
    """Some sequences of a step."""

    ids: npt.NDArray[np.int64]  # (B, S)
    targets: npt.NDArray[np.int64]  # (B, S): the token after each; NO_TARGET where there is none
    positions: npt.NDArray[np.int32]  # (B, S): within the document, or within the sequence
    documents: npt.NDArray[np.int32] | None  # (B, S): number of the document in its sequence; None: no mask

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, first: int, end: int) -> "Sequences":
        """Returns the sequences [first, end)."""
        documents = None if self.documents is None else self.documents[first:end]
        return Sequences(self.ids[first:end], self.targets[first:end], self.positions[first:end], documents)

    @property
    def n_targets(self) -> int:
        """Returns the number of slots that carry a loss."""
        return int((self.targets != NO_TARGET).sum())

    def key(self) -> str:
        """Returns a hash of the tokens, targets and boundaries."""
        arrays = (self.ids, self.targets, self.positions, *(() if self.documents is None else (self.documents,)))
        hashed = blake2b(digest_size=16)
        for array in arrays:
            hashed.update(np.ascontiguousarray(array).tobytes())
        return hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of a stream.

    `boundaries` says what a document's end does: `mask` keeps attention and loss within a document and restarts
    positions, `positions` only restarts positions, and `none` does nothing.
    """

    stream: Stream
    packing: Packing
    n_sequences: int  # of a step, on all devices together
    boundaries: Boundaries = "mask"
    pad: int = 0  # id in slots without a token

    @property
    def n_steps(self) -> int:
        """Returns how many whole steps the stream has."""
        return self.packing.n_sequences // self.n_sequences

    def step(self, number: int, rank: int = 0, world: int = 1) -> Sequences:
        """Returns the sequences that one device has in a step; all devices together have each sequence once."""
        return self.sequences(self.numbers(number, rank, world))

    def numbers(self, step: int, rank: int = 0, world: int = 1) -> range:
        """Returns the numbers, in the packing, of the sequences that one device has in a step."""
        low, high = share(self.n_sequences, rank, world)
        return range(step * self.n_sequences + low, step * self.n_sequences + high)

    def sequences(self, numbers: range) -> Sequences:
        """Returns some sequences."""
        if numbers and not 0 <= numbers[0] <= numbers[-1] < self.packing.n_sequences:
            raise ValueError(f"sequences {numbers} are not in a packing of {self.packing.n_sequences}")
        shape = (len(numbers), self.packing.length)
        ids, targets = np.full(shape, self.pad, np.int64), np.full(shape, NO_TARGET, np.int64)
        positions, documents = np.zeros(shape, np.int32), np.full(shape, PADDING, np.int32)
        for row, number in enumerate(numbers):
            self._fill(self.packing.of(number), ids[row], targets[row], positions[row], documents[row])
        return Sequences(ids, targets, positions, documents if self.boundaries == "mask" else None)

    def _fill(
        self, pieces: npt.NDArray[np.int64], ids: npt.NDArray[np.int64], targets: npt.NDArray[np.int64],
        positions: npt.NDArray[np.int32], documents: npt.NDArray[np.int32],
    ) -> None:  # fmt: skip
        """Fills the slots of one sequence, piece by piece."""
        slot, document = 0, 0
        for start, size in pieces.tolist():
            end = slot + size
            tokens = self.stream.tokens(start, start + size + 1)
            ids[slot:end], targets[slot:end] = tokens[:-1], tokens[1:]
            begins = self.stream.starts(start + 1, start + size) - start  # slots where another document begins
            number = np.zeros(size, np.int32)
            number[begins] = 1
            number = np.cumsum(number, dtype=np.int32)
            documents[slot:end] = document + number
            first = np.concatenate([[0], begins])[number]
            positions[slot:end] = np.arange(size) - first if self.boundaries != "none" else np.arange(slot, end)
            if self.boundaries == "mask":
                last = np.concatenate([begins, self.stream.starts(start + size, start + size + 1) - start]) - 1
                targets[slot + last] = NO_TARGET
            slot, document = end, document + int(number[-1]) + 1

    def ahead(self, first: int, end: int, rank: int = 0, world: int = 1) -> Iterator[Sequences]:
        """Yields the steps [first, end), each read by a thread while the one before it is in use."""
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.step, first, rank, world) if first < end else None
            for number in range(first, end):
                assert waiting is not None
                ready, waiting = waiting, pool.submit(self.step, number + 1, rank, world) if number + 1 < end else None
                yield ready.result()


def share(n: int, rank: int, world: int) -> tuple[int, int]:
    """Returns [low, high): which of n sequences a device has. The shares differ by at most one."""
    return n * rank // world, n * (rank + 1) // world
