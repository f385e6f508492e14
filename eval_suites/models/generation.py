"""Texts that a model writes after prompts, many at a time.

Prompts that share their beginning (few-shot examples) read it once. Rows that are done leave the batch. Each row has a
generator of its own, so what it writes does not depend on the other rows.

Shapes: B rows, S tokens of a prompt, V vocabulary.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eval_suites.models.network import Network, sees_everything
from eval_suites.models.prefixes import n_shared

Tokens = npt.NDArray[np.int32]
IsDone = Callable[[list[int]], bool]

_LEAST_SHARED = 32  # tokens that are read once for several prompts
_FEWER = 0.75  # share of the rows that must be left before they are put together anew


@dataclass(frozen=True, slots=True)
class Choice:
    """How the next token is chosen."""

    temperature: float = 0.0  # 0: the likeliest token
    top_k: int = 0  # 0: all
    top_p: float = 1.0
    seed: int = 0

    def next(self, logits_BV: Tensor, generators: Sequence[torch.Generator | None]) -> list[int]:
        """Returns the next token of each row."""
        if self.temperature <= 0:
            best: list[int] = logits_BV.argmax(-1).tolist()
            return best
        chosen = []
        for logits_V, generator in zip(self._possible(logits_BV / self.temperature), generators, strict=True):
            shares = logits_V.double().softmax(-1).cpu()
            chosen.append(int(torch.multinomial(shares, 1, generator=generator)))
        return chosen

    def _possible(self, logits_BV: Tensor) -> Tensor:
        if 0 < self.top_k < logits_BV.shape[-1]:
            least = logits_BV.topk(self.top_k).values[:, -1:]
            logits_BV = logits_BV.masked_fill(logits_BV < least, float("-inf"))
        if self.top_p < 1.0:
            ordered, places = logits_BV.sort(descending=True)
            before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
            ordered = ordered.masked_fill(before >= self.top_p, float("-inf"))
            logits_BV = ordered.gather(-1, places.argsort(-1))
        return logits_BV


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model continues."""

    ids: Tokens
    most: int  # tokens to write
    is_done: IsDone  # whether the tokens so far are enough
    seed: int = 0  # of its own, for sampling


def texts(network: Network, prompts: Sequence[Prompt], choice: Choice, budget: int) -> Iterator[tuple[int, list[int]]]:
    """Yields (number of a prompt, the tokens after it), batch by batch. A batch holds at most `budget` tokens, those
    that will be written included, but for one long prompt."""
    shares = sees_everything(network.model.config)
    for shared, group in _groups(prompts) if shares else [(0, list(range(len(prompts))))]:
        network.crop(0)
        if shared:
            network.extend(prompts[group[0]].ids[:shared], np.empty(0, np.int64))
        for batch in _batches(prompts, group, budget):
            yield from _written(network, [(i, prompts[i]) for i in batch], shared, choice)
    network.crop(0)


def _groups(prompts: Sequence[Prompt]) -> list[tuple[int, list[int]]]:
    """Returns (number of shared tokens, prompts that share them)."""
    order = sorted(range(len(prompts)), key=lambda i: prompts[i].ids.astype(">u4").tobytes())
    groups: list[tuple[int, list[int]]] = []
    for i in order:
        if groups:
            shared, members = groups[-1]
            common = min(n_shared(prompts[members[0]].ids, prompts[i].ids), len(prompts[i].ids) - 1)
            common = min(common, shared) if len(members) > 1 else min(common, len(prompts[members[0]].ids) - 1)
            if common >= _LEAST_SHARED and 2 * common >= shared:
                groups[-1] = (common, [*members, i])
                continue
        groups.append((0, [i]))
    # Prompts that share little with any other are read in plain batches.
    alone = [i for _, members in groups if len(members) == 1 for i in members]
    return [group for group in groups if len(group[1]) > 1] + ([(0, alone)] if alone else [])


def _batches(prompts: Sequence[Prompt], group: list[int], budget: int) -> Iterator[list[int]]:
    """Yields prompts of similar length, the longest first, so that a lack of memory shows at once."""
    batch: list[int] = []
    most = 0
    for i in sorted(group, key=lambda i: -(len(prompts[i].ids) + prompts[i].most)):
        most = max(most, len(prompts[i].ids) + prompts[i].most)
        if batch and most * (len(batch) + 1) > budget:
            yield batch
            batch, most = [], len(prompts[i].ids) + prompts[i].most
        batch.append(i)
    if batch:
        yield batch


@torch.inference_mode()
def _written(
    network: Network, batch: list[tuple[int, Prompt]], shared: int, choice: Choice
) -> Iterator[tuple[int, list[int]]]:
    rows = [_Row(i, prompt, choice) for i, prompt in batch]
    length = max(len(row.prompt.ids) for row in rows) - shared
    ids_BS = torch.zeros((len(rows), length), dtype=torch.long)
    mask_BS = torch.ones((len(rows), shared + length), dtype=torch.long)
    for r, row in enumerate(rows):
        rest = row.prompt.ids[shared:]
        ids_BS[r, length - len(rest) :] = torch.from_numpy(rest.astype(np.int64))
        mask_BS[r, shared : shared + length - len(rest)] = 0  # padding on the left, so that all rows end together

    reading = network.rows(len(rows), shared + length + max(row.prompt.most for row in rows))
    logits_BV = reading.read(ids_BS, mask_BS)
    while rows:
        tokens = choice.next(logits_BV, [row.generator for row in rows])
        for row, token in zip(rows, tokens, strict=True):
            if not row.is_finished:
                row.add(token)
                if row.is_finished:
                    yield row.number, row.written
        left = [r for r, row in enumerate(rows) if not row.is_finished]
        if not left:
            return
        if len(left) <= _FEWER * len(rows):
            reading.select(left)
            mask_BS, rows = mask_BS[left], [rows[r] for r in left]
        mask_BS = torch.cat([mask_BS, torch.ones((len(rows), 1), dtype=torch.long)], 1)
        last_B1 = torch.tensor([[row.written[-1]] for row in rows])
        logits_BV = reading.read(last_B1, mask_BS)


class _Row:
    """A prompt with what was written after it."""

    def __init__(self, number: int, prompt: Prompt, choice: Choice) -> None:
        self.number, self.prompt = number, prompt
        self.written: list[int] = []
        self.is_finished = False
        self.generator: torch.Generator | None = None
        if choice.temperature > 0:
            self.generator = torch.Generator()
            self.generator.manual_seed(choice.seed * 1_000_003 + prompt.seed)

    def add(self, token: int) -> None:
        """Takes the next token."""
        self.written.append(token)
        self.is_finished = len(self.written) >= self.prompt.most or self.prompt.is_done(self.written)
