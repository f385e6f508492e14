"""A teacher: a trained model that says which token it finds likeliest at each position, or what it finds likely at all.

Its likeliest tokens are made once for all runs that read the same sequences, and stored as int32: 4 bytes a token, in
files of the same number of sequences, so that any sequence is found in constant time. A pass that was killed goes on
with the next file.

Shape suffixes: B sequences, S slots, N tokens, E width of the teacher.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from corpus import durable
from corpus.errors import UserError
from corpus.shards.batches import Batches
from training import checkpoints
from training.batch import Batch
from training.casting import Precision, compute_dtype, copy_of
from training.loss import IGNORE, Whole, likeliest
from training.model import Transformer
from training.shape import read
from training.weights import load_state_dict

_FILE_TOKENS = 1 << 22  # of a file of ids, about

Tell = Callable[[int, int], None]  # sequences done, sequences in all


class Teacher:
    """A model that is not trained any more."""

    def __init__(self, folder: str | Path, precision: Precision, device: torch.device | str = "cpu") -> None:
        self.model = Transformer(read(folder), precision=precision)
        load_state_dict(self.model, checkpoints.read_weights(folder), str(folder))
        self.model.requires_grad_(False).to(device)

    @torch.no_grad()
    def likeliest(self, batch: Batch) -> Tensor:
        """Returns the likeliest next token of each slot (B, S), int64; 0 where there is no target."""
        ids_N = torch.zeros_like(batch.targets_BS).flatten()
        kept = (batch.targets_BS.flatten() != IGNORE).nonzero()[:, 0]
        hidden_NE = self._hidden(batch)[kept]
        ids_N[kept] = likeliest(hidden_NE, self.model.output_weight, self.model.precision)
        return ids_N.view_as(batch.targets_BS)

    @torch.no_grad()
    def whole(self, batch: Batch, share: float) -> Whole:
        """Returns what it finds likely at each slot, as hidden states and the output matrix."""
        weight = self.model.output_weight
        dtype = compute_dtype(weight, self.model.precision)
        return Whole(self._hidden(batch).to(dtype), copy_of(weight, dtype), share)

    def _hidden(self, batch: Batch) -> Tensor:
        hidden_BSE: Tensor = self.model(batch.ids_BS, batch.positions_BS, batch.documents_BS)
        return hidden_BSE.flatten(0, 1)


def write(
    teacher: Teacher, batches: Batches, n_sequences: int, folder: Path, tell: Tell, *, micro_batch: int = 8
) -> None:
    """Writes a teacher's likeliest tokens for the first sequences of a stream; files that are there stay."""
    device = teacher.model.embedding.device
    per_file = _per_file(batches.packing.length)
    for first in range(0, n_sequences, per_file):
        path, end = folder / _name(first // per_file), min(first + per_file, n_sequences)
        if not path.is_file():
            ids_BS = np.empty((end - first, batches.packing.length), np.int32)
            for start in range(first, end, micro_batch):
                part = range(start, min(start + micro_batch, end))
                batch = Batch.of(batches.sequences(part)).to(device)
                ids_BS[start - first : part.stop - first] = teacher.likeliest(batch).cpu().numpy()
            written = io.BytesIO()
            np.save(written, ids_BS, allow_pickle=False)
            temporary = path.with_name(f".{path.name}")
            temporary.write_bytes(written.getvalue())
            durable.publish(str(temporary), str(path))
        tell(end, n_sequences)


class Stored:
    """A teacher's likeliest tokens, mapped into memory."""

    def __init__(self, folder: str | Path, length: int, vocab_size: int) -> None:
        self.folder, self.length, self.vocab_size = Path(folder), length, vocab_size
        self._files: dict[int, npt.NDArray[np.int32]] = {}

    def of(self, numbers: range) -> npt.NDArray[np.int64]:
        """Returns the tokens of some sequences (B, S); raises `UserError` for a file that is damaged."""
        per_file = _per_file(self.length)
        ids_BS = np.empty((len(numbers), self.length), np.int64)
        for row, number in enumerate(numbers):
            ids_BS[row] = self._file(number // per_file)[number % per_file]
        if len(ids_BS) and not 0 <= ids_BS.min() <= ids_BS.max() < self.vocab_size:
            raise UserError(
                f"{self.folder}: a stored token is not in the vocabulary; delete the folder to make it anew"
            )
        return ids_BS

    def _file(self, number: int) -> npt.NDArray[np.int32]:
        if number not in self._files:
            path = self.folder / _name(number)
            try:
                file = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise UserError(f"{path}: a teacher's tokens cannot be read: {error}") from error
            if file.dtype != np.int32 or file.ndim != 2 or file.shape[1] != self.length:
                raise UserError(f"{path}: no tokens of sequences of {self.length}; delete its folder to make it anew")
            self._files[number] = file
        return self._files[number]


def _per_file(length: int) -> int:
    return max(_FILE_TOKENS // length, 1)


def _name(number: int) -> str:
    return f"ids-{number:06}.npy"
